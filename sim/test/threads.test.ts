import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuzzScenario, listScenarios, runScenario, type Scenario, type SimReport } from "../src/index.ts";
import { reportOf } from "../src/reporting.ts";
import { runNear } from "../src/threads/near.ts";
import { Packer } from "../src/threads/packing.ts";
import type { StartThread } from "../src/threads/threads.ts";
import { Unpacker } from "../src/threads/unpacking.ts";
import { createCoreMind, createPlainMind } from "../src/world/coreMind.ts";

/** Small enough that all scenarios take some seconds, and large enough for rings. */
const agents = 10;

/** What a run has shown, whoever has simulated which agents. */
function shown({ hash, violations, milestones, swarm, counters }: SimReport): unknown {
  // Copies of gossip that are in vain are events only where another thread cannot see that they are.
  const { events: _, ...counted } = counters;
  return { hash, violations, milestones, swarm, counted };
}

function inParts(scenario: Scenario, of: number, count: number, createMind = createCoreMind): unknown {
  const { running, outcomes } = runNear({ scenario, agents: of, seed: 1 }, count, createMind);
  return shown(reportOf(running, outcomes, { wallMs: 0, setupMs: 0, rssMb: 0 }));
}

describe("a run in parts", () => {
  it.each(listScenarios())("shows of $name what one thread shows, with 2, 3 and 4", async (scenario) => {
    const whole = shown(await runScenario({ scenario, agents, seed: 1 }));
    for (const count of [2, 3, 4]) expect(inParts(scenario, agents, count)).toEqual(whole);
  });

  it.each([1, 2, 3, 4, 5])(
    "shows of schedule %i of faults what one thread shows, with plain stores too",
    async (seed) => {
      const scenario = fuzzScenario(seed);
      const whole = shown(await runScenario({ scenario, agents: scenario.agents, seed: 1 }));
      expect(inParts(scenario, scenario.agents, 3)).toEqual(whole);
      expect(inParts(scenario, scenario.agents, 2, createPlainMind)).toEqual(whole);
    },
  );
});

const start: StartThread = (workerData, transferred) =>
  new Worker(new URL("./thread.ts", import.meta.url), { workerData, transferList: [...transferred] });

describe("threads of a run", () => {
  it("come to the hash of one", async () => {
    const run = { scenario: "replay-rollback", agents: 12, seed: 3 } as const;
    const one = await runScenario(run);
    const three = await runScenario({ ...run, threads: { count: 3, start } });
    expect(three.workers).toBe(3);
    expect(shown(three)).toEqual(shown(one));
  });

  it("end with the first that fails", async () => {
    const dying: StartThread = () => new Worker("process.exit(3)", { eval: true });
    const run = { scenario: "mass-death", agents: 4, seed: 1, threads: { count: 2, start: dying } };
    await expect(runScenario(run)).rejects.toThrow("a thread of the run has ended with 3");
  });

  it("are not used where all agents are looked at in one instant", async () => {
    const none: StartThread = () => {
      throw new Error("no thread is needed");
    };
    const scenario: Scenario = {
      name: "instant",
      title: "Links that take no time",
      agents: 3,
      durationMs: 1_000,
      startSpreadMs: 0,
      links: { latencyUsMin: 0 },
      steps: [],
      expectations: [],
    };
    const report = await runScenario({ scenario, seed: 1, threads: { count: 2, start: none } });
    expect(report.workers).toBe(1);
  });
});

describe("what threads send each other", () => {
  const plain = fc.letrec((tie) => ({
    value: fc.oneof(
      fc.constantFrom(undefined, null, true, false, Number.POSITIVE_INFINITY),
      fc.double({ noNaN: true }),
      fc.integer(),
      fc.string({ unit: "binary" }),
      fc.uint8Array({ maxLength: 20 }),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom("a", "b", "c"), tie("value"), { noNullPrototype: true }),
    ),
  })).value;

  it("comes as it was, also what was said before and what both sides have forgotten", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(plain, fc.nat({ max: 9 })), { maxLength: 20 }), (values) => {
        const known = { id: "known" };
        const presets = { objects: [known], texts: ["a text"] };
        const [packer, unpacker] = [new Packer(presets), new Unpacker(presets, (object) => object)];
        for (const [value, chance] of values) {
          if (chance === 0) {
            packer.forget();
            unpacker.forget();
          }
          packer.clear();
          const sent = { value, again: [value, known], text: "a text" };
          packer.value(sent);
          unpacker.begin(packer.written.slice());
          const got = unpacker.value() as typeof sent;
          expect(got).toEqual(sent);
          expect(got.again[1]).toBe(known);
          expect(unpacker.isAtEnd).toBe(true);
        }
      }),
    );
  });

  it("is plain, or refused", () => {
    const packer = new Packer({ objects: [], texts: [] });
    expect(() => packer.value([new Map()])).toThrow("no plain value");
    expect(() => packer.value([() => 1])).toThrow("no plain value");
  });
});
