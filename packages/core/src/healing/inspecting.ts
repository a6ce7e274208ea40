import type { Incident, Inspection, PauseView, ResourceView } from "../contract/inspection.ts";
import { incidentsKeptMax, pausesMax, promisesMax, watchesMax } from "../limits.ts";
import { shownPromise } from "../resources/parts/private.ts";
import type { Parts } from "./parts.ts";
import type { ResourceState } from "./state.ts";

/** The part of an inspection that healing answers. */
export interface HealingInspection {
  readonly resources: readonly ResourceView[];
  readonly pauses: readonly PauseView[];
  readonly incidents: readonly Incident[];
  readonly queues: Inspection["queues"];
}

/** Everything that people and checkers may see of healing, resources in the order of their ids. */
export function inspectHealing(parts: Parts): HealingInspection {
  return {
    resources: [...parts.states.entries()].map(([, state]) => resourceView(parts, state)),
    pauses: parts.pauses.list(),
    incidents: parts.incidents.list(),
    queues: [
      { name: "promises", length: parts.states.size, bound: promisesMax },
      { name: "actions", length: parts.actions.placesTaken, bound: parts.settings.actionsMax },
      { name: "actionsWaiting", length: parts.actions.queueLength, bound: promisesMax },
      {
        name: "repairBudget",
        length: parts.budget.takenLast,
        bound: parts.settings.repairBudgetMax,
      },
      { name: "dependenciesWaiting", length: parts.waiting.size, bound: promisesMax },
      { name: "deviceWatches", length: parts.liveWatches, bound: watchesMax },
      { name: "pauses", length: parts.pauses.size, bound: pausesMax },
      { name: "incidents", length: parts.incidents.list().length, bound: incidentsKeptMax },
    ],
  };
}

function resourceView(parts: Parts, state: ResourceState): ResourceView {
  const { claim, drift } = state;
  const action = actionView(parts, state);
  return {
    resource: state.resource,
    phase: state.phase,
    sinceMs: state.sinceMs,
    why: state.why,
    ...nextOf(parts, state),
    ...(drift && { drift }),
    ...(action && { action }),
    attempts: state.attempts,
    repairs: state.repairs,
    failures: state.failures,
    ...(claim && {
      ...(state.duty === "reverse" ? {} : { promise: shownPromise(claim.promise) }),
      author: claim.author,
      stream: claim.stream,
      fragment: claim.fragment,
      fragmentName: claim.fragmentName,
      generation: claim.version.generation,
      rank: claim.rank,
      mode: claim.mode,
    }),
  };
}

function actionView(parts: Parts, state: ResourceState): ResourceView["action"] {
  const action = state.action === undefined ? undefined : parts.actions.get(state.action);
  if (action === undefined) return undefined;
  const { id, step, of, note, progressMs, deadlineMs } = action;
  return { id, verb: action.plan.verb, sinceMs: action.startedMs, step, of, note, progressMs, deadlineMs };
}

/** What the agent will do next with a resource, and when. */
function nextOf(parts: Parts, state: ResourceState): { readonly next: string; readonly nextMs?: number } {
  const action = state.action === undefined ? undefined : parts.actions.get(state.action);
  if (action?.canceled !== undefined) return { next: "waits for the canceled action to end" };
  if (action !== undefined) return { next: "cancels the action", nextMs: action.deadlineMs };
  const pause = parts.pauses.holding(state.resource);
  if (state.phase === "paused" && pause !== undefined) {
    return { next: "repairs when the pause ends", nextMs: pause.untilMs };
  }
  if (state.retryMs !== undefined) return { next: "looks, and tries again", nextMs: state.retryMs };
  const holdMs = parts.deadlines.get("hold", state.resource);
  if (holdMs !== undefined) return { next: "looks, and repairs if nothing else holds it", nextMs: holdMs };
  const lookMs = parts.deadlines.get("look", state.resource);
  return lookMs === undefined ? { next: "" } : { next: "looks again", nextMs: lookMs };
}
