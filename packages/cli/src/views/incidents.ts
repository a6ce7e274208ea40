import type { Incident, Inspection, PeersGlance } from "@antibody/core";
import { type Json, shortId } from "@antibody/policy";
import { withSelf } from "../self.ts";
import { labeled, table, unbroken } from "../text/table.ts";
import { age, relative, timesOf, wallTime } from "../text/times.ts";
import { type AttemptFields, attemptFields, attemptText, timeField } from "./resource.ts";

/** What `incident list` tells, as `--json` prints it. */
export interface IncidentsView {
  readonly schema: "antibody.incidents/1";
  readonly time: string;
  readonly incidents: readonly {
    readonly id: string;
    readonly resource: string;
    readonly at?: string;
    readonly state: IncidentState;
    readonly mendedAt?: string;
    readonly cause: string;
    readonly next: string;
  }[];
}

/** Mended: the resource was seen kept since. Withdrawn: nobody promises it any more. */
export type IncidentState = "open" | "mended" | "withdrawn";

/** What `incident show` tells, as `--json` prints it. */
export interface IncidentView {
  readonly schema: "antibody.incident/1";
  readonly time: string;
  readonly id: string;
  readonly resource: string;
  readonly at?: string;
  readonly state: IncidentState;
  readonly mendedAt?: string;
  readonly cause: string;
  readonly promise: Json;
  readonly author: string;
  readonly fragment: string;
  readonly fragmentName: string;
  readonly observed: Json;
  readonly drift: string;
  readonly attempts: readonly AttemptFields[];
  /** How the swarm looked from here at its time. */
  readonly peers?: PeersGlance;
  readonly next: string;
}

/** Puts together all incidents, the newest first. */
export function incidentsView(inspection: Inspection, self: string): IncidentsView {
  return {
    schema: "antibody.incidents/1",
    time: timesOf(inspection).now,
    incidents: inspection.incidents
      .toSorted((left, right) => right.wallMs - left.wallMs)
      .map((incident) => ({
        id: incident.id,
        resource: incident.resource,
        ...timeField("at", wallTime(incident.wallMs)),
        ...stateFields(inspection, incident),
        cause: incident.cause,
        next: withSelf(incident.next, self),
      })),
  };
}

function stateFields(
  inspection: Inspection,
  { resource, mendedWallMs }: Incident,
): { readonly state: IncidentState; readonly mendedAt?: string } {
  if (mendedWallMs !== undefined)
    return { state: "mended", ...timeField("mendedAt", wallTime(mendedWallMs)) };
  return { state: isPromised(inspection, resource) ? "open" : "withdrawn" };
}

/** Where a case stands. */
export function incidentState(inspection: Inspection, incident: Incident): IncidentState {
  return stateFields(inspection, incident).state;
}

function isPromised(inspection: Inspection, resource: string): boolean {
  // A stream in dispute is a case without a promise.
  return resource.startsWith("policy:") || inspection.resources.some((view) => view.resource === resource);
}

/** Puts together one incident. */
export function incidentView(inspection: Inspection, incident: Incident, self: string): IncidentView {
  return {
    schema: "antibody.incident/1",
    time: timesOf(inspection).now,
    id: incident.id,
    resource: incident.resource,
    ...timeField("at", wallTime(incident.wallMs)),
    ...stateFields(inspection, incident),
    cause: incident.cause,
    promise: incident.promise,
    author: incident.author,
    fragment: incident.fragment,
    fragmentName: incident.fragmentName,
    observed: incident.observed,
    drift: incident.drift,
    attempts: incident.attempts.map(attemptFields),
    ...(incident.peers === undefined ? {} : { peers: incident.peers }),
    next: withSelf(incident.next, self),
  };
}

/** The table of `incident list`. */
export function incidentsLines(view: IncidentsView): readonly string[] {
  if (view.incidents.length === 0) return ["no incidents"];
  return table(
    ["INCIDENT", "RESOURCE", "AGE", "STATE", "CAUSE"],
    view.incidents.map(({ id, resource, at, state, cause }) => [
      shortId(id),
      resource,
      age(at, view.time),
      state,
      cause,
    ]),
  );
}

/** The screen of `incident show`. */
export function incidentLines(view: IncidentView): readonly string[] {
  const line = (label: string, text: string): readonly string[] => labeled(label, text, 8);
  return [
    ...line("incident", shortId(view.id)),
    ...line("resource", view.resource),
    ...line("at", `${view.at ?? "unknown"} (${relative(view.at, view.time)})`),
    ...line("state", stateText(view)),
    ...line("cause", view.cause),
    ...line("promise", JSON.stringify(view.promise)),
    ...line("signed", `${shortId(view.author)}, fragment ${view.fragmentName} (${shortId(view.fragment)})`),
    ...line("observed", JSON.stringify(view.observed)),
    ...line("drift", view.drift),
    ...view.attempts.flatMap((attempt) => line("tried", attemptText(attempt, view.time))),
    ...(view.peers === undefined ? [] : line("peers", peersText(view.peers))),
    unbroken("next", view.next, 8),
  ];
}

function peersText({ cutOff, reachable, missing }: PeersGlance): string {
  const own = cutOff ? "; this device was cut off" : "";
  return `${reachable} reachable, ${missing.length === 0 ? "none missing" : `missing: ${missing.join(", ")}`}${own}`;
}

function stateText({ state, mendedAt, time }: IncidentView): string {
  switch (state) {
    case "open":
      return "open: the promise is not kept";
    case "mended":
      return `mended: kept again ${relative(mendedAt, time)}`;
    case "withdrawn":
      return "withdrawn: nobody promises it any more";
    default:
      return state satisfies never;
  }
}
