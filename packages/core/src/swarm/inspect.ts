import type { AgentId } from "@antibody/policy";
import type { Inspection, MemberView, Verdict } from "../contract/inspection.ts";
import type { Member } from "../contract/statements.ts";
import { membersMax, pendingVotesMax, probesForOthersMax } from "../limits.ts";
import { undecidedDeathsMax } from "./deaths.ts";
import type { Directory } from "./directory.ts";
import { assignmentOf, deadRedialedMax, quorumOf } from "./observers.ts";
import type { SwarmParts } from "./parts.ts";
import type { Probing } from "./probing.ts";
import { mismatchesMax, roundsMax } from "./reconcile.ts";
import { reasonOf } from "./watch.ts";

/** The swarm's part of an inspection. Members are the peers, without the agent itself. */
export type SwarmInspection = Pick<
  Inspection,
  "incarnation" | "quorum" | "cutOff" | "localHealth" | "members" | "queues"
>;

/** A quorum's word first, then the peer's own, then the agent's own finding; who is unknown is out of reach. */
export function verdictOn(directory: Directory, probing: Probing, agent: AgentId): Verdict {
  const standing = directory.standingOf(agent);
  if (standing === undefined) return "unreachable";
  return standing === "alive" ? (probing.watchOf(agent)?.finding ?? "reachable") : standing;
}

/** What people and checkers see of a swarm. */
export function inspectSwarm(parts: SwarmParts): SwarmInspection {
  const { agent, settings, directory, probing } = parts;
  return {
    incarnation: parts.own.incarnation,
    quorum: quorumOf(directory, settings, assignmentOf(directory, settings, agent)),
    cutOff: probing.findings.cutOff,
    localHealth: probing.findings.health.score,
    members: viewsOf(parts),
    queues: queuesOf(parts),
  };
}

/** One loop and no copies: a simulator looks at a thousand agents with a thousand members each. */
function viewsOf(parts: SwarmParts): MemberView[] {
  const views: MemberView[] = [];
  for (const member of parts.directory.members()) {
    if (member.certificate.agent !== parts.agent) views.push(viewOf(parts, member));
  }
  return views;
}

function viewOf(
  { directory, probing, links, votes }: SwarmParts,
  { certificate, entry }: Member,
): MemberView {
  const { agent } = certificate;
  const { incarnation, addresses, capabilities } = entry.entry;
  const watch = probing.watchOf(agent);
  return {
    agent,
    name: certificate.certificate.name,
    verdict: verdictOn(directory, probing, agent),
    sinceMs: watch?.sinceMs ?? Number.NEGATIVE_INFINITY,
    why: whyOf(directory, probing, agent),
    incarnation,
    addresses,
    capabilities,
    observedByMe: probing.isObserved(agent),
    connected: links.has(agent),
    votes: votes
      .on(agent, incarnation)
      .map(({ vote }) => ({ observer: vote.observer, evidence: vote.evidence })),
  };
}

function whyOf(directory: Directory, probing: Probing, agent: AgentId): string {
  const standing = directory.standingOf(agent);
  const watch = probing.watchOf(agent);
  switch (standing) {
    case "dead": {
      const votes = directory.deathOf(agent)?.votes ?? [];
      return `${votes.length} observers voted: ${votes.map(({ vote }) => vote.evidence).join(", ")}`;
    }
    case "left":
      return "it said goodbye";
    case "away":
      return "it said that it would be away";
    case "alive":
      return watch === undefined ? "others observe it, and none has found it gone" : reasonOf(watch);
    case undefined:
      return "it is not enrolled here";
    default:
      throw new Error(`unknown standing ${standing satisfies never}`);
  }
}

function queuesOf(parts: SwarmParts): Inspection["queues"] {
  const { directory, probing, settings, votes, helping, deaths, reconcile } = parts;
  const observedMax = Math.max(settings.fullMeshMembersMax, settings.observerCount);
  return [
    { name: "members", length: directory.size, bound: membersMax },
    { name: "watches", length: probing.watchCount, bound: observedMax + deadRedialedMax },
    { name: "pendingVotes", length: votes.count, bound: pendingVotesMax },
    { name: "probesForOthers", length: helping.count, bound: probesForOthersMax },
    { name: "undecidedDeaths", length: deaths.undecidedCount, bound: undecidedDeathsMax },
    { name: "reconcileRounds", length: reconcile.roundCount, bound: roundsMax },
    { name: "digestMismatches", length: reconcile.mismatchCount, bound: mismatchesMax },
  ];
}
