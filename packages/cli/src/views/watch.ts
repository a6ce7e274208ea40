import type { AgentInspection } from "@antibody/agent/control";
import type { Verdict } from "@antibody/core";
import { shortId } from "@antibody/policy";
import { printable } from "../text/printable.ts";
import { timesOf, wallTime } from "../text/times.ts";
import { type IncidentState, incidentState } from "./incidents.ts";
import { type Problem, problemsOf } from "./problems.ts";
import { type ResourceFields, resourceFields, timeField } from "./resource.ts";
import { phaseOrder } from "./words.ts";

/** One moment of an agent: what every live screen shows, in a terminal now and elsewhere later. */
export interface WatchView {
  readonly time: string;
  readonly name: string;
  readonly health: "ok" | "degraded";
  readonly problems: readonly Problem[];
  readonly cutOff: boolean;
  /** What needs people most comes first. */
  readonly resources: readonly ResourceFields[];
  /** Resources on which a repair runs. */
  readonly running: readonly ResourceFields[];
  readonly peers: readonly PeerFields[];
  readonly pauses: readonly PauseFields[];
  /** Cases that are not mended, the newest first. */
  readonly incidents: readonly IncidentFields[];
}

interface PeerFields {
  readonly agent: string;
  readonly name: string;
  readonly verdict: Verdict;
  readonly since?: string;
  readonly why: string;
}

interface PauseFields {
  readonly target: string;
  readonly reason: string;
  readonly until?: string;
}

interface IncidentFields {
  readonly id: string;
  readonly resource: string;
  readonly at?: string;
  readonly state: IncidentState;
  readonly cause: string;
}

/** What can change, each by an id of its own. */
type SubjectType = "agent" | "resource" | "peer" | "pause" | "incident";

/** What is told of a subject: short, and without what moves by itself, such as the time of the next look. */
type Facts = { readonly [field: string]: string | number | boolean };

/** One change, as `watch --json` prints it: without `was` it is new, without `is` it is gone. */
export interface WatchChange {
  readonly schema: "antibody.watch/1";
  readonly time: string;
  readonly type: SubjectType;
  readonly id: string;
  readonly was?: Facts;
  readonly is?: Facts;
}

/** Puts together one moment. */
export function watchView(inspection: AgentInspection, self: string): WatchView {
  const times = timesOf(inspection);
  const problems = problemsOf(inspection, self);
  const resources = inspection.resources
    .map((view) => resourceFields(view, times))
    .toSorted((left, right) => phaseOrder.indexOf(left.phase) - phaseOrder.indexOf(right.phase));
  return {
    time: times.now,
    name: inspection.name,
    health: problems.length === 0 ? "ok" : "degraded",
    problems,
    cutOff: inspection.cutOff,
    resources,
    running: resources.filter(({ action }) => action !== undefined),
    peers: inspection.members
      .filter(({ agent }) => agent !== inspection.agent)
      .map(({ agent, name, verdict, sinceMs, why }) => ({
        agent,
        name,
        verdict,
        ...timeField("since", times.at(sinceMs)),
        why,
      })),
    pauses: inspection.pauses.map(({ target, reason, untilMs }) => ({
      target,
      reason,
      ...timeField("until", times.at(untilMs)),
    })),
    incidents: inspection.incidents
      .map((incident) => ({
        id: incident.id,
        resource: incident.resource,
        ...timeField("at", wallTime(incident.wallMs)),
        state: incidentState(inspection, incident),
        cause: incident.cause,
      }))
      .filter(({ state }) => state === "open")
      .toReversed(),
  };
}

/** What changed from one moment to the next; everything, where there was none before. */
export function changesOf(before: WatchView | undefined, after: WatchView): readonly WatchChange[] {
  const was = before === undefined ? new Map<string, Subject>() : subjectsOf(before);
  const is = subjectsOf(after);
  const changes: WatchChange[] = [];
  const head = { schema: "antibody.watch/1", time: after.time } as const;
  for (const [key, { type, id, facts }] of is) {
    const old = was.get(key)?.facts;
    if (old !== undefined && isSame(old, facts)) continue;
    changes.push({ ...head, type, id, ...(old === undefined ? {} : { was: old }), is: facts });
  }
  for (const [key, { type, id, facts }] of was) {
    if (!is.has(key)) changes.push({ ...head, type, id, was: facts });
  }
  return changes;
}

/** `12:03:04 resource file:/etc/motd kept -> drifted: content differs` */
export function changeLine({ time, type, id, was, is }: WatchChange): string {
  const name = type === "peer" || type === "agent" ? String((is ?? was)?.["name"]) : shownId(type, id);
  const [before, after] = [was, is].map((facts) => facts?.["state"]);
  const state =
    before === undefined || before === after ? `${after ?? "gone"}` : `${before} -> ${after ?? "gone"}`;
  const why = is?.["what"] ?? is?.["why"] ?? "";
  return printable(`${time.slice(11, 19)} ${type} ${name} ${state}${why === "" ? "" : `: ${why}`}`);
}

function shownId(type: SubjectType, id: string): string {
  return type === "incident" ? shortId(id) : id;
}

interface Subject {
  readonly type: SubjectType;
  readonly id: string;
  readonly facts: Facts;
}

function subjectsOf(view: WatchView): ReadonlyMap<string, Subject> {
  const [problem] = view.problems;
  const list: Subject[] = [
    {
      type: "agent",
      id: "self",
      facts: {
        name: view.name,
        state: view.health,
        cutOff: view.cutOff,
        ...(problem === undefined ? {} : { why: problem.what, next: problem.next }),
      },
    },
    ...view.resources.map(
      (fields): Subject => ({ type: "resource", id: fields.resource, facts: factsOf(fields) }),
    ),
    ...view.peers.map(
      ({ agent, name, verdict, why }): Subject => ({
        type: "peer",
        id: agent,
        facts: { name, state: verdict, why },
      }),
    ),
    ...view.pauses.map(
      ({ target, reason }): Subject => ({
        type: "pause",
        id: target,
        facts: { state: "paused", why: reason },
      }),
    ),
    ...view.incidents.map(
      ({ id, resource, state, cause }): Subject => ({
        type: "incident",
        id,
        facts: { resource, state, why: `${resource}: ${cause}` },
      }),
    ),
  ];
  return new Map(list.map((subject) => [`${subject.type} ${subject.id}`, subject]));
}

function factsOf({ phase, why, next, action }: ResourceFields): Facts {
  const facts = { state: phase, why, next };
  if (action === undefined) return facts;
  const { id, verb, step, of, note } = action;
  return {
    ...facts,
    action: id,
    step,
    of,
    what: `${verb} ${id}, step ${step} of ${of}${note === "" ? "" : ` (${note})`}`,
  };
}

function isSame(left: Facts, right: Facts): boolean {
  const fields = Object.keys(left);
  return fields.length === Object.keys(right).length && fields.every((field) => left[field] === right[field]);
}
