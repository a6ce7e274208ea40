import { expect, test } from "vitest";
import { Rig } from "../../packages/agent/test/device/rig.ts";
import { stages } from "../../packages/agent/test/device/stages/index.ts";
import { type Broken, drawing, heal, type Stage } from "../../packages/agent/test/device/stages/stage.ts";

/** Broken states of each kind; ANTIBODY_RESOURCE_STATES changes it. */
const states = Number(process.env["ANTIBODY_RESOURCE_STATES"] ?? 200);
/** Broken states of each pair of kinds. */
const pairStates = Math.ceil(states / 40);
const eachMsMax = 900_000;

const kinds = stages
  .filter(([{ reason }]) => reason === undefined)
  .map(([stage]) => [stage.kind, stage] as const);
const skipped = stages.filter(([{ reason }]) => reason !== undefined);

test.each(kinds)(
  `a %s is healed from ${states} broken states`,
  async (_kind, stage) => {
    const rig = new Rig();
    const sums = { repairs: 0, failures: 0 };
    for (let seed = 1_000; seed < 1_000 + states; seed += 1) {
      const { repairs, failures } = await heal(rig, await stage.arrange(rig, drawing(seed), seed));
      sums.repairs += repairs;
      sums.failures += failures;
    }
    console.info(
      `${stage.kind}: ${states} states, ${sums.repairs} repairs, ${sums.failures} failed as they must`,
    );
    expect(sums.repairs).toBeGreaterThan(states / 4);
  },
  eachMsMax,
);

test.each(skipped.map(([{ kind, reason }]) => [kind, reason] as const))(
  "a %s cannot be broken here",
  (_kind, reason) => {
    if (process.env["CI"] !== undefined) throw new Error(reason);
  },
);

const pairs = kinds.flatMap(([, left], index) =>
  kinds.slice(index).map(([, right]) => [left, right] as const),
);

test(
  `each of ${pairs.length} pairs of kinds is healed side by side, and neither moves the other`,
  async () => {
    for (const [index, [left, right]] of pairs.entries()) {
      const rig = new Rig();
      for (let each = 0; each < pairStates; each += 1)
        await healBoth(rig, left, right, index * 1_000 + each * 2);
    }
  },
  eachMsMax,
);

/** Heals one, then the other; then nothing is left to do for either, whatever was done for the second. */
async function healBoth(rig: Rig, left: Stage, right: Stage, seed: number): Promise<void> {
  const first = withoutAfter(await left.arrange(rig, drawing(seed), seed));
  const second = withoutAfter(await right.arrange(rig, drawing(seed + 1), seed + 1));
  // Two promises of one resource are no pair: one of them is not in force.
  if (first.id === second.id) return;
  const both: readonly Broken[] = seed % 4 === 0 ? [second, first] : [first, second];
  const failed = [];
  for (const broken of both) failed.push((await heal(rig, broken)).failures > 0);
  for (const [index, broken] of both.entries())
    if (failed[index] === false)
      expect(await heal(rig, broken), `${broken.id} beside the other, seed ${seed}`).toEqual({
        repairs: 0,
        failures: 0,
      });
}

/** What was there besides may be changed by the other of a pair. */
function withoutAfter({ after: _after, ...broken }: Broken): Broken {
  return broken;
}
