import { describe, expect, it } from "vitest";
import type { Scenario, ScenarioBundle } from "../src/scenarios/scenario.ts";
import type { SimAgent } from "../src/world/agent.ts";
import { type Play, play, quiet, type Strings } from "./puppet.ts";

const bundle: ScenarioBundle = {
  stream: "home",
  documents: [{ name: "motd", promises: { "file:/etc/motd": { content: "{generation}{variant}\n" } } }],
  scope: ["file:/etc/**"],
  powers: [],
  mode: "enforce",
};

function played(steps: Scenario["steps"], differences: Partial<Scenario> = {}, strings: Strings = {}): Play {
  return play(quiet({ agents: 12, steps, bundles: [bundle], ...differences }), strings);
}

function agentsOf({ running }: Play): readonly SimAgent[] {
  return running.world.agents;
}

/** Who reaches nobody of whom, as names of the agents that an agent reaches. */
function reached(play: Play, agent: SimAgent): readonly string[] {
  const { links } = play.running.world.network;
  return agentsOf(play)
    .filter((other) => other !== agent && links.reaches(agent.index, other.index))
    .map(({ name }) => name);
}

/** Times of an agent's inputs, in virtual milliseconds. */
function inputTimes(play: Play, name: string): readonly number[] {
  const [first, ...later] = play.puppets(name).flatMap(({ inputs }) => inputs);
  return [first, ...later].map((each) => (each?.now.wallMs ?? 0) - (first?.now.wallMs ?? 0));
}

describe("the network", () => {
  it("splits in three, and those on no side are one more", () => {
    const who = { count: 3 } as const;
    const play = played([{ atMs: 1_000, type: "partition", sides: [who, who] }]);
    const sizes = agentsOf(play).map((agent) => reached(play, agent).length + 1);
    expect(sizes.toSorted()).toEqual([3, 3, 3, 3, 3, 3, 6, 6, 6, 6, 6, 6]);
  });

  it("shows an eclipsed agent its peers alone, and is whole again after a heal", () => {
    const steps: Scenario["steps"] = [
      { atMs: 1_000, type: "eclipse", who: { names: ["agent-3"] }, peers: { names: ["agent-1", "agent-2"] } },
    ];
    const eclipsed = played(steps);
    expect(reached(eclipsed, agentsOf(eclipsed)[3] as SimAgent)).toEqual(["agent-1", "agent-2"]);
    expect(reached(eclipsed, agentsOf(eclipsed)[1] as SimAgent)).toHaveLength(11);
    expect(reached(eclipsed, agentsOf(eclipsed)[5] as SimAgent)).toHaveLength(10);
    const healed = played([...steps, { atMs: 2_000, type: "heal" }]);
    expect(reached(healed, agentsOf(healed)[3] as SimAgent)).toHaveLength(11);
  });

  it("knows since when a host loses no more than half of its packets, whatever adds up", () => {
    const loss = { type: "loss", who: { names: ["agent-0"] }, lossPerMillion: 400_000 } as const;
    const steps: Scenario["steps"] = [
      { atMs: 1_000, ...loss, forMs: 2_000 },
      { atMs: 2_000, ...loss, forMs: 3_000 },
    ];
    const sinceUs = (durationMs: number): readonly number[] => {
      const { links } = played(steps, { durationMs }).running.world.network;
      return [links.bearableSinceUs(0), links.bearableSinceUs(1)];
    };
    expect(sinceUs(1_500)).toEqual([0, 0]);
    expect(sinceUs(2_500)).toEqual([Number.POSITIVE_INFINITY, 0]);
    expect(sinceUs(4_000)).toEqual([3_000_000, 0]);
    expect(sinceUs(6_000)).toEqual([3_000_000, 0]);
  });

  it("loses packets of the hosts that are named, while it lasts", () => {
    const lossy = (forMs: number): number => {
      const loss = { type: "loss", who: { names: ["agent-0"] }, lossPerMillion: 500_000, forMs } as const;
      return played([{ atMs: 1_100, ...loss }]).running.world.network.links.retransmissions;
    };
    expect(lossy(1)).toBe(0);
    expect(lossy(4_000)).toBeGreaterThan(5);
    expect(lossy(8_000)).toBeGreaterThan(lossy(4_000));
    const bursts = played([
      {
        atMs: 1_000,
        type: "loss",
        who: { all: true },
        lossPerMillion: 500_000,
        forMs: 8_000,
        bursts: { everyMs: 1_000, lastMs: 50 },
      },
    ]).running.world.network.links;
    expect(bursts.retransmissions).toBeGreaterThan(0);
    // Whatever began has ended.
    expect(bursts.delayUs(1_000, 0, 1)).toBeLessThan(10_000);
  });

  it("takes longer from and to a slow link, and as before when that is over", () => {
    // A probe is answered at once: its way there and back.
    const slowest = (steps: Scenario["steps"]): number => {
      const { running } = played(steps);
      const { links } = running.world.network;
      return links.delayUs(1_000, 0, 1);
    };
    const step = { atMs: 1_000, type: "latency", who: { names: ["agent-0"] }, addedUs: 300_000 } as const;
    expect(slowest([step])).toBeGreaterThanOrEqual(301_000);
    expect(slowest([{ ...step, forMs: 1_000 }])).toBeLessThan(3_000);
  });
});

