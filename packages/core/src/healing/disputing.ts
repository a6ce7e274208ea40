import { type ResourceId, type StreamState, streamKey, type View } from "@antibody/policy";
import type { Turn } from "../contract/turn.ts";
import type { Incidents } from "./incidents.ts";

const prefix = "policy:";

/**
 * A stream in dispute is a case for people: only they can ask the author what happened. It is mended when a new epoch
 * has cleared it.
 */
export function noteDisputes(incidents: Incidents, { streams }: View, turn: Turn): void {
  const disputed = new Set<ResourceId>();
  for (const state of streams) {
    if (state.held !== "equivocation" || state.proof === undefined) continue;
    disputed.add(resourceOf(state));
    incidents.openDispute(resourceOf(state), state, state.proof, turn);
  }
  for (const resource of incidents.openResources()) {
    if (resource.startsWith(prefix) && !disputed.has(resource)) incidents.mend(resource, turn);
  }
}

/** What incidents call a stream, in the form of a resource. */
function resourceOf({ author, stream }: StreamState): ResourceId {
  return `${prefix}${streamKey(author, stream)}` as ResourceId;
}
