import { contentFields, isPrivate, shownInstead } from "@antibody/core";
import { type Crypto, isPlainObject, type ResourcePromise, toHex, utf8 } from "@antibody/policy";

/** Shorter contents are left out where a promise holds them, and are not looked for elsewhere: they stand in any text. */
const searchedCharactersMin = 4;

/**
 * Takes contents that promises mark as private out of what is recorded. What stands for a content is made of its
 * keyed digest: the same everywhere, so that a replay compares, digests and passes on what the agent did; and
 * nothing to guess the content by for whoever lacks the agent's key. Envelopes that hold one are blanked whole.
 */
export class Redaction {
  readonly #keyed: (bytes: Uint8Array) => string;
  /** What stands for each private text. Bounded by the policy that is held: contents of promises. */
  readonly #texts = new Map<string, string>();
  /** Digests of the envelopes that hold one, by their lengths. */
  readonly #envelopes = new Map<number, Set<string>>();
  readonly #crypto: Pick<Crypto, "sha256">;

  constructor(crypto: Pick<Crypto, "sha256">, keyed: (bytes: Uint8Array) => string) {
    this.#crypto = crypto;
    this.#keyed = keyed;
  }

  /** Learns what is private from whatever holds promises: an input, or the dump of a mind. */
  learn(value: unknown): void {
    if (Array.isArray(value)) for (const each of value) this.learn(each);
    if (!isPlainObject(value)) return;
    const { bytes } = value;
    const before = this.#texts.size;
    if (isPrivate(value as ResourcePromise)) this.#learnPromise(value);
    for (const field of Object.values(value)) if (typeof field === "object") this.learn(field);
    const isEnvelope = bytes instanceof Uint8Array && (this.#texts.size > before || holdsPrivate(value));
    if (isEnvelope) this.#learnEnvelope(bytes);
  }

  /** The same value without what is private; itself where nothing is. */
  redact<Value>(value: Value): Value {
    return this.#texts.size === 0 ? value : (this.#redacted(value) as Value);
  }

  /** Bytes that the mind digests, as a replay will digest them. */
  redactBytes(bytes: Uint8Array): Uint8Array {
    if (this.#texts.size === 0) return bytes;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
    const instead = this.#texts.get(text);
    return instead === undefined ? bytes : utf8(instead);
  }

  #learnPromise(promise: { readonly [field: string]: unknown }): void {
    for (const field of contentFields) {
      const text = promise[field];
      if (typeof text === "string" && text !== shownInstead) this.#texts.set(text, this.#insteadOf(text));
    }
  }

  #learnEnvelope(bytes: Uint8Array): void {
    const known = this.#envelopes.get(bytes.length) ?? new Set();
    this.#envelopes.set(bytes.length, known.add(toHex(this.#crypto.sha256(bytes))));
  }

  /** What the mind itself shows says nothing already. */
  #insteadOf(text: string): string {
    if (text === shownInstead) return text;
    return `private-${this.#keyed(utf8(text)).slice(0, 32)}`;
  }

  #redacted(value: unknown): unknown {
    if (typeof value === "string") return this.#redactedText(value);
    if (value instanceof Uint8Array) return this.#redactedBytes(value);
    if (Array.isArray(value)) return value.map((each) => this.#redacted(each));
    if (!isPlainObject(value)) return value;
    const isMarked = isPrivate(value as ResourcePromise);
    return Object.fromEntries(
      Object.entries(value).map(([field, each]) => [
        field,
        isMarked && typeof each === "string" && contentFields.includes(field)
          ? this.#insteadOf(each)
          : this.#redacted(each),
      ]),
    );
  }

  #redactedText(text: string): string {
    let redacted = text;
    for (const [secret, instead] of this.#texts) {
      if (secret.length >= searchedCharactersMin && redacted.includes(secret))
        redacted = redacted.replaceAll(secret, instead);
    }
    return redacted;
  }

  /** As long as before: quotas count bytes. */
  #redactedBytes(bytes: Uint8Array): Uint8Array {
    const known = this.#envelopes.get(bytes.length);
    if (known === undefined || !known.has(toHex(this.#crypto.sha256(bytes)))) return bytes;
    return new Uint8Array(Buffer.alloc(bytes.length, this.#keyed(bytes)));
  }
}

/** A document whose private texts were learned already: another envelope may hold the same. */
function holdsPrivate(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsPrivate);
  if (!isPlainObject(value)) return false;
  return isPrivate(value as ResourcePromise) || Object.values(value).some(holdsPrivate);
}
