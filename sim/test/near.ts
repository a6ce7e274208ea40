import { Jury } from "../src/threads/jury.ts";
import { NearLetters } from "../src/threads/letters.ts";
import { type RunPlan, Shard } from "../src/threads/shard.ts";
import type { CreateMind } from "../src/world/agent.ts";

/** All parts of a run in one thread, window by window: what several threads do, one after the other. */
export function runNear(plan: RunPlan, count: number, createMind: CreateMind): readonly Shard[] {
  const settled = new Int32Array(plan.scenario.expectations.length);
  const letters = Array.from({ length: count }, () => Array.from({ length: count }, () => new NearLetters()));
  const shards: Shard[] = [];
  let jury: Jury | undefined;
  for (let index = 0; index < count; index += 1) {
    const correspondence = {
      to: letters.map((_, other) => (other === index ? undefined : letters[index]?.[other])),
      from: letters.map((row, other) => (other === index ? undefined : row[index])),
    };
    shards.push(
      new Shard(plan, { index, count }, settled, correspondence, createMind, (sight) =>
        jury?.hear(index, sight),
      ),
    );
  }
  const [first] = shards as [Shard, ...Shard[]];
  jury = new Jury(first.running, count);
  for (;;) {
    const earliestUs = Math.min(...shards.map((shard) => shard.leave()));
    for (const shard of shards) shard.take();
    const goesOn = shards.map((shard) => shard.run(earliestUs));
    if (!goesOn.every(Boolean)) break;
  }
  return shards;
}
