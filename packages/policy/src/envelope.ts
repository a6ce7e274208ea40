import { concatBytes, equalBytes, utf8 } from "./bytes.ts";
import { canonicalBytes, parseCanonical } from "./canonical.ts";
import type { Crypto, Signer } from "./crypto.ts";
import { verifySignature } from "./ed25519.ts";
import {
  compareSignatures,
  decodeEnvelope,
  type Envelope,
  type EnvelopeSignature,
  encodeEnvelope,
} from "./envelopeBytes.ts";
import { isPlainObject, type Json } from "./json.ts";
import { fragmentBytesMax } from "./limits.ts";
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

/** An envelope with its body read. */
export interface OpenedEnvelope {
  readonly envelope: Envelope;
  /** A plain object with a version that is known, and the `type` that the payload type names. */
  readonly body: Json;
}

const keyHintBytes = 8;
const payloadTypePattern = /^application\/vnd\.antibody\.([a-z][a-zA-Z]{0,31})\.v1\+json$/;

/** The payload type of a body. */
export function payloadType(name: PayloadName): PayloadType {
  return `application/vnd.antibody.${name}.v1+json`;
}

const asciiPattern = /^[\x20-\x7e]*$/;

/** What is signed: DSSE v1 PAE(type, body) = "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body. */
export function preAuthenticationEncoding(type: string, body: Uint8Array): Uint8Array {
  if (!asciiPattern.test(type)) {
    return concatBytes([utf8(`DSSEv1 ${utf8(type).length} ${type} ${body.length} `), body]);
  }
  // Payload types are ASCII: of those it is made without a copy in between.
  const head = `DSSEv1 ${type.length} ${type} ${body.length} `;
  const made = new Uint8Array(head.length + body.length);
  for (let index = 0; index < head.length; index += 1) made[index] = head.charCodeAt(index);
  made.set(body, head.length);
  return made;
}

/** The same of an envelope, made once: it is hashed, and checked against each signature. */
export function signedBytes(envelope: Pick<Envelope, "payloadType" | "body">): Uint8Array {
  if (lastSigned?.envelope === envelope) return lastSigned.bytes;
  const bytes = preAuthenticationEncoding(envelope.payloadType, envelope.body);
  lastSigned = { envelope, bytes };
  return bytes;
}

/** Of the last envelope that was asked for, since it is asked for again at once: a map of all costs a tenth of a look. */
let lastSigned: { readonly envelope: object; readonly bytes: Uint8Array } | undefined;

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
  return crypto.sha256(signedBytes(envelope));
}

/** The digest of a whole message, signatures included: it deduplicates gossip, and names nothing. */
export function messageDigest(crypto: Crypto, bytes: Uint8Array): Uint8Array {
  return crypto.sha256(bytes);
}

/** Whether one of an envelope's signatures is by a key. */
export function signedBy(crypto: Crypto, envelope: Envelope, publicKey: Uint8Array): boolean {
  const message = signedBytes(envelope);
  const hint = keyHint(publicKey);
  return envelope.signatures.some(
    (entry) =>
      equalBytes(entry.keyHint, hint) && verifySignature(crypto, publicKey, message, entry.signature),
  );
}

/** The hint at a key that envelopes carry. */
function keyHint(publicKey: Uint8Array): Uint8Array {
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
