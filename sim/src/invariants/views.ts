import type { Incarnation, Inspection, MemberView, Outline, ResourcePhase, Verdict } from "@antibody/core";
import { type AgentId, compareText } from "@antibody/policy";
import { digestOf } from "../hash/trace.ts";
import type { SimAgent } from "../world/agent.ts";

/** What agents must agree on, as far as it is compared. */
export type ComparedView = Pick<Inspection, "agent" | "incarnation" | "members" | "streams">;

/** What outlines agree on. */
export type ComparedOutline = Pick<Outline, "directory" | "members" | "streams">;

/**
 * Whether two agents hold one view: of every member, each other included, its incarnation and what is held of it; of
 * every stream the generation in force. A suspicion is an agent's own business, and no part of it. Members come in
 * one order, without the agent itself.
 */
export function agree(left: ComparedView, right: ComparedView): boolean {
  return agreeOnMembers(left, right) && agreeOnStreams(left.streams, right.streams);
}

/**
 * The same by outlines, for swarms of any size: equal digests are equal incarnations and deaths. `members` are those
 * held dead, or found out of reach.
 */
export function agreeInOutline(left: ComparedOutline, right: ComparedOutline): boolean {
  const [mine, theirs] = [unreachable(left), unreachable(right)];
  return (
    left.directory === right.directory &&
    mine.length === theirs.length &&
    mine.every((agent, index) => agent === theirs[index]) &&
    agreeOnStreams(left.streams, right.streams)
  );
}

/** One text for outlines that agree, and another for any other. */
export function outlineKey(outline: ComparedOutline): string {
  return digestOf([outline.directory, unreachable(outline), streamsOf(outline)]);
}

/** The same for whole views, without some members. */
export function viewKey(view: ComparedView, without: ReadonlySet<string>): string {
  const own = [view.agent, "alive", view.incarnation] as const;
  const others = view.members.map(
    ({ agent, verdict, incarnation }) => [agent, classOf(verdict), incarnation] as const,
  );
  const members = [own, ...others]
    .filter(([agent]) => !without.has(agent))
    .sort(([left], [right]) => compareText(left, right));
  return digestOf([members, streamsOf(view)]);
}

function streamsOf({ streams }: Pick<Inspection, "streams">): unknown {
  return streams.map(({ author, stream, active }) => [author, stream, active?.manifest]);
}

function unreachable({ members }: ComparedOutline): readonly string[] {
  return members.filter(({ verdict }) => classOf(verdict) === "unreachable").map(({ agent }) => agent);
}

function agreeOnMembers(left: ComparedView, right: ComparedView): boolean {
  if (left.agent === right.agent) throw new Error("An agent was compared with itself");
  if (left.members.length !== right.members.length) return false;
  const others = right.members.values();
  let met = 0;
  const next = (): MemberView | undefined => {
    const other = others.next().value;
    if (other?.agent !== left.agent) return other;
    met += holdsAlive(other, left) ? 1 : 0;
    return others.next().value;
  };
  for (const member of left.members) {
    if (member.agent === right.agent) {
      met += holdsAlive(member, right) ? 1 : 0;
    } else {
      const other = next();
      if (other !== member && (other === undefined || !isSame(member, other))) return false;
    }
  }
  // The last entry may be of the left agent itself; nobody else is left.
  return next() === undefined && met === 2;
}

function isSame(left: MemberView, right: MemberView): boolean {
  return (
    left.agent === right.agent &&
    classOf(left.verdict) === classOf(right.verdict) &&
    isSameIncarnation(left.incarnation, right.incarnation)
  );
}

/** Whether a member is held as it holds itself. */
function holdsAlive(held: MemberView, self: ComparedView): boolean {
  return classOf(held.verdict) === "alive" && isSameIncarnation(held.incarnation, self.incarnation);
}

function isSameIncarnation(left: Incarnation, right: Incarnation): boolean {
  return left === right || left.every((part, index) => part === right[index]);
}

function agreeOnStreams(left: Inspection["streams"], right: Inspection["streams"]): boolean {
  return (
    left.length === right.length &&
    left.every(({ author, stream, active }, index) => {
      const other = right[index];
      return (
        other?.author === author && other.stream === stream && other.active?.manifest === active?.manifest
      );
    })
  );
}

/** Resources that are in no resting place: neither kept, nor left alone on purpose. */
export function unkept({ resources }: Pick<Inspection, "resources">): readonly string[] {
  const resting: readonly ResourcePhase[] = ["kept", "paused", "held", "standingBy"];
  return resources.filter(({ phase }) => !resting.includes(phase)).map(({ resource }) => resource);
}

/** Whether a verdict says that a member is dead. */
export function isDead(verdict: Verdict): boolean {
  return verdict === "dead";
}

/** Whether a verdict says that a member is out of reach, dead or not. */
export function isLost(verdict: Verdict): boolean {
  return isDead(verdict) || classOf(verdict) === "unreachable";
}

/** Whether an agent holds exactly these so. */
export function holdsExactly(
  { members }: Pick<Inspection, "members">,
  ended: ReadonlySet<AgentId>,
  isHeld: (verdict: Verdict) => boolean,
): boolean {
  let count = 0;
  for (const { agent, verdict } of members) {
    if (!isHeld(verdict)) continue;
    if (!ended.has(agent)) return false;
    count += 1;
  }
  return count === ended.size;
}

/** The members that an agent wrongly holds so, or wrongly does not; `held` are the words for it. */
export function wrongLosses(
  { members }: Pick<Inspection, "members">,
  ended: readonly SimAgent[],
  isHeld: (verdict: Verdict) => boolean,
  held: string,
): readonly string[] {
  const lost = new Set(members.flatMap(({ name, verdict }) => (isHeld(verdict) ? [name] : [])));
  const names = new Set(ended.map(({ name }) => name));
  const missing = [...names].filter((name) => !lost.has(name)).map((name) => `${name} not ${held}`);
  const wrong = [...lost].filter((name) => !names.has(name)).map((name) => `${name} ${held}`);
  return [...missing, ...wrong];
}

function classOf(verdict: Verdict): string {
  switch (verdict) {
    case "reachable":
    case "suspected":
      return "alive";
    case "unreachable":
    case "stalled":
      return "unreachable";
    case "dead":
    case "left":
    case "away":
      return verdict;
    default:
      throw new Error(`unknown verdict ${verdict satisfies never}`);
  }
}
