import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "@antibody/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allHold, eventually, form, launcher, makeColony, type TestColony } from "../harness/colonies.ts";
import { diesAtWrites, KilledAgent, type Moment, moments } from "../harness/killed.ts";

/** Kills at each moment; ANTIBODY_KILLS changes it. */
const kills = Number(process.env["ANTIBODY_KILLS"] ?? 50);
const seed = Number(process.env["ANTIBODY_SEED"] ?? 1);

describe("an agent that is killed at random instants", () => {
  let test: TestColony;
  let agent: KilledAgent;

  beforeAll(async () => {
    test = makeColony({ lifeMs: 3_600_000 });
    await form(test, ["one"], "--sweep", "10m");
    agent = new KilledAgent(test, "one", Random.fromSeed(seed));
    await agent.begin();
  });

  afterAll(() => test.end());

  it.each(Object.keys(moments) as Moment[])("in %s: loses nothing, and leaves nothing", async (moment) => {
    for (let kill = 0; kill < kills; kill += 1)
      expect(await agent.kill(moment), `kill ${kill} of seed ${seed}`).toEqual([]);
  });
});

describe("an agent that is killed at each write of its journal", () => {
  let test: TestColony;
  let agent: KilledAgent;

  beforeAll(async () => {
    test = makeColony({ lifeMs: 3_600_000, nodeFlags: diesAtWrites });
    await form(test, ["one"], "--sweep", "10m");
    agent = new KilledAgent(test, "one", Random.fromSeed(seed));
    await agent.begin();
  });

  afterAll(() => test.end());

  it.each(["before", "after"] as const)("%s its commit: loses nothing, and leaves nothing", async (side) => {
    let write = 1;
    for (; ; write += 1) {
      const faults = await agent.killAtWrite(write, side);
      if (faults === undefined) break;
      expect(faults, `write ${write} of seed ${seed}`).toEqual([]);
    }
    // Its start, an order, a generation and repairs are more writes than these.
    expect(write).toBeGreaterThan(20);
  });
});

describe("a device whose join is killed", () => {
  /** What a join takes, at most. */
  const joinMs = 900;
  const random = Random.fromSeed(seed);
  let test: TestColony;

  beforeAll(async () => {
    test = makeColony({ lifeMs: 3_600_000 });
    await form(test, ["one"]);
  });

  afterAll(() => test.end());

  it("comes in by the same code, under the same name, and leaves nothing half-made", async () => {
    for (let kill = 0; kill < kills; kill += 1) {
      const name = `joiner-${kill}`;
      const state = test.colony.stateOf(name);
      const { code } = await test.colony.command("one", "invite", "--expires", "5m");
      const words = [...launcher.args, "--state", state, "join", String(code), "--name", name];
      const joining = spawn(launcher.file, words, { stdio: "ignore" });
      const ended = once(joining, "exit");
      await sleep(random.below(joinMs));
      joining.kill("SIGKILL");
      await ended;
      await test.colony.command(name, "join", String(code), "--name", name).catch((error: unknown) => {
        // It had just come in when it was killed.
        if (!String(error).includes("there is an agent")) throw error;
      });
      expect(readdirSync(state).filter((file) => file.endsWith(".new"))).toEqual([]);
      const agent = await test.colony.start(name);
      await eventually("both to reach each other", () =>
        allHold([agent, test.colony.agent("one")], ["one", name], "reachable"),
      );
      await agent.end();
    }
  });
});
