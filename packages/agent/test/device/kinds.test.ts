import { expect, test } from "vitest";
import { Rig } from "./rig.ts";
import { drawing } from "./stages/drawing.ts";
import { stages } from "./stages/index.ts";
import { heal } from "./stages/stage.ts";

/**
 * `test/deep/resources.test.ts` takes 200 states of each, and pairs. Mounts are for `namespaces.test.ts`, in a namespace
 * of their own.
 */
const kinds = stages
  .filter(([stage]) => stage.kind !== "mount")
  .map(([stage, states]) => [stage.kind, stage, states] as const);

test.for(kinds)("a %s is healed from whatever it was broken to", async ([, stage, states], { skip }) => {
  if (stage.reason !== undefined) skip(stage.reason);
  const rig = new Rig();
  let repairs = 0;
  for (let seed = 0; seed < states; seed += 1)
    repairs += (await heal(rig, await stage.arrange(rig, drawing(seed), seed))).repairs;
  expect(repairs).toBeGreaterThan(states / 4);
});
