import {
  type Crypto,
  envelopeDigest,
  fromHex,
  isRejection,
  makeId,
  type Rejection,
  type Signer,
  type SwarmId,
} from "@antibody/policy";
import * as z from "zod/mini";
import type { Charter, Verified } from "../contract/statements.ts";
import { nameBytesMax } from "../limits.ts";
import { hexOf, plainText, type Shape } from "./shape.ts";
import { openStatement, sealStatement, signatureProblem } from "./statement.ts";

/** A charter that its founder signed, and the id that it gives to its swarm. */
export interface VerifiedCharter extends Verified {
  readonly swarm: SwarmId;
  readonly charter: Charter;
  /** The envelope, exact bytes. */
  readonly bytes: Uint8Array;
}

const charterShape: Shape<Charter> = z.strictObject({
  v: z.literal(1),
  type: z.literal("charter"),
  name: plainText(nameBytesMax),
  founder: hexOf(32),
  recovery: hexOf(32),
  nonce: hexOf(16),
});

/** Signs a charter with the founder's key. Throws on a charter of the wrong shape. */
export function sealCharter(charter: Charter, founder: Signer): Uint8Array {
  return sealStatement("charter", charterShape, charter, founder);
}

/** Reads a charter: its own founder must have signed it. */
export function verifyCharter(bytes: Uint8Array, crypto: Crypto): VerifiedCharter | Rejection {
  const opened = openStatement("charter", charterShape, bytes);
  if (isRejection(opened)) return opened;
  const { body: charter, envelope } = opened;
  const founder = fromHex(charter.founder) ?? new Uint8Array();
  const problem = signatureProblem(crypto, envelope, founder, "the charter's founder");
  if (problem !== undefined) return problem;
  const swarm = makeId("swarm", envelopeDigest(crypto, envelope));
  return { swarm, charter, bytes: envelope.bytes } as VerifiedCharter;
}
