import { formatDuration } from "@antibody/core";
import type { SeedResult, Violation } from "@antibody/sim";
import { shellWord } from "../self.ts";
import { labeled, unbroken } from "../text/table.ts";
import { count } from "./words.ts";

/** A seed that failed, as `--json` prints it. */
export interface SeedView {
  readonly schema: "antibody.simSeed/1";
  readonly scenario: string;
  readonly seed: number;
  readonly hash: string;
  /** The first of each invariant. */
  readonly violations: readonly Violation[];
}

/** How a sweep came out, as `--json` prints it at its end. */
export interface SweepView {
  readonly schema: "antibody.simSweep/1";
  readonly scenario: string;
  readonly firstSeed: number;
  readonly lastSeed: number;
  /** Seeds that ran to their end. */
  readonly seedsCount: number;
  readonly failedSeeds: readonly number[];
  readonly interrupted: boolean;
  readonly tookMs: number;
}

/** Seeds named in the last lines; the rest was named when they failed. */
const seedsNamedMax = 10;
const labelWidth = 10;

export function seedView(scenario: string, { seed, hash, violations }: SeedResult): SeedView {
  return { schema: "antibody.simSeed/1", scenario, seed, hash, violations };
}

export function seedLines({ seed, violations }: SeedView): readonly string[] {
  return violations.flatMap((violation, index) =>
    labeled(index === 0 ? `seed ${seed}` : "", violationText(violation), labelWidth),
  );
}

/** What was violated, when, and where. */
export function violationText({ invariant, agent, atMs, detail }: Violation): string {
  return `${invariant} at ${formatDuration(atMs)}${agent === undefined ? "" : ` (${agent})`}: ${detail}`;
}

export function sweepLines(view: SweepView, self: string, agents: number | undefined): readonly string[] {
  const { scenario, seedsCount, failedSeeds, interrupted, tookMs } = view;
  const [first] = failedSeeds;
  const named = failedSeeds.slice(0, seedsNamedMax).join(", ");
  const more = failedSeeds.length > seedsNamedMax ? ` and ${failedSeeds.length - seedsNamedMax} more` : "";
  const failed = first === undefined ? "all held" : `${failedSeeds.length} failed: ${named}${more}`;
  const text = `${count(seedsCount, "seed")} of ${scenario} in ${formatDuration(tookMs)}: ${failed}`;
  const with_ = agents === undefined ? "" : ` --agents ${agents}`;
  return [
    ...labeled(interrupted ? "stopped" : "swept", text, labelWidth),
    ...(first === undefined
      ? []
      : [
          unbroken(
            "smaller",
            `${self} sim shrink ${shellWord(scenario)}${with_} --seed ${first}`,
            labelWidth,
          ),
        ]),
  ];
}
