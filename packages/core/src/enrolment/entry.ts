import {
  type Crypto,
  envelopeDigest,
  isRejection,
  parseId,
  type Rejection,
  reject,
  type Signer,
  toHex,
} from "@antibody/policy";
import * as z from "zod/mini";
import type { Entry, Incarnation, SignedEntry, VerifiedCertificate } from "../contract/statements.ts";
import { finishedList } from "../keeping/rare.ts";
import { addressesMax, capabilitiesMax } from "../limits.ts";
import { incarnationShape, parsed, plainText, type Shape } from "./shape.ts";
import { openStatement, sealStatement, signatureProblem } from "./statement.ts";

/** Characters of one multiaddr: a full domain name fits. */
export const addressCharactersMax = 256;
/** Characters of one capability's name, and of a build's version. Guesses. */
export const capabilityCharactersMax = 64;
const buildBytesMax = 64;

/** Bytes of the digest that names a statement in directory digests. */
const statementDigestBytes = 8;

const entryShape: Shape<Entry> = z.strictObject({
  v: z.literal(1),
  type: z.literal("entry"),
  swarm: parsed((text) => parseId("swarm", text), "a swarm"),
  agent: parsed((text) => parseId("agent", text), "an agent"),
  incarnation: incarnationShape,
  status: z.enum(["alive", "left", "away"]),
  addresses: z.array(visible(addressCharactersMax, "an address")).check(z.maxLength(addressesMax)),
  capabilities: z
    .array(visible(capabilityCharactersMax, "a capability"))
    .check(z.maxLength(capabilitiesMax), z.refine(isSortedSet, "not sorted, or with duplicates")),
  build: plainText(buildBytesMax),
});

/** Signs an entry with its subject's key. Throws on an entry of the wrong shape. */
export function sealEntry(entry: Entry, subject: Signer): Uint8Array {
  return sealStatement("entry", entryShape, entry, subject);
}

/** Reads what a member says of itself: only the key of its certificate may sign it. */
export function verifyEntry(
  bytes: Uint8Array,
  certificate: VerifiedCertificate,
  crypto: Crypto,
): SignedEntry | Rejection {
  const opened = openStatement("entry", entryShape, bytes);
  if (isRejection(opened)) return opened;
  const { body: entry, envelope } = opened;
  if (entry.swarm !== certificate.certificate.swarm)
    return reject("wrongSwarm", `an entry of ${entry.swarm}`);
  if (entry.agent !== certificate.agent) {
    return reject("unknownKey", `an entry of ${entry.agent} with the certificate of ${certificate.agent}`);
  }
  if (entry.incarnation[0] !== certificate.certificate.serial) {
    return reject("malformed", `an entry of serial ${entry.incarnation[0]}, the certificate has another`);
  }
  const problem = signatureProblem(crypto, envelope, certificate.publicKey, entry.agent);
  if (problem !== undefined) return problem;
  const digest = toHex(envelopeDigest(crypto, envelope).subarray(0, statementDigestBytes));
  // The two texts are held once, by the certificate; and neither the list nor the object has room to spare.
  const { swarm } = certificate.certificate;
  const [serial, boot, n] = entry.incarnation;
  const incarnation: Incarnation = [serial, boot, n];
  return {
    entry: {
      v: 1,
      type: "entry",
      swarm,
      agent: certificate.agent,
      incarnation,
      status: entry.status,
      addresses: entry.addresses,
      capabilities: finishedList(entry.capabilities),
      build: entry.build,
    },
    bytes: envelope.bytes,
    digest,
  } as SignedEntry;
}

/** A text of visible ASCII, without spaces. */
function visible(charactersMax: number, what: string): Shape<string> {
  return parsed(
    (text) => (text.length <= charactersMax && /^[!-~]+$/.test(text) ? text : undefined),
    `${what} of 1 to ${charactersMax} characters`,
  );
}

function isSortedSet(texts: readonly string[]): boolean {
  return texts.every((text, index) => index === 0 || (texts[index - 1] ?? "") < text);
}
