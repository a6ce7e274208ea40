/** What gossipsub sends and receives: bytes, or lists of them. */
export interface Chunk {
  readonly byteLength: number;
  subarray(): Uint8Array;
}

/** A stream of libp2p 3, as far as gossipsub uses one: an event target with `send`. */
export class FakeStream extends EventTarget {
  readonly protocol: string;
  readonly direction: "inbound" | "outbound";
  readonly #send: (bytes: Uint8Array) => void;
  status: "open" | "closed" = "open";

  constructor(protocol: string, direction: "inbound" | "outbound", send: (bytes: Uint8Array) => void) {
    super();
    this.protocol = protocol;
    this.direction = direction;
    this.#send = send;
  }

  send(chunk: Chunk): boolean {
    if (this.status === "closed") throw new Error("The stream is closed");
    this.#send(chunk.subarray());
    return true;
  }

  /** Bytes of the other end. */
  receive(bytes: Uint8Array): void {
    if (this.status === "open") this.dispatchEvent(Object.assign(new Event("message"), { data: bytes }));
  }

  async close(): Promise<void> {
    this.abort();
  }

  abort(): void {
    if (this.status === "closed") return;
    this.status = "closed";
    this.dispatchEvent(new Event("close"));
  }
}

/** How many full messages a frame of gossipsub carries: a length, then a protobuf whose field 2 is a message. */
export function messagesIn(frame: Uint8Array): number {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = frame[at] as number;
      at += 1;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  varint();
  let messages = 0;
  while (at < frame.length) {
    const tag = varint();
    if (tag % 8 !== 2) throw new Error("A field of an RPC is not bytes");
    if (tag >> 3 === 2) messages += 1;
    const length = varint();
    at += length;
  }
  return messages;
}
