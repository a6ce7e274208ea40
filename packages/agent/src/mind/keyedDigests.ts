import { type Crypto, toHex } from "@antibody/policy";
import type { DigestPair } from "./recordingFormat.ts";

/**
 * Digests remembered for a recording; beyond them the oldest is forgotten. The bound on promises in force: each
 * asks for the digest of its content.
 */
const digestsKeptMax = 16_384;

/** RFC 2104: bytes of a block of SHA-256, and what the key is mixed with in them. */
const blockBytes = 64;
const innerPad = 0x36;
const outerPad = 0x5c;

/**
 * Lets a recording be replayed without the agent's digest key. Observations carry HMACs of contents under that
 * key, and a mind compares them with its own of the promised contents. The key must not leave the device, since
 * it would turn those digests into an oracle for guessed contents. So what the mind digests is remembered: the
 * contents of promises, which the recording has anyway.
 */
export class KeyedDigests {
  readonly #crypto: Crypto;
  readonly #pairs = new Map<string, string>();
  /** What was digested since it was last asked for, by its keyed digest: contents are not kept any longer. */
  #fresh = new Map<string, Uint8Array>();
  /** For the mind: the same primitives, listened to. */
  readonly crypto: Crypto;

  constructor(crypto: Crypto, digestKey: Uint8Array) {
    const inner = padOf(digestKey, innerPad);
    const outer = padOf(digestKey, outerPad);
    let content: Uint8Array | undefined;
    this.#crypto = crypto;
    this.crypto = {
      verifyEd25519: (publicKey, message, signature) => crypto.verifyEd25519(publicKey, message, signature),
      sha256: (bytes) => {
        const digest = crypto.sha256(bytes);
        if (startsWith(bytes, inner)) content = bytes.subarray(blockBytes);
        else if (content !== undefined && startsWith(bytes, outer)) {
          this.#remember(content, toHex(digest));
          content = undefined;
        }
        return digest;
      },
    };
  }

  /** Every pair that is remembered: what a new segment begins with. `redact` gives what a replay will digest instead. */
  all(redact: (content: Uint8Array) => Uint8Array): readonly DigestPair[] {
    this.takeFresh(redact);
    return Array.from(this.#pairs, ([keyed, plain]): DigestPair => [plain, keyed]);
  }

  /** The pairs that are new since this, or `all`, was last asked. */
  takeFresh(redact: (content: Uint8Array) => Uint8Array): readonly DigestPair[] {
    if (this.#fresh.size === 0) return [];
    const fresh = Array.from(this.#fresh, ([keyed, content]): DigestPair => {
      const plain = toHex(this.#crypto.sha256(redact(content)));
      const oldest = this.#pairs.size >= digestsKeptMax ? this.#pairs.keys().next().value : undefined;
      if (oldest !== undefined) this.#pairs.delete(oldest);
      this.#pairs.set(keyed, plain);
      return [plain, keyed];
    });
    this.#fresh = new Map();
    return fresh;
  }

  #remember(content: Uint8Array, keyed: string): void {
    if (!this.#pairs.has(keyed)) this.#fresh.set(keyed, content);
  }
}

/** The key that a replay gives to its mind: no secret, since the recorded pairs stand in for it. */
export const replayDigestKey: Uint8Array = new Uint8Array(32);

/** Primitives for a replay: HMACs under `replayDigestKey` give what the agent's own key gave. */
export function replayCrypto(crypto: Crypto, pairs: readonly DigestPair[]): Crypto {
  const keyedByPlain = new Map(pairs);
  const inner = padOf(replayDigestKey, innerPad);
  const outer = padOf(replayDigestKey, outerPad);
  return {
    verifyEd25519: (publicKey, message, signature) => crypto.verifyEd25519(publicKey, message, signature),
    sha256: (bytes) => {
      if (startsWith(bytes, inner)) return crypto.sha256(bytes.subarray(blockBytes));
      const keyed = startsWith(bytes, outer)
        ? keyedByPlain.get(toHex(bytes.subarray(blockBytes)))
        : undefined;
      return keyed === undefined ? crypto.sha256(bytes) : new Uint8Array(Buffer.from(keyed, "hex"));
    },
  };
}

function padOf(key: Uint8Array, pad: number): Uint8Array {
  if (key.length > blockBytes) throw new Error(`A digest key has at most ${blockBytes} bytes`);
  const block = new Uint8Array(blockBytes);
  block.set(key);
  return block.map((byte) => byte ^ pad);
}

function startsWith(bytes: Uint8Array, head: Uint8Array): boolean {
  if (bytes.length < head.length || bytes[0] !== head[0]) return false;
  return Buffer.compare(bytes.subarray(0, head.length), head) === 0;
}
