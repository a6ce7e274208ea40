import { formatDuration, type Inspection, type Verdict } from "@antibody/core";
import type { Json } from "@antibody/policy";
import type { AgentThere, Replayed, SimBundle, ToldEvent, Until, Violation } from "@antibody/sim";
import { labeled, table } from "../text/table.ts";
import { violationText } from "./simSweep.ts";
import { phaseWords, tally, verdictOrder } from "./words.ts";

/** What a replay showed, as `--json` prints it. */
export interface SimReplayView {
  readonly schema: "antibody.simReplay/1";
  readonly file: string;
  readonly scenario: string;
  readonly agentsCount: number;
  readonly seed: number;
  readonly simulatedMs: number;
  readonly expectedHash: string;
  /** Up to where it stopped. */
  readonly hash: string;
  /** Absent where it stopped before its end: there is nothing to compare with. */
  readonly equal?: boolean;
  /** The builds that made the bundle, and that played it. */
  readonly builds: { readonly bundle: string; readonly own: string };
  /** False when what it was to stop at never came. */
  readonly reached: boolean;
  readonly violations: readonly Violation[];
  /** Where it was to stop: what each agent holds there, or only the one that was asked for. */
  readonly agents?: readonly AgentView[];
}

/** One agent where a replay stopped. */
interface AgentView {
  readonly name: string;
  readonly process: AgentThere["process"];
  readonly cutOff?: boolean;
  readonly incarnation?: string;
  /** Of the one that was asked for all; of others those that it does not hold reachable. */
  readonly members?: readonly MemberThere[];
  readonly reachableCount?: number;
  readonly streams?: readonly { readonly stream: string; readonly generation: number }[];
  /** Of the one that was asked for all; of others those that are not kept. */
  readonly resources?: readonly { readonly resource: string; readonly phase: string; readonly why: string }[];
  readonly events: readonly EventThere[];
}

interface MemberThere {
  readonly name: string;
  readonly verdict: Verdict;
  readonly incarnation: string;
  readonly why: string;
}

interface EventThere {
  readonly atMs: number;
  readonly name: string;
  readonly level: string;
  readonly fields: { readonly [field: string]: Json };
}

const labelWidth = 10;

export function simReplayView(given: {
  readonly file: string;
  readonly bundle: SimBundle;
  readonly replayed: Replayed;
  readonly until: Until | undefined;
  readonly agent: string | undefined;
  readonly build: string;
}): SimReplayView {
  const { file, bundle, replayed, until, agent, build } = given;
  const shown = replayed.agents.filter(({ name }) => agent === undefined || name === agent);
  const isAsked = until !== undefined || agent !== undefined;
  return {
    schema: "antibody.simReplay/1",
    file,
    scenario: bundle.scenario.name,
    agentsCount: bundle.agents,
    seed: bundle.seed,
    simulatedMs: replayed.simulatedMs,
    expectedHash: bundle.hash,
    hash: replayed.hash,
    ...(replayed.isEqual === undefined ? {} : { equal: replayed.isEqual }),
    builds: { bundle: bundle.build, own: build },
    reached: replayed.isReached,
    violations: replayed.violations,
    ...(isAsked ? { agents: shown.map((one) => agentView(one, agent !== undefined)) } : {}),
  };
}

function agentView({ name, process, inspection, events }: AgentThere, isWhole: boolean): AgentView {
  const told = events.map(eventThere);
  if (inspection === undefined) return { name, process, events: told };
  const { members, streams, resources, cutOff, incarnation } = inspection;
  return {
    name,
    process,
    cutOff,
    incarnation: incarnation.join("."),
    members: members.filter(({ verdict }) => isWhole || verdict !== "reachable").map(memberThere),
    reachableCount: members.filter(({ verdict }) => verdict === "reachable").length,
    streams: streams.map(({ stream, active }) => ({ stream, generation: active?.version.generation ?? 0 })),
    resources: resources
      .filter(({ phase }) => isWhole || phase !== "kept")
      .map(({ resource, phase, why }) => ({ resource, phase, why })),
    events: told,
  };
}

function memberThere({ name, verdict, incarnation, why }: Inspection["members"][number]): MemberThere {
  return { name, verdict, incarnation: incarnation.join("."), why };
}

