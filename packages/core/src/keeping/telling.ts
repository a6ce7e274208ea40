import type { HeldClaim, VerifiedPolicy, View } from "@antibody/policy";
import type { Turn } from "../contract/turn.ts";

/** What the log says of a document. */
export function describe(policy: VerifiedPolicy): {
  readonly kind: string;
  readonly id: string;
  readonly author: string;
} {
  return { kind: policy.type, id: policy.id, author: policy.author };
}

/** Tells every claim that is newly held back, with its reason. */
export function tellHeld(before: View, after: View, turn: Turn): void {
  const known = new Set(before.held.map(claimKey));
  for (const claim of after.held) {
    if (known.has(claimKey(claim))) continue;
    const { resource, author, stream, fragment, reason, detail } = claim;
    turn.tell("policy.held", "warn", { resource, author, stream, fragment, reason, detail });
  }
}

function claimKey(claim: HeldClaim): string {
  return `${claim.fragment} ${claim.resource} ${claim.reason}`;
}
