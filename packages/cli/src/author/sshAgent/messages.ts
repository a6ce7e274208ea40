/**
 * The words of the SSH agent protocol (draft-ietf-sshm-ssh-agent) that signing needs. Numbers are 32 bits, big-endian;
 * a `string` is its length and its bytes (RFC 4251, 5).
 */

/** Bytes of one message, in either direction, as OpenSSH bounds it (AGENT_MAX_LEN). */
export const agentMessageBytesMax: number = 256 * 1024;
/** Keys that an agent may name: as many as OpenSSH lets it hold (MAX_AGENT_IDENTITIES). */
const agentKeysMax = 2_048;
/** Bytes of a comment that are read: the rest of a longer one is left out. A guess: a path. */
const commentBytesMax = 256;

/** Section 3.5: 11 asks for the keys, 12 names them. Section 3.6: 13 asks to sign, 14 is the signature. */
const [requestIdentities, identitiesAnswer, signRequest, signResponse] = [11, 12, 13, 14] as const;
/** Section 3.2. */
const failure = 5;

const ed25519 = "ssh-ed25519";

/** A key that an agent holds. */
export interface AgentKey {
  /** As the agent names it: its type, and what follows from that. */
  readonly blob: Uint8Array;
  readonly type: string;
  readonly comment: string;
  /** The raw 32 bytes of an Ed25519 key; undefined for every other type. */
  readonly publicKey: Uint8Array | undefined;
}

/** What an agent answered; `undefined` where it is no answer to what was asked. */
export type Answer<Value> = Value | "refused" | undefined;

/** Asks which keys there are. */
export function listRequest(): Uint8Array {
  return Uint8Array.of(requestIdentities);
}

/** Asks for a signature of exactly these bytes. */
export function signingRequest(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const flags = new Uint8Array(4);
  return Buffer.concat([Uint8Array.of(signRequest), string(keyBlob(publicKey)), string(message), flags]);
}

/** An Ed25519 public key as SSH writes it (RFC 8709, 4). */
export function keyBlob(publicKey: Uint8Array): Uint8Array {
  return Buffer.concat([string(Buffer.from(ed25519)), string(publicKey)]);
}

/** Reads which keys there are. */
export function readKeys(answer: Uint8Array): Answer<readonly AgentKey[]> {
  if (answer[0] === failure) return "refused";
  const reader = new Reader(answer);
  if (reader.byte() !== identitiesAnswer) return undefined;
  const count = reader.number();
  if (count === undefined || count > agentKeysMax) return undefined;
  const keys: AgentKey[] = [];
  for (let index = 0; index < count; index += 1) {
    const [blob, comment] = [reader.string(), reader.string()];
    if (blob === undefined || comment === undefined) return undefined;
    keys.push(readKey(blob, Buffer.from(comment.subarray(0, commentBytesMax)).toString("utf8")));
  }
  return reader.isAtEnd() ? keys : undefined;
}

/** Reads a key in SSH's own form, as an agent and a file of a public key have it. */
export function readKey(blob: Uint8Array, comment: string): AgentKey {
  const reader = new Reader(blob);
  const type = Buffer.from((reader.string() ?? new Uint8Array()).subarray(0, commentBytesMax)).toString(
    "latin1",
  );
  const key = type === ed25519 ? reader.string() : undefined;
  const publicKey = key?.length === 32 && reader.isAtEnd() ? key : undefined;
  return { blob, type, comment, publicKey };
}

/** Reads a signature: the raw 64 bytes of RFC 8032, as RFC 8709, 6 wraps them. */
export function readSignature(answer: Uint8Array): Answer<Uint8Array> {
  if (answer[0] === failure) return "refused";
  const reader = new Reader(answer);
  if (reader.byte() !== signResponse) return undefined;
  const blob = reader.string();
  if (blob === undefined || !reader.isAtEnd()) return undefined;
  const inner = new Reader(blob);
  const [type, signature] = [inner.string(), inner.string()];
  if (type === undefined || Buffer.from(type).toString("latin1") !== ed25519) return undefined;
  return signature?.length === 64 && inner.isAtEnd() ? new Uint8Array(signature) : undefined;
}

function string(bytes: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Reads on through a message; undefined where it ends too early, and from there on. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number | undefined {
    const byte = this.#bytes[this.#at];
    this.#at += 1;
    return byte;
  }

  number(): number | undefined {
    const view = this.#take(4);
    return view === undefined ? undefined : Buffer.from(view).readUInt32BE();
  }

  string(): Uint8Array | undefined {
    const length = this.number();
    return length === undefined ? undefined : this.#take(length);
  }

  isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  #take(length: number): Uint8Array | undefined {
    const end = this.#at + length;
    const taken = end <= this.#bytes.length ? this.#bytes.subarray(this.#at, end) : undefined;
    this.#at = taken === undefined ? Number.POSITIVE_INFINITY : end;
    return taken;
  }
}
