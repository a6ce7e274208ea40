import {
  type Crypto,
  type Envelope,
  isRejection,
  type Json,
  openEnvelope,
  type PayloadName,
  payloadType,
  type Rejection,
  reject,
  type Signer,
  sealEnvelope,
  signedBy,
} from "@antibody/policy";
import { readShape, type Shape } from "./shape.ts";

/**
 * One statement's envelope at most. An entry with every address and capability that it may carry has 5 kB;
 * everything else is far smaller. A guess with room to spare.
 */
export const statementBytesMax = 6_144;

/** A statement that was read, but whose signature is not checked yet. */
export interface OpenedStatement<Body> {
  readonly body: Body;
  readonly envelope: Envelope;
}

/** Signs a statement with one key. Throws when the body is not of its own shape: who signs has checked. */
export function sealStatement<Body>(
  name: PayloadName,
  shape: Shape<Body>,
  body: Body,
  signer: Signer,
): Uint8Array {
  const json = body as unknown as Json;
  const read = readShape(shape, json, name);
  if (isRejection(read)) throw new Error(`Not to be signed: ${read.detail}`);
  return sealEnvelope(payloadType(name), json, [signer]);
}

/** Reads a statement of one type with exactly one signature: a second one would be a second spelling. */
export function openStatement<Body>(
  name: PayloadName,
  shape: Shape<Body>,
  bytes: Uint8Array,
): OpenedStatement<Body> | Rejection {
  const opened = openEnvelope(bytes, statementBytesMax);
  if (isRejection(opened)) return opened;
  const { envelope } = opened;
  if (envelope.payloadType !== payloadType(name)) {
    return reject("payloadTypeMismatch", `expected a ${name}, got ${envelope.payloadType.slice(0, 80)}`);
  }
  if (envelope.signatures.length !== 1) return reject("malformed", `a ${name} has exactly one signature`);
  const body = readShape(shape, opened.body, name);
  return isRejection(body) ? body : { body, envelope };
}

/** Why an envelope is not signed by a key, or undefined. */
export function signatureProblem(
  crypto: Crypto,
  envelope: Envelope,
  publicKey: Uint8Array,
  signer: string,
): Rejection | undefined {
  return signedBy(crypto, envelope, publicKey)
    ? undefined
    : reject("badSignature", `not signed by ${signer}`);
}
