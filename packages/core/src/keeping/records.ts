import type { VerifiedPolicy } from "@antibody/policy";
import type { JournalRecord } from "../contract/output.ts";

/** The journal's record of a document: its envelope, which is verified again when it is read. */
export function recordOf(policy: VerifiedPolicy): JournalRecord {
  return { key: `policy/${policy.id}`, value: policy.bytes };
}

/** Takes a document out of the journal. */
export function deletionOf(policy: VerifiedPolicy): JournalRecord {
  return { key: `policy/${policy.id}`, value: null };
}

/** Where a document stands among those that are sent together: roots before what they sign, manifests before what they name. */
export function takeOrder(policy: VerifiedPolicy): number {
  if (policy.type === "root") return policy.root.number;
  if (policy.type === "manifest") return 1e6;
  // What is said of a generation comes after it.
  return policy.type === "directive" || policy.type === "report" ? 3e6 : 2e6;
}
