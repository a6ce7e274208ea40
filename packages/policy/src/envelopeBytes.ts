import { decode, Tokenizer } from "cborg";
import { compareText, concatBytes, equalBytes, toHex, utf8 } from "./bytes.ts";
import { isPlainObject } from "./json.ts";
import { envelopeSignaturesMax } from "./limits.ts";
import { type Rejection, reject } from "./rejection.ts";

/** One signature, and a hint at its key. */
export interface EnvelopeSignature {
  /** The first 8 bytes of the public key. It only chooses which key to try. */
  readonly keyHint: Uint8Array;
  readonly signature: Uint8Array;
}

/** A signed document as it travels: CBOR around the exact bytes that were signed. Opened, not yet verified. */
export interface Envelope {
  readonly payloadType: string;
  /** Canonical JSON, exactly as signed. */
  readonly body: Uint8Array;
  /** Sorted by hint and signature, at least one. */
  readonly signatures: readonly EnvelopeSignature[];
  /** The whole envelope, exactly as received, in memory of its own. */
  readonly bytes: Uint8Array;
}

const keyHintBytes = 8;
const signatureBytes = 64;
/** Items of CBOR in the largest envelope: a map of 4, its keys and values, and a map of 2 for each signature. */
const envelopeTokensMax = 10 + envelopeSignaturesMax * 6;

/** The order of signatures in an envelope. */
export function compareSignatures(left: EnvelopeSignature, right: EnvelopeSignature): -1 | 0 | 1 {
  return compareText(signatureText(left), signatureText(right));
}

function signatureText(entry: EnvelopeSignature): string {
  return toHex(entry.keyHint) + toHex(entry.signature);
}

/** `{ "v": 1, "body":`, with keys in the order of RFC 8949, 4.2.1: the shorter first. */
const envelopeHead = concatBytes([Uint8Array.of(0xa4), cborText("v"), Uint8Array.of(1), cborText("body")]);
const typeKey = cborText("type");
const signaturesKey = cborText("signatures");
const hintKey = concatBytes([Uint8Array.of(0xa2), cborText("hint")]);
const signatureKey = cborText("signature");

function cborText(text: string): Uint8Array {
  const bytes = utf8(text);
  return concatBytes([cborHead(3, bytes.length), bytes]);
}

/** The head of an item in its shortest form (RFC 8949, 4.2.1): major type 2 bytes, 3 text, 4 array; below 2^32. */
function cborHead(major: 2 | 3 | 4, length: number): Uint8Array {
  const type = major << 5;
  if (length < 24) return Uint8Array.of(type | length);
  if (length < 0x100) return Uint8Array.of(type | 24, length);
  if (length < 0x1_0000) return Uint8Array.of(type | 25, length >> 8, length & 0xff);
  return Uint8Array.of(type | 26, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff);
}

/** Bodies that are read here all the time; others are read as well, by `decodeAny`. */
const knownTypes = ["fragment", "manifest", "root", "report", "entry", "vote", "certificate", "sighting"].map(
  (name) => {
    const type = `application/vnd.antibody.${name}.v1+json`;
    return { type, cbor: cborText(type) };
  },
);

