import { describe, expect, it } from "vitest";
import { expectAlike } from "./bounds.ts";
import { compare, formations, runLibrary } from "./compare.ts";

/** The simulator's model of gossip against the class that the agents run. 1,000 agents: `test/deep`. */
describe.concurrent("the model of gossip does what the library does", () => {
  it("100 agents that dial together", async () => {
    expectAlike(await compare(100, "together", [1, 2, 3, 4, 5]));
  });

  it("100 agents that come one by one", async () => {
    expectAlike(await compare(100, "oneByOne", [1, 2, 3, 4, 5]));
  });

  it("300 agents that dial together", async () => {
    expectAlike(await compare(300, "together", [1]));
  });

  it("300 agents that come one by one", async () => {
    expectAlike(await compare(300, "oneByOne", [1]));
  });
});

describe("the library in virtual time", () => {
  it("does the same again from the same seed", async () => {
    const plan = { agents: 40, seed: 9, formMs: formations.together };
    const [first, again] = await Promise.all([runLibrary([plan]), runLibrary([plan])]);
    expect(again).toEqual(first);
  });
});
