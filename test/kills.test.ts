import { Random } from "@antibody/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { form, makeColony, type TestColony } from "./harness/colonies.ts";
import { diesAtWrites, KilledAgent, type Moment, moments } from "./harness/killed.ts";

/** A sample of what test/deep/kills.test.ts does hundreds of times. */
const kills = 2;
const seed = 3;

describe("an agent that is killed at random instants", () => {
  let test: TestColony;
  let agent: KilledAgent;

  beforeAll(async () => {
    test = makeColony({ nodeFlags: diesAtWrites });
    await form(test, ["one"], "--sweep", "10m");
    agent = new KilledAgent(test, "one", Random.fromSeed(seed));
    await agent.begin();
  });

  afterAll(() => test.end());

  it.each(Object.keys(moments) as Moment[])("in %s: loses nothing, and leaves nothing", async (moment) => {
    for (let kill = 0; kill < kills; kill += 1)
      expect(await agent.kill(moment), `kill ${kill} of seed ${seed}`).toEqual([]);
  });

  it.each([
    [3, "before"],
    [30, "after"],
  ] as const)(
    "at write %d of its journal, %s the commit: loses nothing, and leaves nothing",
    async (write, side) => {
      expect(await agent.killAtWrite(write, side)).toEqual([]);
    },
  );
});
