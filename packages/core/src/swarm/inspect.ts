import { type AgentId, compareText } from "@antibody/policy";
import type { Inspection, MemberView, Outline, Verdict } from "../contract/inspection.ts";
import type { DeathCertificate, Member } from "../contract/statements.ts";
import { NOT_YET } from "../contract/time.ts";
import { evictionsMax, pendingVotesMax, probesForOthersMax, sightingsMax } from "../limits.ts";
import { deathEvidence, undecidedDeathsMax } from "./deaths/deaths.ts";
import type { Directory } from "./members/directory.ts";
import { viewOf as viewOfEviction } from "./members/evicting.ts";
import { deadRedialedMax } from "./observing/observers.ts";
import { isUnmet, reasonOf, type Watch } from "./observing/watch.ts";
import type { SwarmParts } from "./parts.ts";
import { mismatchesMax, roundsMax } from "./reconciling/reconcile.ts";

/** The swarm's part of an inspection. Members are the peers, without the agent itself. */
export type SwarmInspection = Pick<
  Inspection,
  "incarnation" | "quorum" | "cutOff" | "localHealth" | "evicted" | "evictions" | "members" | "queues"
>;

/** The swarm's part of an outline. */
export type SwarmOutline = Pick<Outline, "incarnation" | "members" | "directory" | "queues">;

/**
 * A quorum's word first, then the peer's own, then the agent's own finding, then what its observers say; who is unknown
 * is out of reach. To an agent that was put out of its swarm everyone is.
 */
export function verdictOn(
  {
    directory,
    evicting,
    probing,
    missing,
  }: Pick<SwarmParts, "directory" | "evicting" | "probing" | "missing">,
  agent: AgentId,
): Verdict {
  const standing = directory.standingOf(agent);
  if (standing !== "alive") return standing ?? "unreachable";
  if (evicting.ownEviction !== undefined) return "unreachable";
  const watch = probing.watchOf(agent);
  if (isMissedByOthers(watch) && missing.holds(agent)) return "unreachable";
  return watch?.finding ?? "reachable";
}

/** Whether the word of others decides: this agent does not watch the peer, has not tried yet, or does not know yet. */
function isMissedByOthers(watch: Watch | undefined): boolean {
  return watch === undefined || watch.finding === "suspected" || isUnmet(watch);
}

/** What people and checkers see of a swarm. */
export function inspectSwarm(parts: SwarmParts): SwarmInspection {
  const { probing, evicting, evictions } = parts;
  const own = evicting.ownEviction;
  return {
    incarnation: parts.own.incarnation,
    quorum: parts.observers.quorumOf(parts.agent),
    cutOff: probing.findings.cutOff,
    localHealth: probing.findings.health.score,
    ...(own === undefined ? {} : { evicted: viewOfEviction(own) }),
    ...(evictions.size === 0 ? {} : { evictions: evicting.views() }),
    members: viewsOf(parts),
    queues: queuesOf(parts),
  };
}

/** What checkers see of a swarm of any size. */
export function outlineSwarm(parts: SwarmParts): SwarmOutline {
  return {
    incarnation: parts.own.incarnation,
    members: notableViewsOf(parts),
    directory: parts.directory.digest,
    queues: queuesOf(parts),
  };
}

/**
 * Most members of a large swarm are nobody's business here, and look the same to whoever neither observes nor
 * meets them: their views are kept until the directory changes, and the few near ones are put in their places.
 */
function viewsOf(parts: SwarmParts): MemberView[] {
  const { agent: own, directory, probing, missing, links, votes } = parts;
  const views = [...distantViewsOf(parts)];
  const near = [...probing.watched(), ...links.list(), ...votes.subjects(), ...missing.subjects()];
  for (const agent of new Set(near)) {
    const member = agent === own ? undefined : directory.get(agent);
    if (member === undefined) continue;
    views[placeOf(agent, views)] = viewOf(parts, member, directory.deathOf(agent));
  }
  if (parts.evicting.ownEviction === undefined) return views;
  return views.map((view) => {
    const verdict = verdictOn(parts, view.agent);
    return verdict === "unreachable"
      ? { ...view, verdict, why: "this agent was put out of the swarm" }
      : view;
  });
}

/** The dead, as everyone sees them, and those who are out of reach. */
function notableViewsOf(parts: SwarmParts): readonly MemberView[] {
  const { directory, probing, missing } = parts;
  const views: MemberView[] = [];
  const lost = new Set<AgentId>(missing.subjects());
  for (const watch of probing.watches()) if (watch.finding !== "reachable") lost.add(watch.agent);
  for (const agent of [...lost].sort(compareText)) {
    if (directory.standingOf(agent) !== "alive" || verdictOn(parts, agent) === "reachable") continue;
    views.push(viewOf(parts, directory.get(agent) as Member, undefined));
  }
  const dead = deadViewsOf(parts);
  return views.length === 0 ? dead : [...dead, ...views];
}

