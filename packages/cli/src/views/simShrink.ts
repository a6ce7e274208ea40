import { formatDuration } from "@antibody/core";
import type { Violation } from "@antibody/sim";
import { labeled, unbroken } from "../text/table.ts";
import { violationText } from "./simSweep.ts";
import { count } from "./words.ts";

/** What `sim shrink` found, as `--json` prints it. */
export interface ShrinkView {
  readonly schema: "antibody.simShrink/1";
  /** The bundle. */
  readonly file: string;
  readonly scenario: string;
  readonly seed: number;
  readonly hash: string;
  readonly violation: Violation;
  readonly before: { readonly faultsCount: number; readonly agents: number };
  readonly after: { readonly faultsCount: number; readonly agents: number; readonly durationMs: number };
  readonly runsCount: number;
  readonly tookMs: number;
  /** Plays the bundle. */
  readonly next: string;
}

export function shrinkLines({
  seed,
  violation,
  before,
  after,
  runsCount,
  tookMs,
  next,
}: ShrinkView): readonly string[] {
  const from = `${count(before.faultsCount, "fault")} among ${before.agents} agents`;
  const to = `${count(after.faultsCount, "fault")} among ${after.agents}, ${formatDuration(after.durationMs)}`;
  const cost = `${count(runsCount, "run")}, ${formatDuration(tookMs)}`;
  return [
    ...labeled("shrunk", `seed ${seed}: from ${from} to ${to} (${cost})`, 10),
    ...labeled("violated", violationText(violation), 10),
    unbroken("next", next, 10),
  ];
}
