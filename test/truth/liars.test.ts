import { expect, test } from "vitest";
import { reachedByLiars } from "../calibration/choices.ts";

// Binomial tails, by Python's `math.comb` in exact fractions.
test.each([
  [8, 3, [0.0381, 0.2031, 0.5236]],
  [8, 5, [0.000432, 0.0104, 0.0846]],
  [10, 6, [0.000147, 0.00637, 0.0732]],
  [10, 7, [0.00000912, 0.000864, 0.01855]],
])("of %i observers liars alone are %i as often as they should", (observers, quorum, expected) => {
  const found = [0.1, 0.2, 0.33].map((share) => reachedByLiars(observers, quorum, share));
  for (const [index, chance] of expected.entries()) {
    expect(Math.abs((found[index] as number) / chance - 1)).toBeLessThan(0.01);
  }
});

test("no quorum is reached for certain, and one above all observers never", () => {
  expect(reachedByLiars(10, 0, 0.3)).toBeCloseTo(1, 12);
  expect(reachedByLiars(10, 11, 0.3)).toBe(0);
});
