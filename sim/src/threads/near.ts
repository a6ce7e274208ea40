import type { ShareOutcome } from "../outcome.ts";
import type { Running } from "../running.ts";
import type { CreateMind } from "../world/agent.ts";
import { Jury } from "./jury.ts";
import { NearLetters } from "./letters.ts";
import { type RunPlan, Shard } from "./shard.ts";

/** A run that was simulated in parts: the one that has judged, and what each has come to. */
interface NearRun {
  readonly running: Running;
  readonly outcomes: readonly ShareOutcome[];
}

/**
 * Simulates all parts of a run in this thread, window by window: what several threads do, one after the other. It shows
 * that the result does not depend on who simulates whom, without the cost of threads.
 */
export function runNear(plan: RunPlan, count: number, createMind: CreateMind): NearRun {
  const settled = new Int32Array(plan.scenario.expectations.length);
  const letters = Array.from({ length: count }, () => Array.from({ length: count }, () => new NearLetters()));
  let jury: Jury | undefined;
  const shards = letters.map((row, index) => {
    const correspondence = {
      to: row.map((one, other) => (other === index ? undefined : one)),
      from: letters.map((one, other) => (other === index ? undefined : one[index])),
    };
    return new Shard(plan, { index, count }, settled, correspondence, createMind, (sight) =>
      jury?.hear(index, sight),
    );
  });
  const [first] = shards as [Shard, ...Shard[]];
  jury = new Jury(first.running, count);
  for (let goesOn = true; goesOn; ) {
    const earliestUs = Math.min(...shards.map((shard) => shard.leave()));
    for (const shard of shards) shard.take();
    for (const shard of shards) goesOn = shard.run(earliestUs);
  }
  const outcomes = shards.map((shard) => shard.finish());
  first.running.end();
  return { running: first.running, outcomes };
}