function eventThere({ atMs, event: { name, level, fields } }: ToldEvent): EventThere {
  return { atMs, name, level, fields };
}

export function simReplayLines(view: SimReplayView, agent: string | undefined): readonly string[] {
  const { scenario, agentsCount, seed, simulatedMs, violations } = view;
  const played = `${scenario}, ${agentsCount} agents, seed ${seed}: ${(simulatedMs / 1_000).toFixed(3)} s`;
  return [
    ...labeled(view.equal === undefined ? "stopped" : "played", played, labelWidth),
    ...hashLines(view),
    ...violations.flatMap((violation) => labeled("violated", violationText(violation), labelWidth)),
    ...(view.agents === undefined ? [] : agentLines(view.agents, agent !== undefined)),
  ];
}

function hashLines({ equal, hash, expectedHash, builds, reached }: SimReplayView): readonly string[] {
  const missed = reached ? [] : labeled("missed", "what it was to stop at never came", labelWidth);
  if (equal === undefined) return missed;
  if (equal) return [...labeled("hash", `${hash}, as in the bundle`, labelWidth), ...missed];
  const cause =
    builds.bundle === builds.own
      ? "the same version: something in it has changed since"
      : `the bundle was made by ${builds.bundle}, this is ${builds.own}`;
  return [
    ...labeled("differs", `${hash}, and ${expectedHash} in the bundle; ${cause}`, labelWidth),
    ...missed,
  ];
}

function agentLines(agents: readonly AgentView[], isWhole: boolean): readonly string[] {
  const [only] = agents;
  if (isWhole && only !== undefined) return wholeLines(only);
  const rows = agents.map((one) => [
    one.name,
    one.process,
    holdsText(one),
    (one.streams ?? []).map(({ stream, generation }) => `${stream} ${generation}`).join(", "),
    lastText(one.events.at(-1)),
  ]);
  return ["", ...table(["AGENT", "PROCESS", "HOLDS", "IN FORCE", "LAST TOLD"], rows)];
}

/** `7 reachable, dead: agent-3; file:/etc/motd drifted`. */
function holdsText({ reachableCount, members, resources, cutOff }: AgentView): string {
  if (reachableCount === undefined) return "";
  const others = verdictOrder.flatMap((verdict) => {
    const names = (members ?? []).filter((member) => member.verdict === verdict).map(({ name }) => name);
    return names.length === 0 ? [] : [`${verdict}: ${names.join(" ")}`];
  });
  const unkept = (resources ?? []).map(({ resource, phase }) => `${resource} ${phase}`);
  const off = cutOff === true ? ["cut off"] : [];
  return [`${reachableCount} reachable`, ...others, ...off, ...unkept].join("; ");
}

function lastText(event: EventThere | undefined): string {
  return event === undefined ? "" : `${formatDuration(event.atMs)} ${event.name}`;
}

function wholeLines(one: AgentView): readonly string[] {
  const verdicts = (one.members ?? []).map(({ verdict }) => verdict);
  const members = (one.members ?? []).map(({ name, verdict, incarnation, why }) => [
    name,
    verdict,
    incarnation,
    why,
  ]);
  const resources = (one.resources ?? []).map(({ resource, phase, why }) => [
    resource,
    phaseWords(phase as never),
    why,
  ]);
  const events = one.events.map(({ atMs, name, fields }) => [
    `${(atMs / 1_000).toFixed(3)} s`,
    name,
    JSON.stringify(fields),
  ]);
  return [
    "",
    ...labeled(one.name, `${one.process}, incarnation ${one.incarnation ?? "none"}`, labelWidth),
    ...labeled(
      "members",
      tally(verdicts, verdictOrder, (verdict) => verdict),
      labelWidth,
    ),
    ...(members.length === 0 ? [] : ["", ...table(["MEMBER", "VERDICT", "INCARNATION", "WHY"], members)]),
    ...(resources.length === 0 ? [] : ["", ...table(["RESOURCE", "PHASE", "WHY"], resources)]),
    ...(events.length === 0 ? [] : ["", ...table(["AT", "TOLD", "FIELDS"], events)]),
  ];
}
