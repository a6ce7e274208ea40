import { expect, test } from "vitest";
import { nameOf } from "../src/invariants/awaiting.ts";
import { isOfHolding } from "../src/recording/milestones.ts";
import { listScenarios } from "../src/scenarios/index.ts";

test("a milestone's name says whether its time is how long it held, or after how long it came true", () => {
  const expectations = listScenarios().flatMap((scenario) => scenario.expectations);
  const ofHolding = expectations.filter((expectation) => isOfHolding(nameOf(expectation)));
  expect(new Set(ofHolding.map(({ type }) => type))).toEqual(new Set(["noFalseDeath", "confined"]));
  const others = expectations.filter((expectation) => !ofHolding.includes(expectation));
  expect(others.length).toBeGreaterThan(0);
  expect(others.filter(({ type }) => type === "noFalseDeath" || type === "confined")).toEqual([]);
});
