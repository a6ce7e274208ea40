import type { Overlay, Verdict } from "@antibody/core";
import { shortId } from "@antibody/policy";
import { table } from "../text/table.ts";
import { timesOf } from "../text/times.ts";
import { count, tally, verdictOrder } from "./words.ts";

/** What `map` tells, as `--json` prints it. */
export interface MapView {
  readonly schema: "antibody.map/1";
  readonly time: string;
  /** The agent that was asked. */
  readonly agent: string;
  /** Where the picture was written. */
  readonly file?: string;
  /** In the order of the first ring, the agent that was asked first. */
  readonly members: readonly {
    readonly agent: string;
    readonly name: string;
    readonly verdict: Verdict;
    /** Whether the agent that was asked has a session with it. */
    readonly connected: boolean;
    readonly observers: readonly string[];
  }[];
}

type MapMember = MapView["members"][number];

/** Puts together the overlay. */
export function mapView(overlay: Overlay, file: string | undefined): MapView {
  return {
    schema: "antibody.map/1",
    time: timesOf(overlay).now,
    agent: overlay.agent,
    ...(file === undefined ? {} : { file }),
    members: overlay.members,
  };
}

/** Two lines of what a map shows, for its head. */
export function mapWords(view: MapView): readonly [what: string, state: string] {
  const living = view.members.filter(({ verdict }) => !gone.includes(verdict));
  const isMesh = living.every(({ observers }) => observers.length === living.length - 1);
  const counts = living.map(({ observers }) => observers.length);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const how = isMesh
    ? "everyone observes everyone"
    : `each is observed by ${least === most ? most : `${least} to ${most}`} on the rings`;
  const sessions = view.members.filter(({ connected }) => connected).length;
  const verdicts = view.members.map(({ verdict }) => verdict);
  return [
    `${count(view.members.length, "member")}; ${how}`,
    `${tally(verdicts, verdictOrder, (verdict) => verdict)}; this agent has ${count(sessions, "session")}`,
  ];
}

/** They observe nobody. */
const gone: readonly Verdict[] = ["dead", "left", "away"];

/** How a verdict looks beside a name. */
const marks: { readonly [verdict in Verdict]: string } = {
  reachable: "●",
  suspected: "◐",
  stalled: "◑",
  unreachable: "○",
  dead: "✕",
  away: "◌",
  left: "◌",
};

/** The map as lines: a ring on a terminal, a plain table elsewhere. */
export function mapLines(view: MapView, isTerminal: boolean): readonly string[] {
  const names = namesOf(view);
  const last = view.members.length - 1;
  const rows = view.members.map((member, index) => [
    isTerminal
      ? `${index === 0 ? "╭" : index === last ? "╰" : "├"}${marks[member.verdict]} ${member.name}`
      : member.name,
    shortId(member.agent),
    member.verdict,
    linkWords(view, member),
    observerWords(view, member, names),
  ]);
  const head = [isTerminal ? "   NAME" : "NAME", "AGENT", "STATE", "LINK", "OBSERVED BY"];
  return [...mapWords(view), "", ...table(head, rows)];
}

function linkWords(view: MapView, { agent, connected }: MapMember): string {
  if (agent === view.agent) return "this agent";
  return connected ? "connected" : "-";
}

function observerWords(view: MapView, { agent, observers }: MapMember, names: Map<string, string>): string {
  const others = view.members.filter((each) => each.agent !== agent && !gone.includes(each.verdict)).length;
  if (observers.length === others && others > 1) return "everyone";
  return observers.length === 0 ? "nobody" : observers.map((each) => names.get(each) ?? "").join(" ");
}

/** The names of members, by agent. */
export function namesOf(view: MapView): Map<string, string> {
  return new Map(view.members.map(({ agent, name }) => [agent, name]));
}
