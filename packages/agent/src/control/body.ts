import type { IncomingMessage } from "node:http";

/** The body of a request or an answer, or `tooLarge` as soon as that is known. */
export type Body = { readonly type: "read"; readonly bytes: Uint8Array } | { readonly type: "tooLarge" };

/** Reads a body of at most `bytesMax`. Rejects when the other end goes away in the middle. */
export async function readBody(message: IncomingMessage, bytesMax: number): Promise<Body> {
  const declared = Number(message.headers["content-length"] ?? "0");
  if (declared > bytesMax) return { type: "tooLarge" };
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > bytesMax) return { type: "tooLarge" };
    chunks.push(chunk);
  }
  return { type: "read", bytes: Buffer.concat(chunks, length) };
}
