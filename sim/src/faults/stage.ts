import type { Random } from "@antibody/core";
import type { Publishers } from "../scenarios/publishers.ts";
import type { SimAgent } from "../world/agent.ts";
import type { World } from "../world/world.ts";
import type { Selecting } from "./selecting.ts";
import type { Streams } from "./streams.ts";

/** What every fault works with. */
export interface Stage {
  readonly world: World;
  readonly publishers: Publishers;
  readonly selecting: Selecting;
  readonly streams: Streams;
  /** Calls back after so much virtual time. */
  after(delayMs: number, run: () => void): void;
  /**
   * Checks an agent now: right before its process ends, and right after a new one begins. What was in force is so
   * again at once, before any peer tells it anything.
   */
  look(agent: SimAgent): void;
  /** Somebody came back, or can be reached again: nobody may hold them dead for long. */
  returned(): void;
  /** Power was lost: what was not synced may be gone. */
  powerLost(agent: SimAgent): void;
}

/** Undoes something after a time; where there is none, it stays. */
export function during(stage: Stage, forMs: number | undefined, undo: () => void): void {
  if (forMs !== undefined) stage.after(forMs, undo);
}

/**
 * Does something again and again for a time, about every `everyMs`: each gap is drawn evenly up to twice as long, so
 * that things do not fall into step.
 */
export function recur(
  stage: Stage,
  random: Random,
  {
    everyMs,
    forMs = Number.POSITIVE_INFINITY,
  }: { readonly everyMs: number; readonly forMs?: number | undefined },
  run: (leftMs: number) => void,
): void {
  const next = (leftMs: number): void => {
    const gapMs = random.between(1, 2 * everyMs - 1);
    if (gapMs > leftMs) return;
    stage.after(gapMs, () => {
      run(leftMs - gapMs);
      next(leftMs - gapMs);
    });
  };
  next(forMs);
}
