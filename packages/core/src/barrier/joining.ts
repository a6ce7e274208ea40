import type { Plan } from "../contract/resource.ts";
import type { Hold } from "../healing/holding.ts";
import { knownTypeOf, type Parts } from "../healing/parts.ts";
import { claimOf, type ResourceState } from "../healing/state.ts";

/** What the barrier of a resource says to its repair: it waits, or it is done with others as one. */
export type Joined =
  | { readonly type: "held"; readonly hold: Hold }
  | { readonly type: "joint"; readonly plan: Plan };

/**
 * Joins a repair with those of its barrier: whatever has drifted of it is prepared, switched, verified and undone
 * together, in one action of the first of them. Undefined where the resource is in no barrier.
 */
export function joinBarrier(parts: Parts, state: ResourceState, plan: Plan): Joined | undefined {
  if (state.duty !== "keep") return undefined;
  const members = membersWith(parts, state);
  if (members === undefined) return undefined;
  const drift = state.drift?.summary ?? plan.summary;
  const held = (why: string): Joined => ({
    type: "held",
    hold: { phase: "drifted", why: `${drift}; ${why}` },
  });
  const drifted = members.filter((member) => member.plan !== undefined);
  const [leader = state] = drifted;
  if (leader !== state) {
    if (leader.action === undefined) parts.reconsider = parts.reconsider.with(leader.resource);
    return held(`changes together with ${leader.resource}`);
  }
  const unseen = members.find(
    ({ observation, failure }) => observation === undefined && failure === undefined,
  );
  if (unseen !== undefined)
    return held(`waits for the first look at ${unseen.resource}, which changes with it`);
  const paused = drifted.find(({ resource }) => parts.pauses.holding(resource) !== undefined);
  if (paused !== undefined && paused !== state)
    return held(`changes together with ${paused.resource}, which is paused`);
  if (drifted.length < 2) return { type: "joint", plan };
  return { type: "joint", plan: jointPlan(drifted) };
}

/** One more of its barrier is known: who leads it may go on. */
export function tellLeader(parts: Parts, state: ResourceState): void {
  const leader = membersWith(parts, state)?.find(({ plan }) => plan !== undefined);
  if (leader !== undefined && leader !== state && leader.action === undefined)
    parts.reconsider = parts.reconsider.with(leader.resource);
}

/** Everything that the device keeps in the barrier of a resource, in the order of their ids. */
function membersWith(parts: Parts, state: ResourceState): readonly ResourceState[] | undefined {
  const barrier = barrierOf(parts, state);
  if (barrier === undefined) return undefined;
  const { author, stream } = claimOf(state);
  return [...parts.states.entries()]
    .map(([, each]) => each)
    .filter(
      (each) =>
        each.claim?.author === author && each.claim.stream === stream && barrierOf(parts, each) === barrier,
    );
}

function barrierOf(parts: Parts, { resource, claim, duty }: ResourceState): string | undefined {
  if (claim === undefined || duty !== "keep" || claim.mode !== "enforce") return undefined;
  return knownTypeOf(parts, resource).common(claim.promise).barrier;
}

function jointPlan(drifted: readonly ResourceState[]): Plan {
  const members = drifted.flatMap((state) => {
    const { plan, resource } = state;
    return plan === undefined ? [] : [{ resource, promise: claimOf(state).promise, plan }];
  });
  return {
    verb: "switch",
    idempotent: members.every(({ plan }) => plan.idempotent),
    timeoutMs: members.reduce((sum, { plan }) => sum + plan.timeoutMs, 0),
    summary: `switch ${members.length} resources together`,
    joint: members,
  };
}
