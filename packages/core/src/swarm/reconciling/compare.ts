import type { AgentId } from "@antibody/policy";
import type { PeerMessage } from "../../contract/messages.ts";
import type { Incarnation, Member } from "../../contract/statements.ts";
import { compareIncarnation } from "../../enrolment/incarnation.ts";
import { directoryBucketCount, summaryMembersMax } from "../../limits.ts";
import type { Directory } from "../members/directory.ts";

type Summary = Extract<PeerMessage, { readonly type: "summary" }>;
type SummaryMember = Summary["members"][number];

/** Buckets whose digest is another one than the peer's. */
export function differingBuckets(directory: Directory, theirs: readonly string[]): readonly number[] {
  const mine = directory.bucketDigests;
  const differing: number[] = [];
  for (let bucket = 0; bucket < directoryBucketCount; bucket += 1) {
    if ((theirs[bucket] ?? "") !== mine[bucket]) differing.push(bucket);
  }
  return differing;
}

/** What is held in some buckets: as many whole buckets as one message may name the members of. */
export function summaryOf(
  directory: Directory,
  buckets: readonly number[],
): Pick<Summary, "members" | "buckets"> {
  const byBucket = new Map<number, SummaryMember[]>();
  if (buckets.length > 0) {
    for (const member of directory.membersIn(new Set(buckets))) {
      const bucket = directory.bucketOf(member.certificate.agent);
      byBucket.set(bucket, [...(byBucket.get(bucket) ?? []), summaryMember(directory, member)]);
    }
  }
  const members: SummaryMember[] = [];
  const told: number[] = [];
  for (const bucket of buckets) {
    const held = byBucket.get(bucket) ?? [];
    if (members.length + held.length > summaryMembersMax) break;
    members.push(...held);
    told.push(bucket);
  }
  return { members, buckets: told };
}

/** Members of which the peer's statement is the newer one, and members of which the own is. */
export function differingMembers(
  directory: Directory,
  buckets: readonly number[],
  theirs: readonly SummaryMember[],
): { readonly wanted: readonly AgentId[]; readonly lacked: readonly Member[] } {
  const told = new Map(theirs.map((member) => [member.agent, member]));
  const lacked: Member[] = [];
  const known = new Set<AgentId>();
  const wanted: AgentId[] = [];
  for (const member of buckets.length === 0 ? [] : directory.membersIn(new Set(buckets))) {
    const { agent } = member.certificate;
    known.add(agent);
    const other = told.get(agent);
    const order = other === undefined ? 1 : compareSummaries(summaryMember(directory, member), other);
    if (order > 0) lacked.push(member);
    else if (order < 0) wanted.push(agent);
  }
  for (const { agent } of theirs) if (!known.has(agent)) wanted.push(agent);
  return { wanted, lacked };
}

function summaryMember(directory: Directory, member: Member): SummaryMember {
  const { agent } = member.certificate;
  const incarnation: Incarnation = member.entry.entry.incarnation;
  return { agent, incarnation, dead: directory.deathOf(agent) !== undefined };
}

/** By incarnation; in one incarnation, a death is the newer statement. */
function compareSummaries(left: SummaryMember, right: SummaryMember): number {
  return compareIncarnation(left.incarnation, right.incarnation) || Number(left.dead) - Number(right.dead);
}