/** Reads items of CBOR in their shortest form, in the order in which they are expected. */
class ExactReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Goes past bytes that are known; false where others are there. */
  skip(known: Uint8Array): boolean {
    for (let index = 0; index < known.length; index += 1) {
      if (this.#bytes[this.#at + index] !== known[index]) return false;
    }
    this.#at += known.length;
    return true;
  }

  /** The length in the head of an item; undefined for another type, or a longer form than needed. */
  head(major: 2 | 4): number | undefined {
    const first = this.#bytes[this.#at] ?? 0xff;
    const form = first & 31;
    if (first >> 5 !== major || form > 26) return undefined;
    if (form < 24) {
      this.#at += 1;
      return form;
    }
    const size = 2 ** (form - 24);
    let length = 0;
    for (let index = 1; index <= size; index += 1)
      length = length * 256 + (this.#bytes[this.#at + index] ?? 0);
    // What a shorter form could say.
    if (length < (form === 24 ? 24 : 256 ** (size / 2))) return undefined;
    this.#at += 1 + size;
    return length;
  }

  /** So many bytes; undefined where there are fewer. */
  take(length: number | undefined): Uint8Array | undefined {
    if (length === undefined || this.#at + length > this.#bytes.length) return undefined;
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }
}

/** Written by hand, since every envelope that comes in is written again to see that it is the one encoding. */
export function encodeEnvelope(
  type: string,
  body: Uint8Array,
  signatures: readonly EnvelopeSignature[],
): Uint8Array {
  const parts = [envelopeHead, cborHead(2, body.length), body, typeKey];
  const typeBytes = utf8(type);
  parts.push(cborHead(3, typeBytes.length), typeBytes, signaturesKey, cborHead(4, signatures.length));
  for (const { keyHint: hint, signature } of signatures) {
    parts.push(
      hintKey,
      cborHead(2, hint.length),
      hint,
      signatureKey,
      cborHead(2, signature.length),
      signature,
    );
  }
  return concatBytes(parts);
}

/** Reads an envelope's structure; neither its body nor its signatures are looked at. */
export function decodeEnvelope(bytes: Uint8Array): Envelope | Rejection {
  return readExact(bytes) ?? decodeAny(bytes);
}

/**
 * Reads the one encoding of an envelope, byte by byte; undefined for anything else, of which `decodeAny` says what is
 * wrong with it.
 */
function readExact(received: Uint8Array): Envelope | undefined {
  // One copy, of which the parts are views: the memory that was received belongs to others.
  const bytes = new Uint8Array(received);
  const reader = new ExactReader(bytes);
  if (!reader.skip(envelopeHead)) return undefined;
  const body = reader.take(reader.head(2));
  if (body === undefined || !reader.skip(typeKey)) return undefined;
  const type = knownTypes.find(({ cbor }) => reader.skip(cbor))?.type;
  if (type === undefined || !reader.skip(signaturesKey)) return undefined;
  const count = reader.head(4) ?? 0;
  if (count === 0 || count > envelopeSignaturesMax) return undefined;
  const signatures: EnvelopeSignature[] = [];
  while (signatures.length < count) {
    const hint = reader.skip(hintKey) ? reader.take(reader.head(2)) : undefined;
    const signature = reader.skip(signatureKey) ? reader.take(reader.head(2)) : undefined;
    if (hint?.length !== keyHintBytes || signature?.length !== signatureBytes) return undefined;
    const entry = { keyHint: hint, signature };
    const last = signatures.at(-1);
    if (last !== undefined && compareSignatures(last, entry) >= 0) return undefined;
    signatures.push(entry);
  }
  return reader.isAtEnd ? { payloadType: type, body, signatures, bytes } : undefined;
}

function decodeAny(bytes: Uint8Array): Envelope | Rejection {
  const value = decodeBounded(bytes);
  if (!isPlainObject(value)) return reject("malformed", "not an envelope in CBOR");
  if (value["v"] !== 1) return reject("unknownType", "unknown version of an envelope");
  const { type, body, signatures } = value as { type?: unknown; body?: unknown; signatures?: unknown };
  if (typeof type !== "string" || !(body instanceof Uint8Array) || !Array.isArray(signatures)) {
    return reject("malformed", "an envelope lacks type, body or signatures");
  }
  if (signatures.length === 0 || signatures.length > envelopeSignaturesMax) {
    return reject("malformed", `1 to ${envelopeSignaturesMax} signatures`);
  }
  const read: EnvelopeSignature[] = [];
  for (const entry of signatures) {
    const signature = readSignature(entry);
    if (signature === undefined) return reject("malformed", "a signature lacks its hint or its 64 bytes");
    const last = read.at(-1);
    if (last !== undefined && compareSignatures(last, signature) >= 0) {
      return reject("notCanonical", "signatures must be sorted and without duplicates");
    }
    read.push(signature);
  }
  if (!equalBytes(encodeEnvelope(type, body, read), bytes)) {
    return reject("notCanonical", "not the deterministic encoding of its envelope");
  }
  return { payloadType: type, body: new Uint8Array(body), signatures: read, bytes: new Uint8Array(bytes) };
}

function readSignature(entry: unknown): EnvelopeSignature | undefined {
  if (!isPlainObject(entry)) return undefined;
  const { hint, signature } = entry as { hint?: unknown; signature?: unknown };
  if (!(hint instanceof Uint8Array) || hint.length !== keyHintBytes) return undefined;
  if (!(signature instanceof Uint8Array) || signature.length !== signatureBytes) return undefined;
  return { keyHint: new Uint8Array(hint), signature: new Uint8Array(signature) };
}

/** CBOR of a bounded number of items, which also bounds nesting; undefined for anything else. */
function decodeBounded(bytes: Uint8Array): unknown {
  const options = {
    strict: true,
    allowIndefinite: false,
    allowUndefined: false,
    rejectDuplicateMapKeys: true,
  };
  const tokenizer = new Tokenizer(bytes, options);
  let tokens = 0;
  const bounded = {
    done: (): boolean => tokenizer.done(),
    pos: (): number => tokenizer.pos(),
    next: (): ReturnType<Tokenizer["next"]> => {
      tokens += 1;
      if (tokens > envelopeTokensMax) throw new Error("Too many items");
      return tokenizer.next();
    },
  };
  try {
    return decode(bytes, { ...options, tokenizer: bounded });
  } catch {
    return undefined;
  }
}
