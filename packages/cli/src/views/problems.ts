import type { AgentInspection } from "@antibody/agent/control";
import type { EvictionView, Inspection, ResourceView } from "@antibody/core";
import { type Stale, type StreamState, shortId } from "@antibody/policy";
import { byText } from "./peers.ts";
import { phaseOrder, phaseWords } from "./words.ts";

/** Something that makes a device degraded, and the command that tells more. */
export interface Problem {
  readonly what: string;
  /** Whose it is, where it is one resource's. */
  readonly resource?: string;
  readonly next: string;
}

/** Phases in which a resource is not as promised, and nobody asked for that: they come before a pause. */
const degradedPhases = phaseOrder.slice(0, phaseOrder.indexOf("paused"));

/**
 * Why a device is degraded, worst first; empty when it is well. A dead peer is no fault of this device, and a
 * paused resource is as its owner wants it, unless it has drifted meanwhile. What is only observed is no fault.
 */
export function problemsOf(inspection: AgentInspection, self: string): readonly Problem[] {
  const resources = inspection.resources
    .filter((view) => view.mode !== "observe" && (degradedPhases.includes(view.phase) || isPausedDrift(view)))
    .toSorted((left, right) => phaseOrder.indexOf(left.phase) - phaseOrder.indexOf(right.phase));
  return [
    // What ails the agent itself explains the rest.
    ...(inspection.troubles ?? []).map(({ what }) => ({ what, next: `${self} doctor` })),
    ...resources.map((view) => resourceProblem(inspection, view, self)),
    ...inspection.routes
      .filter(({ backends }) => !backends.some(({ state }) => state === "ready"))
      .map(({ resource }) => ({ what: `${resource}: no backend is ready`, next: `${self} routes` })),
    ...inspection.streams.flatMap((state) => streamProblem(state, self)),
    ...(inspection.evicted === undefined ? [] : [evictedProblem(inspection.evicted, self)]),
    ...(inspection.cutOff
      ? [{ what: "most probes of this agent fail: its own network is at fault", next: `${self} peers` }]
      : []),
  ];
}

/** Of an author without a grant nothing is in force: its troubles are its own. */
function streamProblem({ author, stream, held, stale }: StreamState, self: string): readonly Problem[] {
  const name = `policy of stream ${stream} by ${shortId(author)}`;
  if (held === "equivocation") {
    const what = `${name} is in dispute: its author signed two bodies for one version`;
    return [{ what, next: `${self} trust list` }];
  }
  if (held !== undefined || stale === undefined) return [];
  return [{ what: `${name} may be old: ${staleText(stale)}`, next: `${self} peers` }];
}

/** Why a stream may be old, in words. */
function staleText(stale: Stale): string {
  return stale.reason === "expired"
    ? `its author's last sign of life expired ${new Date(stale.freshUntilMs).toISOString()}`
    : `its author names generation ${stale.generation}, which is not here`;
}

/** It goes on keeping what it was told, and hears nothing new. */
function evictedProblem({ by, reason }: EvictionView, self: string): Problem {
  return {
    what: `this device was put out of its swarm by ${byText(by)}: ${reason}`,
    next: `begin anew in another state directory: ${self.split(" --state ")[0]} --state DIR join CODE --name NAME`,
  };
}

function isPausedDrift(view: ResourceView): boolean {
  return view.phase === "paused" && view.drift !== undefined;
}

function resourceProblem(inspection: Inspection, view: ResourceView, self: string): Problem {
  const incident = inspection.incidents.findLast(({ resource }) => resource === view.resource);
  return {
    what: `${view.resource} is ${phaseWords(view.phase)}${view.phase === "paused" ? ", and has drifted" : ""}`,
    resource: view.resource,
    next:
      view.phase === "handedOff" && incident !== undefined
        ? `${self} incident show ${incident.id.slice(0, 17)}`
        : `${self} why ${view.resource}`,
  };
}
