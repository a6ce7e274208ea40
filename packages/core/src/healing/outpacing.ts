import type { MonotonicMs } from "../contract/time.ts";

/**
 * How a resource fares between damage and repair. Damage that comes by chance at a rate λ, removed after a time T,
 * leaves it broken for about λT/2 of its time; at λT = 1 repair no longer outpaces damage.
 */
export interface Fare {
  /** Damages that were seen to begin. */
  readonly damages: number;
  readonly brokenMs: number;
  readonly keptMs: number;
  /** Looks in turn, by whose distance T is given where no event tells; and how many of them found damage. */
  readonly looks: number;
  readonly brokenLooks: number;
  /** λT was 1 or more. */
  readonly outpaced: boolean;
}

export const newFare: Fare = {
  damages: 0,
  brokenMs: 0,
  keptMs: 0,
  looks: 0,
  brokenLooks: 0,
  outpaced: false,
};

/** Damages, and looks, before anything is concluded. Guesses: three may be chance. */
const damagesMin = 4;
const looksMin = 8;
/** Then both counts are halved, so that the present weighs more than the past. A guess. */
const countMax = 64;

/** Takes in how long a resource was kept until it was found damaged. */
export function damagedAfter(fare: Fare, keptMs: MonotonicMs): Fare {
  return halved({ ...fare, damages: fare.damages + 1, keptMs: fare.keptMs + keptMs });
}

/** Takes in how long it was broken, once it is kept again. */
export function brokenFor(fare: Fare, brokenMs: MonotonicMs): Fare {
  return { ...fare, brokenMs: fare.brokenMs + brokenMs };
}

/** Takes in what a look in turn found. */
export function looked(fare: Fare, isBroken: boolean): Fare {
  return halved({ ...fare, looks: fare.looks + 1, brokenLooks: fare.brokenLooks + (isBroken ? 1 : 0) });
}

/**
 * λT in hundredths, or undefined while too little is known. By events: λ is damages by the time in which there was
 * anything to damage, T the mean time of repair. By looks in turn: of damage by chance, 1 − e^(−λT) of them find some.
 */
export function lambdaTHundredths({
  damages,
  brokenMs,
  keptMs,
  looks,
  brokenLooks,
}: Fare): number | undefined {
  if (looks >= looksMin) return byLooks(looks, brokenLooks);
  if (damages < damagesMin) return undefined;
  return Math.min(lambdaTMax, Math.floor((100 * brokenMs) / Math.max(1, keptMs)));
}

/** Hundredths above which a larger number says no more. */
const lambdaTMax = 10_000;

/** −ln(1 − p) in hundredths, by a table: p in thousandths at 0.5, 1, 2 and 3. No float decides what must be equal. */
const byThousandths = [
  [951, 300],
  [865, 200],
  [633, 100],
  [394, 50],
] as const;

function byLooks(looks: number, brokenLooks: number): number {
  const thousandths = Math.floor((1_000 * brokenLooks) / looks);
  return byThousandths.find(([least]) => thousandths >= least)?.[1] ?? 0;
}

function halved(fare: Fare): Fare {
  const half = (count: number): number => Math.floor(count / 2);
  if (fare.damages >= countMax)
    return { ...fare, damages: half(fare.damages), brokenMs: half(fare.brokenMs), keptMs: half(fare.keptMs) };
  return fare.looks >= countMax
    ? { ...fare, looks: half(fare.looks), brokenLooks: half(fare.brokenLooks) }
    : fare;
}
