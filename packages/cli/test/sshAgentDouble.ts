import { createServer, type Server } from "node:net";
import { join } from "node:path";

/** Something that listens where an ssh-agent would, and answers as a test wants: as many answers as there are questions. */
export class SshAgentDouble {
  readonly socket: string;
  /** What it was asked. */
  readonly asked: Uint8Array[] = [];
  readonly #server: Server;

  /** `answer` gives the bytes of a whole message, length and all; undefined hangs up. */
  constructor(directory: string, answer: (request: Uint8Array, nth: number) => Uint8Array | undefined) {
    this.socket = join(directory, "agent.sock");
    this.#server = createServer((client) => {
      client.on("error", () => undefined);
      client.once("data", (bytes: Buffer) => {
        this.asked.push(bytes.subarray(4));
        const answered = answer(bytes.subarray(4), this.asked.length - 1);
        if (answered === undefined) client.destroy();
        else client.write(answered);
      });
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((listening) => this.#server.listen(this.socket, listening));
  }

  async close(): Promise<void> {
    await new Promise((closed) => this.#server.close(closed));
  }
}

/** A length and its bytes. */
export function sshString(bytes: Uint8Array | string): Buffer {
  const content = Buffer.from(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}

/** A message that names keys, by their blobs and comments. */
export function keysAnswer(keys: readonly (readonly [blob: Uint8Array, comment: string])[]): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(keys.length);
  const named = keys.map(([blob, comment]) => Buffer.concat([sshString(blob), sshString(comment)]));
  return sshString(Buffer.concat([Buffer.of(12), count, ...named]));
}

/** A message that carries a signature. */
export function signatureAnswer(signature: Uint8Array, type = "ssh-ed25519"): Buffer {
  const blob = Buffer.concat([sshString(type), sshString(signature)]);
  return sshString(Buffer.concat([Buffer.of(14), sshString(blob)]));
}
