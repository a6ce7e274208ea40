import type { DeathCertificate } from "../../contract/statements.ts";
import type { Roster } from "../members/roster.ts";

/** A vote of one who is further away on the rings than the next neighbors. */
interface FarVote {
  readonly slot: number;
  /** For each way to it on a ring, who lies between the subject and it. */
  readonly ways: readonly (readonly number[])[];
}

/** Where the voters of a certificate stand on the rings, by roster. */
export interface Proof {
  readonly roster: Roster;
  /** Votes of the subject's next neighbors. */
  readonly near: number;
  readonly far: readonly FarVote[];
}

/** Ways up to this length are looked for: of a third that are dead, one in six thousand is longer. By reckoning. */
const stepsMax = 8;

/** Found once for all minds of a simulator: certificates and the roster are shared. */
const proofs = new WeakMap<DeathCertificate, Proof>();

/** Where the voters of a certificate stand; undefined where its subject is unknown. The same object until the roster grows. */
export function proofOf(death: DeathCertificate, roster: Roster): Proof | undefined {
  const known = proofs.get(death);
  if (known?.roster === roster) return known;
  const own = roster.slotOf(death.subject);
  if (own === undefined) return undefined;
  const neighbors = roster.neighborsOf(own);
  const voters = death.votes.flatMap(({ vote }) => roster.slotOf(vote.observer) ?? []);
  const far = voters.filter((slot) => !neighbors.includes(slot));
  const proof: Proof = {
    roster,
    near: voters.length - far.length,
    far: far.map((slot) => ({ slot, ways: waysTo(slot, own, roster) })),
  };
  proofs.set(death, proof);
  return proof;
}

function waysTo(slot: number, own: number, roster: Roster): readonly (readonly number[])[] {
  const ways: number[][] = [];
  for (let ring = 0; ring < roster.ringCount; ring += 1) {
    for (const direction of [1, -1] as const) {
      const between: number[] = [];
      let next = roster.neighbor(ring, own, direction);
      while (next !== slot && next !== own && between.length < stepsMax) {
        between.push(next);
        next = roster.neighbor(ring, next, direction);
      }
      if (next === slot) ways.push(between);
    }
  }
  return ways;
}