describe("processes", () => {
  it("go on by themselves after a pause that has an end", () => {
    const play = played([{ atMs: 2_000, type: "pause", who: { names: ["agent-2"] }, forMs: 3_000 }]);
    const silent = inputTimes(play, "agent-2").filter((atMs) => atMs > 2_000 && atMs < 5_000);
    expect(silent).toEqual([]);
    expect(inputTimes(play, "agent-2").some((atMs) => atMs === 5_000)).toBe(true);
  });

  it("come and go under churn for a time, and all are back after it", () => {
    const churn = { type: "churn", who: { count: 4 }, everyMs: 200, downMs: 500, forMs: 6_000 } as const;
    const play = played([{ atMs: 1_000, ...churn }], { durationMs: 12_000 });
    const lives = agentsOf(play).map(({ life }) => life);
    expect(lives.filter((life) => life > 1)).toHaveLength(4);
    expect(Math.max(...lives)).toBeGreaterThan(2);
    expect(agentsOf(play).every(({ mind }) => mind !== undefined)).toBe(true);
  });

  it("lose by a torn write a part of what was not synced", () => {
    const left = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => {
      const steps: Scenario["steps"] = [
        { atMs: 1_000, type: "publish", generation: 1, to: { all: true } },
        { atMs: 2_000, type: "powerOff", who: { all: true }, torn: true },
        { atMs: 4_000, type: "restart", who: { all: true } },
      ];
      const { puppets } = play(quiet({ agents: 4, steps, bundles: [bundle] }), {}, seed);
      return puppets("agent-1")[1]?.boot.policies.length ?? 0;
    });
    // The root is synced by the puppet; manifest and fragment are batched.
    expect(new Set(left)).toEqual(new Set([1, 2, 3]));
  });
});

describe("a slow device", () => {
  const slow = { type: "slow", who: { names: ["agent-2"] }, times: { stepUs: 400_000 } } as const;

  it("gives its agent one input after the other, and loses none", () => {
    const steps: Scenario["steps"] = [
      { atMs: 2_000, ...slow },
      { atMs: 5_000, type: "slow", who: slow.who, times: { stepUs: 0 } },
    ];
    const times = inputTimes(played(steps, { durationMs: 20_000 }), "agent-2");
    const meanwhile = times.filter((atMs) => atMs > 2_400 && atMs <= 5_000);
    const gaps = meanwhile.slice(1).map((atMs, index) => atMs - (meanwhile[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(400);
    const normal = inputTimes(played([], { durationMs: 20_000 }), "agent-2");
    expect(Math.abs(times.length - normal.length)).toBeLessThan(20);
  });

  it("is as fast as before when its time is over", () => {
    const { running } = played([{ atMs: 1_000, ...slow, forMs: 1_000 }]);
    expect(running.world.at(2).device.times.stepUs).toBe(0);
  });

  it("is as slow as what is left, when two things slow it down and one ends", () => {
    const steps: Scenario["steps"] = [
      { atMs: 1_000, ...slow, forMs: 4_000 },
      { atMs: 2_000, type: "slow", who: slow.who, times: { stepUs: 100_000 }, forMs: 6_000 },
    ];
    const stepUsAt = (durationMs: number): number =>
      played(steps, { durationMs }).running.world.at(2).device.times.stepUs;
    expect([1_500, 3_000, 6_000, 9_000].map(stepUsAt)).toEqual([400_000, 100_000, 100_000, 0]);
  });
});

describe("clocks", () => {
  it("jump on the wall alone, and drift both", () => {
    const steps: Scenario["steps"] = [
      { atMs: 1_000, type: "clock", who: { names: ["agent-1"] }, wallJumpMs: -3_600_000 },
      { atMs: 1_000, type: "clock", who: { names: ["agent-2"] }, driftPerMillion: 100_000 },
    ];
    const play = played(steps, { durationMs: 11_000 });
    const { world } = play.running;
    const spanOf = (index: number): { readonly mono: number; readonly wall: number } => {
      const first = play.puppets(`agent-${index}`)[0]?.inputs[0]?.now;
      const last = world.clockOf(world.at(index));
      return { mono: last.monoMs - (first?.monoMs ?? 0), wall: last.wallMs - (first?.wallMs ?? 0) };
    };
    expect(spanOf(0)).toEqual({ mono: 11_000, wall: 11_000 });
    expect(spanOf(1)).toEqual({ mono: 11_000, wall: 11_000 - 3_600_000 });
    expect(spanOf(2)).toEqual({ mono: 12_000, wall: 12_000 });
  });

  it("wake a mind when its own clock says so", () => {
    const steps: Scenario["steps"] = [
      { atMs: 1_000, type: "clock", who: { names: ["agent-2"] }, driftPerMillion: -100_000 },
    ];
    const play = played(steps, { durationMs: 20_000 });
    const wakes = play
      .puppets("agent-2")
      .flatMap(({ inputs }) => inputs)
      .filter(({ input }) => input.type === "wake")
      .map(({ now }) => now.monoMs);
    const gaps = wakes.slice(1).map((atMs, index) => atMs - (wakes[index] ?? 0));
    // The puppet asks for every 500 ms; a timer set before the drift rings early once, which is harmless.
    expect(gaps.filter((gap) => gap >= 500 && gap <= 501).length).toBeGreaterThanOrEqual(gaps.length - 2);
  });
});

describe("a fault that is left out", () => {
  it("changes nothing of what the others draw", () => {
    const churn = {
      type: "churn",
      who: { names: ["agent-1", "agent-2"] },
      everyMs: 300,
      downMs: 200,
    } as const;
    const damage = { atMs: 500, type: "damage", who: { all: true }, resources: 1, everyMs: 700 } as const;
    const lives = (steps: Scenario["steps"]): readonly number[] =>
      agentsOf(played(steps)).map(({ life }) => life);
    const step = { atMs: 1_000, ...churn, forMs: 8_000 } as const;
    expect(lives([damage, step])).toEqual(lives([step]));
  });
});
