import type { AgentId } from "@antibody/policy";
import type { Inspection, MemberView, Verdict } from "../contract/inspection.ts";
import type { DeathCertificate, Member } from "../contract/statements.ts";
import { membersMax, pendingVotesMax, probesForOthersMax } from "../limits.ts";
import { deathEvidence, undecidedDeathsMax } from "./deaths.ts";
import type { Directory } from "./directory.ts";
import { deadRedialedMax } from "./observers.ts";
import type { SwarmParts } from "./parts.ts";
import type { Probing } from "./probing.ts";
import { mismatchesMax, roundsMax } from "./reconcile.ts";
import { reasonOf, type Watch } from "./watch.ts";

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
  const { probing } = parts;
  return {
    incarnation: parts.own.incarnation,
    quorum: parts.observers.quorumOf(parts.agent),
    cutOff: probing.findings.cutOff,
    localHealth: probing.findings.health.score,
    members: viewsOf(parts),
    queues: queuesOf(parts),
  };
}

function viewsOf(parts: SwarmParts): MemberView[] {
  const { agent: own, probing, links, votes } = parts;
  const views: MemberView[] = [];
  parts.directory.visit((member, death) => {
    const { agent } = member.certificate;
    if (agent === own) return;
    // Most members of a large swarm are nobody's business here, and look the same to all who do not observe them.
    const isDistant = probing.watchOf(agent) === undefined && !links.has(agent) && !votes.isAbout(agent);
    views.push(isDistant ? distantView(parts, member, death) : viewOf(parts, member, death));
  });
  return views;
}

/** Views of members by whoever does not observe them: the minds of a simulator share members, and these. */
const distantViews = new WeakMap<Member | DeathCertificate, MemberView>();

function distantView(parts: SwarmParts, member: Member, death: DeathCertificate | undefined): MemberView {
  const known = distantViews.get(death ?? member);
  if (known !== undefined) return known;
  const view = viewOf(parts, member, death);
  distantViews.set(death ?? member, view);
  return view;
}

function viewOf(
  { directory, probing, links, votes }: SwarmParts,
  member: Member,
  death: DeathCertificate | undefined,
): MemberView {
  const { certificate, entry } = member;
  const { agent } = certificate;
  const { incarnation, addresses, capabilities, build } = entry.entry;
  const watch = probing.watchOf(agent);
  return {
    agent,
    name: certificate.certificate.name,
    verdict: verdictOn(directory, probing, agent),
    sinceMs: watch?.sinceMs ?? Number.NEGATIVE_INFINITY,
    why: whyOf(member, death, watch),
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
    { name: "members", length: directory.size, bound: membersMax },
    { name: "watches", length: probing.watchCount, bound: observedMax + deadRedialedMax },
    { name: "pendingVotes", length: votes.count, bound: pendingVotesMax },
    { name: "probesForOthers", length: helping.count, bound: probesForOthersMax },
    { name: "undecidedDeaths", length: deaths.undecidedCount, bound: undecidedDeathsMax },
    { name: "reconcileRounds", length: reconcile.roundCount, bound: roundsMax },
    { name: "digestMismatches", length: reconcile.mismatchCount, bound: mismatchesMax },
  ];
}
