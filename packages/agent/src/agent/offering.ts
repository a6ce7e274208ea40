import type { Mind, Output } from "@antibody/core";
import {
  type Crypto,
  isPlainObject,
  isRejection,
  type Rejection,
  type RejectionReason,
  reject,
  type VerifiedPolicy,
  verifyPolicy,
} from "@antibody/policy";
import type { Driver } from "../mind/driver.ts";
import { decodeBundle } from "../network/wire/bundle.ts";

/** Documents that the mind is given at once: from every connection to the control socket they find room. */
const documentsAtOnceMax = 32;

/** What policy of the owner goes to. */
export interface OfferParts {
  readonly crypto: Crypto;
  readonly mind: Pick<Mind, "rootOf" | "newestRoots" | "rootWithDigest">;
  readonly driver: Pick<Driver, "ask">;
}

/** The last document that was accepted, or the first that was rejected. */
export type Offered = { readonly type: "accepted"; readonly id: string } | Rejection;

/**
 * Takes an envelope, or several as one message, from the owner. Those of a small bundle come to the mind at once, so
 * that they leave as one message; a root must have come before what it signs. The mind's own refusal (an older
 * generation, a quota) comes back like that of the signatures.
 */
export async function takeOffer(bytes: Uint8Array, parts: OfferParts): Promise<Offered> {
  const documents = decodeBundle(bytes) ?? [bytes];
  let last: Offered | undefined;
  for (let index = 0; index < documents.length; index += documentsAtOnceMax) {
    const some = documents.slice(index, index + documentsAtOnceMax);
    const results = await Promise.all(some.map((document) => takeOne(document, parts)));
    last = results.find(isRejection) ?? results.at(-1);
    if (last === undefined || isRejection(last)) break;
  }
  if (last === undefined) throw new Error("An offer has documents");
  return last;
}

async function takeOne(bytes: Uint8Array, { mind, crypto, driver }: OfferParts): Promise<Offered> {
  const policy = verifyPolicy(bytes, {
    crypto,
    rootOf: (author) => mind.rootOf(author),
    newestRoots: (author) => mind.newestRoots(author),
    rootWithDigest: (author, digest) => mind.rootWithDigest(author, digest),
  });
  if (isRejection(policy)) return policy;
  const outputs = await driver.ask({ type: "policy", policy, from: "owner" });
  if (outputs === undefined)
    return reject("quota", "the agent stops, or too much of its owner's policy waits");
  return refusalIn(outputs, policy) ?? { type: "accepted", id: policy.id };
}

/** What the mind told of a policy that it did not take. */
function refusalIn(outputs: readonly Output[], policy: VerifiedPolicy): Rejection | undefined {
  for (const output of outputs) {
    if (output.type !== "tell" || output.event.name !== "policy.rejected") continue;
    const { fields } = output.event;
    if (!isPlainObject(fields) || fields["id"] !== policy.id) continue;
    return reject(fields["reason"] as RejectionReason, String(fields["detail"]));
  }
  return undefined;
}
