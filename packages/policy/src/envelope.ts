import { decode, encode, rfc8949EncodeOptions, Tokenizer } from "cborg";
import { compareText, concatBytes, equalBytes, toHex, utf8 } from "./bytes.ts";
import { canonicalBytes, parseCanonical } from "./canonical.ts";
import type { Crypto, Signer } from "./crypto.ts";
import { verifySignature } from "./ed25519.ts";
import { isPlainObject, type Json } from "./json.ts";
import { envelopeSignaturesMax, fragmentBytesMax } from "./limits.ts";
import { isRejection, type Rejection, reject } from "./rejection.ts";

/** What a signed body is; it is part of what is signed. */
export type PayloadType = `application/vnd.antibody.${string}.v1+json`;

/** The bodies that travel signed. Core defines those that are not policy. */
export type PayloadName =
  | "fragment"
  | "manifest"
  | "root"
  | "charter"
  | "certificate"
  | "owner"
  | "heartbeat"
  | "vote"
  | "entry"
  | "eviction"
  | "sighting"
  | "directive"
  | "report";

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

/** An envelope with its body read. */
export interface OpenedEnvelope {
  readonly envelope: Envelope;
  /** A plain object with a version that is known, and the `type` that the payload type names. */
  readonly body: Json;
}

const keyHintBytes = 8;
const signatureBytes = 64;
const payloadTypePattern = /^application\/vnd\.antibody\.([a-z][a-zA-Z]{0,31})\.v1\+json$/;

/** Items of CBOR in the largest envelope: a map of 4, its keys and values, and a map of 2 for each signature. */
const envelopeTokensMax = 10 + envelopeSignaturesMax * 6;

/** The payload type of a body. */
export function payloadType(name: PayloadName): PayloadType {
  return `application/vnd.antibody.${name}.v1+json`;
}

/** What is signed: DSSE v1 PAE(type, body) = "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body. */
export function preAuthenticationEncoding(type: string, body: Uint8Array): Uint8Array {
  const typeBytes = utf8(type);
  return concatBytes([utf8(`DSSEv1 ${typeBytes.length} `), typeBytes, utf8(` ${body.length} `), body]);
}

/**
 * Signs a body and seals it. Throws if the body is outside the domain of canonical JSON, or its own `type`
 * is not the one of the payload type: who signs has checked.
 */
export function sealEnvelope(type: PayloadType, body: Json, signers: readonly Signer[]): Uint8Array {
  const problem = bodyProblem(type, body);
  if (problem !== undefined) throw new Error(`Not to be signed: ${problem.detail}`);
  const bytes = canonicalBytes(body);
  const message = preAuthenticationEncoding(type, bytes);
  const signatures = signers.map(
    (signer): EnvelopeSignature => ({ keyHint: keyHint(signer.publicKey), signature: signer.sign(message) }),
  );
  return encodeEnvelope(type, bytes, signatures.toSorted(compareSignatures));
}

/**
 * Adds one more signature to what others have signed, for thresholds of several people: the file goes from hand to
 * hand. Who has signed already signs nothing. Throws on what is no envelope.
 */
export function signAlso(bytes: Uint8Array, signer: Signer): Uint8Array {
  const opened = openEnvelope(bytes);
  if (isRejection(opened)) throw new Error(`Not to be signed: ${opened.detail}`);
  const { payloadType: type, body, signatures } = opened.envelope;
  const hint = keyHint(signer.publicKey);
  if (signatures.some((entry) => equalBytes(entry.keyHint, hint))) return bytes;
  const signature = signer.sign(preAuthenticationEncoding(type, body));
  return encodeEnvelope(
    type,
    body,
    [...signatures, { keyHint: hint, signature }].toSorted(compareSignatures),
  );
}

/**
 * Opens an envelope: structure only, no signature is checked. Only the one encoding of an envelope is taken
 * (deterministic CBOR, RFC 8949 4.2.1; signatures sorted; canonical body), so nobody can relay a second spelling.
 */
export function openEnvelope(
  bytes: Uint8Array,
  bytesMax: number = fragmentBytesMax,
): OpenedEnvelope | Rejection {
  if (bytes.length > bytesMax) return reject("tooLarge", `${bytes.length} bytes, at most ${bytesMax}`);
  const envelope = decodeEnvelope(bytes);
  if (isRejection(envelope)) return envelope;
  const body = parseCanonical(envelope.body);
  if (isRejection(body)) return body;
  return bodyProblem(envelope.payloadType, body) ?? { envelope, body };
}

/** The digest that names a signed document: of what was signed, never of the signatures. */
export function envelopeDigest(crypto: Crypto, envelope: Pick<Envelope, "payloadType" | "body">): Uint8Array {
  return crypto.sha256(preAuthenticationEncoding(envelope.payloadType, envelope.body));
}

/** The digest of a whole message, signatures included: it deduplicates gossip, and names nothing. */
export function messageDigest(crypto: Crypto, bytes: Uint8Array): Uint8Array {
  return crypto.sha256(bytes);
}

/** Whether one of an envelope's signatures is by a key. */
export function signedBy(crypto: Crypto, envelope: Envelope, publicKey: Uint8Array): boolean {
  const message = preAuthenticationEncoding(envelope.payloadType, envelope.body);
  const hint = keyHint(publicKey);
  return envelope.signatures.some(
    (entry) =>
      equalBytes(entry.keyHint, hint) && verifySignature(crypto, publicKey, message, entry.signature),
  );
}

/** The hint at a key that envelopes carry. */
export function keyHint(publicKey: Uint8Array): Uint8Array {
  return new Uint8Array(publicKey.subarray(0, keyHintBytes));
}

/** The body must say itself what it is, so that a swapped payload type shows before any signature is checked. */
function bodyProblem(type: string, body: Json): Rejection | undefined {
  const name = payloadTypePattern.exec(type)?.[1];
  if (name === undefined) return reject("unknownType", `unknown payload type ${type.slice(0, 80)}`);
  if (!isPlainObject(body)) return reject("malformed", "the body is not an object");
  if (body["type"] !== name) {
    return reject("payloadTypeMismatch", `the payload type says ${name}, the body ${bodyType(body["type"])}`);
  }
  const isKnown = body["v"] === 1 || (name === "manifest" && body["v"] === 2);
  return isKnown ? undefined : reject("unknownType", `unknown version of a ${name}`);
}

function bodyType(type: unknown): string {
  return typeof type === "string" ? type.slice(0, 40) : "nothing";
}

function compareSignatures(left: EnvelopeSignature, right: EnvelopeSignature): -1 | 0 | 1 {
  return compareText(signatureText(left), signatureText(right));
}

function signatureText(entry: EnvelopeSignature): string {
  return toHex(entry.keyHint) + toHex(entry.signature);
}

function encodeEnvelope(
  type: string,
  body: Uint8Array,
  signatures: readonly EnvelopeSignature[],
): Uint8Array {
  const encoded = encode(
    {
      v: 1,
      type,
      body,
      signatures: signatures.map((entry) => ({ hint: entry.keyHint, signature: entry.signature })),
    },
    rfc8949EncodeOptions,
  );
  // Under Node the library returns a Buffer, whose slice() is a view: a trap for whoever alters a copy.
  return new Uint8Array(encoded);
}

function decodeEnvelope(bytes: Uint8Array): Envelope | Rejection {
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
