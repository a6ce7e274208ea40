import { describe, expect, it } from "vitest";
import { expectAlike } from "./bounds.ts";
import { compare, formations, runLibrary } from "./compare.ts";

/**
 * Meshes are random: their degree after deaths differs by 3% from one crowd of 100 to the next. So many crowds bring
 * the difference of two means well below the bounds where the model is right.
 */
const seeds = Array.from({ length: 10 }, (_, index) => index + 1);

/** A quarter of a minute on four cores that do nothing else. */
const boundMs = 400_000;

/**
 * The simulator's model of gossip against the class that the agents run. 300 and 1,000 agents: `test/deep`.
 */
describe.concurrent("the model of gossip does what the library does", { timeout: boundMs }, () => {
  it("100 agents that dial together", async () => {
    expectAlike(await compare(100, "together", seeds));
  });

  it("100 agents that come one by one", async () => {
    expectAlike(await compare(100, "oneByOne", seeds));
  });
});

describe("the library in virtual time", () => {
  it("does the same again from the same seed", async () => {
    const plan = { agents: 40, seed: 9, formMs: formations.together };
    const [first, again] = await Promise.all([runLibrary([plan]), runLibrary([plan])]);
    expect(again).toEqual(first);
  });
});
