import { type AgentId, type Crypto, compareText, toHex, utf8 } from "@antibody/policy";

/** A living peer that takes part in a role, or the agent itself. */
export interface Candidate {
  readonly agent: AgentId;
  readonly holds: boolean;
  /** Nobody suspects that it is gone. */
  readonly isSure: boolean;
  /** Of the pair of role and agent: 64 hex digits. The highest are favored. */
  readonly rank: string;
}

/** The rendezvous rank of a peer for a role (Thaler and Ravishankar, 1998): equal for everyone who computes it. */
export function roleRank(crypto: Pick<Crypto, "sha256">, role: string, agent: AgentId): string {
  return toHex(crypto.sha256(utf8(`${role}\n${agent}`)));
}

/** Candidates as the role favors them, the most favored first. */
export function byFavor(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.toSorted(
    (left, right) => compareText(right.rank, left.rank) || compareText(left.agent, right.agent),
  );
}

/**
 * Who shall hold a role: those that hold it stay, and what is missing comes from the most favored of the others. So
 * a death moves no place but that of who died, and who returns displaces nobody. Where too many hold it, the most
 * favored of them stay. A function of the candidates alone: peers with equal views choose alike.
 */
export function chosen(count: number, candidates: readonly Candidate[]): readonly AgentId[] {
  const favored = byFavor(candidates);
  const holders = favored.filter(({ holds }) => holds);
  const others = favored.filter(({ holds }) => !holds);
  return [...holders, ...others].slice(0, count).map(({ agent }) => agent);
}

/**
 * Who gives the role back, once nothing has changed for long enough: the least favored holder, where somebody who does
 * not hold it is favored more. One at a time, and only when none is missing; undefined when all is as favored.
 */
export function returning(count: number, candidates: readonly Candidate[]): AgentId | undefined {
  const favored = byFavor(candidates);
  const holders = favored.filter(({ holds }) => holds);
  const last = holders.at(-1);
  const first = favored.find(({ holds }) => !holds);
  if (holders.length !== count || last === undefined || first === undefined) return undefined;
  return favored.indexOf(first) < favored.indexOf(last) ? last.agent : undefined;
}
