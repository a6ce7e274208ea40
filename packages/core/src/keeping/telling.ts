import {
  type HeldClaim,
  type StreamState,
  streamKey,
  type VerifiedPolicy,
  type View,
} from "@antibody/policy";
import type { Turn } from "../contract/turn.ts";
import type { PolicySet } from "./policySet.ts";

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

/** Tells every stream that is stale now, or fresh again. */
export function tellStale(before: View, after: View, turn: Turn): void {
  const known = new Map(before.streams.map((state) => [streamKey(state.author, state.stream), state.stale]));
  for (const { author, stream, stale, held } of after.streams) {
    const was = known.get(streamKey(author, stream));
    if (held !== undefined || stale?.reason === was?.reason) continue;
    turn.tell("policy.stale", stale === undefined ? "info" : "warn", {
      author,
      stream,
      ...(stale ?? { reason: "fresh" }),
    });
  }
}

/** Passes on what proves a new dispute: whoever has heard of one body alone learns of the other. */
export function tellProofs(before: View, after: View, set: PolicySet, turn: Turn): void {
  const known = new Set(
    before.streams.filter(isDisputed).map(({ author, stream }) => streamKey(author, stream)),
  );
  const passedOn = new Set<string>();
  for (const state of after.streams) {
    const { author, stream, proof } = state;
    if (!isDisputed(state) || proof === undefined || known.has(streamKey(author, stream))) continue;
    turn.tell("policy.disputed", "error", { author, stream, proof });
    for (const id of proof) {
      const body = set.get(id);
      if (body === undefined || passedOn.has(id)) continue;
      passedOn.add(id);
      turn.emit({ type: "publishPolicy", bytes: body.bytes });
    }
  }
}

/** Of an author without a grant nothing is in force: its disputes are its own. */
function isDisputed({ held }: StreamState): boolean {
  return held === "equivocation";
}

function claimKey(claim: HeldClaim): string {
  return `${claim.fragment} ${claim.resource} ${claim.reason}`;
}
