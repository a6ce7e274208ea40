import type { IncomingMessage } from "node:http";

/** Methods that ask for nothing to be changed (RFC 9110, 9.2.1): asked twice, they do no more than asked once. */
const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** Answers by which a backend says that it cannot at the moment (RFC 9110, 15.6.3 to 15.6.5). */
const refusals: ReadonlySet<number> = new Set([502, 503, 504]);

/** What is of one connection alone (RFC 9110, 7.6.1, and what was used before). Lower case. */
const ofOneConnection: readonly string[] = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Whether a request may be made twice: it changes nothing, and has no body that was read already. */
export function isSafe({ method = "", headers }: Pick<IncomingMessage, "method" | "headers">): boolean {
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  return safeMethods.has(method) && !hasBody;
}

/** Whether another backend may do better than one that answers so. */
export function isRefusal(status: number): boolean {
  return refusals.has(status);
}

/** Header fields to pass on, name and value in turn as they came: all but those of the connection. */
export function forwardedHeaders(rawHeaders: readonly string[]): string[] {
  const fields = pairs(rawHeaders);
  const named = fields
    .filter(([name]) => name.toLowerCase() === "connection")
    .flatMap(([, value]) =>
      value
        .toLowerCase()
        .split(",")
        .map((token) => token.trim()),
    );
  const dropped = new Set([...ofOneConnection, ...named]);
  return fields.filter(([name]) => !dropped.has(name.toLowerCase())).flat();
}

/** The head of a request as it came, the empty line behind it included: for what is passed on as bytes. */
export function requestHead({
  method,
  url,
  rawHeaders,
}: Pick<IncomingMessage, "method" | "url" | "rawHeaders">): string {
  const lines = pairs(rawHeaders).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${url} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

function pairs(rawHeaders: readonly string[]): readonly (readonly [name: string, value: string])[] {
  return Array.from({ length: rawHeaders.length / 2 }, (_, index) => [
    rawHeaders[2 * index] ?? "",
    rawHeaders[2 * index + 1] ?? "",
  ]);
}
