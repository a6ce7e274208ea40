import type { Crypto } from "./crypto.ts";
import type { AgentId } from "./ids.ts";
import { type Rollout, waveOf } from "./staging.ts";

/** Salts that are tried. A guess: with five devices in waves of 10, 50 and 100 half a dozen are enough. */
const saltsTriedMax = 64;
/** So many members of a wave are asked for at most, and half of a smaller wave. A guess. */
const reportersAskedMax = 10;

/** What a rollout is planned from. */
export interface PlanRolloutInput {
  /** Rising, the last one 100. */
  readonly percents: readonly number[];
  /** Who lives, as far as the author's agent knows. */
  readonly members: readonly AgentId[];
  /** Gives another salt in hexadecimal each time. */
  nextSalt(): string;
  readonly stallAfterMs: number;
  readonly failuresMax?: number;
  /** Asked of every wave that has as many; absent: half of it, and at most ten. */
  readonly reportersMin?: number;
  readonly crypto: Pick<Crypto, "sha256">;
}

/**
 * Chooses a salt that leaves as few waves empty as it can, and never the first where anybody lives: five devices at
 * 10% would leave it empty 59 times of 100, and an empty wave has nobody to say that all is well. Of an empty wave
 * nobody is asked for.
 */
export function planRollout(input: PlanRolloutInput): Rollout {
  const { percents, members, crypto, stallAfterMs } = input;
  const waves = percents.map((percent) => ({ percent, reportersMin: 0 }));
  let best: { readonly salt: string; readonly counts: readonly number[] } | undefined;
  for (let tried = 0; tried < saltsTriedMax; tried += 1) {
    const salt = input.nextSalt();
    const counts = countsOf({ salt, waves }, members, crypto);
    if (best === undefined || emptiness(counts) < emptiness(best.counts)) best = { salt, counts };
    if (emptiness(best.counts) === 0) break;
  }
  const { salt, counts } = best ?? { salt: "", counts: [] };
  const first = counts[0] ?? 0;
  return {
    salt,
    waves: waves.map(({ percent }, index) => ({
      percent,
      reportersMin: askedOf(counts[index] ?? 0, input.reportersMin),
    })),
    failuresMax: input.failuresMax ?? Math.max(1, Math.min(reportersAskedMax, Math.ceil(first / 4))),
    stallAfterMs,
  };
}

function countsOf(
  rollout: Pick<Rollout, "salt" | "waves">,
  members: readonly AgentId[],
  crypto: Pick<Crypto, "sha256">,
): readonly number[] {
  const counts = rollout.waves.map(() => 0);
  for (const agent of members) {
    const wave = waveOf(rollout, agent, crypto);
    counts[wave] = (counts[wave] ?? 0) + 1;
  }
  return counts;
}

/** Empty waves; an empty first one weighs more than all others. */
function emptiness(counts: readonly number[]): number {
  return counts.filter((count) => count === 0).length + (counts[0] === 0 ? counts.length : 0);
}

function askedOf(count: number, reportersMin: number | undefined): number {
  if (reportersMin !== undefined) return Math.min(count, reportersMin);
  return Math.min(reportersAskedMax, Math.ceil(count / 2));
}