/** Views as they were at a revision of the directory. */
interface KeptViews {
  readonly revision: number;
  /** In order of agents. */
  readonly views: readonly MemberView[];
}

const deadByDirectory = new WeakMap<Directory, KeptViews>();

/** The same list until the directory changes: after a massacre there are hundreds, and checkers look again and again. */
function deadViewsOf({ directory, sharing }: SwarmParts): readonly MemberView[] {
  const { revision } = directory;
  const known = deadByDirectory.get(directory);
  if (known?.revision === revision) return known.views;
  const views: MemberView[] = [];
  directory.visitDead((member, death) => views.push(distantView(member, death)));
  const shared = sharing.of("dead", views);
  deadByDirectory.set(directory, { revision, views: shared });
  return shared;
}

const distantByDirectory = new WeakMap<Directory, KeptViews>();

/** Of everyone but the agent itself. */
function distantViewsOf(parts: SwarmParts): readonly MemberView[] {
  const { agent: own, directory } = parts;
  const known = distantByDirectory.get(directory);
  if (known?.revision === directory.revision) return known.views;
  const views: MemberView[] = [];
  directory.visit((member, death) => {
    if (member.certificate.agent !== own) views.push(distantView(member, death));
  });
  distantByDirectory.set(directory, { revision: directory.revision, views });
  return views;
}

/** The minds of a simulator share members, and so these. */
const distantViews = new WeakMap<Member | DeathCertificate, MemberView>();

function distantView(member: Member, death: DeathCertificate | undefined): MemberView {
  const known = distantViews.get(death ?? member);
  if (known !== undefined) return known;
  const { certificate, entry } = member;
  const { status, incarnation, addresses, capabilities, build } = entry.entry;
  const view: MemberView = {
    agent: certificate.agent,
    name: certificate.certificate.name,
    verdict: death !== undefined ? "dead" : status === "alive" ? "reachable" : status,
    sinceMs: NOT_YET,
    why: whyOf(member, death, undefined),
    incarnation,
    addresses,
    capabilities,
    build,
    observedByMe: false,
    connected: false,
    votes: [],
  };
  distantViews.set(death ?? member, view);
  return view;
}

/** Where a member's view stands; it does. */
function placeOf(agent: AgentId, views: readonly MemberView[]): number {
  let [low, high] = [0, views.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((views[middle] as MemberView).agent < agent) low = middle + 1;
    else high = middle;
  }
  return low;
}

function viewOf(parts: SwarmParts, member: Member, death: DeathCertificate | undefined): MemberView {
  const { probing, missing, links, votes } = parts;
  const { certificate, entry } = member;
  const { agent } = certificate;
  const { incarnation, addresses, capabilities, build } = entry.entry;
  const watch = probing.watchOf(agent);
  const isMissed = death === undefined && isMissedByOthers(watch) && missing.holds(agent);
  return {
    agent,
    name: certificate.certificate.name,
    verdict: verdictOn(parts, agent),
    sinceMs: watch?.sinceMs ?? missing.sinceMs(agent) ?? NOT_YET,
    why: isMissed ? missing.why(agent) : whyOf(member, death, watch),
    incarnation,
    addresses,
    capabilities,
    build,
    observedByMe: watch?.duty === "observe",
    connected: links.has(agent),
    votes: votes
      .on(agent, incarnation)
      .map(({ vote }) => ({ observer: vote.observer, evidence: vote.evidence })),
  };
}

function whyOf({ entry }: Member, death: DeathCertificate | undefined, watch: Watch | undefined): string {
  const { status } = entry.entry;
  if (death !== undefined) {
    return deathEvidence(death);
  }
  switch (status) {
    case "left":
      return "it said goodbye";
    case "away":
      return "it said that it would be away";
    case "alive":
      return watch === undefined ? "others observe it, and none has found it gone" : reasonOf(watch);
    default:
      throw new Error(`unknown status ${status satisfies never}`);
  }
}

function queuesOf(parts: SwarmParts): Inspection["queues"] {
  const { directory, probing, settings, votes, helping, deaths, reconcile } = parts;
  const observedMax = Math.max(settings.fullMeshMembersMax, settings.observerCount);
  return [
    { name: "members", length: directory.size, bound: directory.membersMax },
    { name: "evictions", length: parts.evictions.size, bound: evictionsMax },
    { name: "watches", length: probing.watchCount, bound: observedMax + deadRedialedMax },
    { name: "pendingVotes", length: votes.count, bound: pendingVotesMax },
    { name: "sightings", length: parts.missing.count, bound: sightingsMax },
    { name: "probesForOthers", length: helping.count, bound: probesForOthersMax },
    { name: "undecidedDeaths", length: deaths.undecidedCount, bound: undecidedDeathsMax },
    { name: "reconcileRounds", length: reconcile.roundCount, bound: roundsMax },
    { name: "digestMismatches", length: reconcile.mismatchCount, bound: mismatchesMax },
  ];
}
