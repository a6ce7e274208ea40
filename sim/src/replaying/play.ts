import type { Event } from "@antibody/core";
import { drive } from "../driving.ts";
import type { Violation } from "../invariants/truth.ts";
import { Running } from "../running.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import type { CreateMind, SimAgent } from "../world/agent.ts";
import { createCoreMind } from "../world/coreMind.ts";

/** What is played, and how far. */
export interface PlayOptions {
  readonly scenario: Scenario;
  readonly agents: number;
  readonly seed: number;
  /** The core's, over columns, where absent. */
  readonly createMind?: CreateMind;
  /** Virtual time at which it stops; the scenario's end where absent. */
  readonly untilMs?: number;
  readonly onTold?: (agent: SimAgent, event: Event, atMs: number) => void;
  /** It stops after the first event for which this is true. */
  readonly stopsAfter?: (agent: SimAgent, event: Event) => boolean;
  /** Called some times a second, with the virtual time. */
  readonly onProgress?: (simulatedMs: number) => void;
}

/** A scenario that was played, and its world as it then stood. */
export interface Played {
  readonly running: Running;
  readonly simulatedMs: number;
  /** Over every output of every agent so far. */
  readonly hash: string;
  readonly violations: readonly Violation[];
  /** It stopped where it was to stop, before its end: what was expected later was not looked at. */
  readonly isStopped: boolean;
}

/**
 * Plays a scenario from a seed. What a mind or the world throws ends it, and is a violation named `threw`: it belongs
 * to that seed as any other.
 */
export async function play(options: PlayOptions): Promise<Played> {
  const { scenario, agents, seed, createMind = createCoreMind, untilMs, onTold, stopsAfter } = options;
  let isReached = false;
  const running: Running = new Running(scenario, agents, seed, createMind, (agent, event) => {
    onTold?.(agent, event, running.simulatedMs);
    isReached ||= stopsAfter?.(agent, event) === true;
  });
  try {
    await drive(running, {
      ...(untilMs === undefined ? {} : { untilMs }),
      ...(stopsAfter === undefined ? {} : { isReached: () => isReached }),
      onPause: () => options.onProgress?.(running.simulatedMs),
    });
    if (!isStopped()) running.finish();
  } catch (error) {
    running.watching.violated("threw", error instanceof Error ? error.message : String(error));
  }
  return {
    running,
    simulatedMs: running.simulatedMs,
    hash: running.world.hash,
    violations: running.watching.violations,
    isStopped: isStopped(),
  };

  function isStopped(): boolean {
    return isReached || (untilMs !== undefined && untilMs < scenario.durationMs);
  }
}
