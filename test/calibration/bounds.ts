import { expect } from "vitest";
import { type Comparison, differenceOf } from "./compare.ts";
import type { Figures } from "./measure.ts";

/** By how much the model may differ from the library. From the design; a model outside them is wrong. */
const bounds: readonly (readonly [number, readonly (keyof Figures)[]])[] = [
  [0.04, ["meshDegree", "meshDegreeAfterDeaths", "messages", "messagesAfterDeaths", "bytes"]],
  [0.06, ["latencyMsMedian", "latencyMs99", "latencyMsMedianAfterDeaths"]],
];

export function expectAlike(comparison: Comparison): void {
  const { library, model } = comparison;
  for (const [bound, figures] of bounds) {
    for (const figure of figures) {
      const what = `${figure}: library ${library[figure]}, model ${model[figure]}`;
      expect(Math.abs(differenceOf(comparison, figure)), what).toBeLessThan(bound);
    }
  }
  // Nobody is missed: without deaths on the way, gossip reaches everyone in both.
  expect([library.reach, model.reach, library.reachAfterDeaths, model.reachAfterDeaths]).toEqual([
    1, 1, 1, 1,
  ]);
}
