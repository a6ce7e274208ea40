import type { ActionId, Input, Output } from "@antibody/core";
import { describe, expect, it } from "vitest";
import type { Scenario, ScenarioBundle } from "../src/scenarios/scenario.ts";
import { type Play, type Puppet, play, quiet, type Strings } from "./puppet.ts";

const bundle: ScenarioBundle = {
  stream: "home",
  documents: [{ name: "motd", promises: { "file:/etc/motd": { content: "generation {generation}\n" } } }],
  scope: ["file:/etc/**"],
  powers: [],
  mode: "enforce",
};

function puppet({ puppets }: Play, name: string, life = 0): Puppet {
  return puppets(name)[life] as Puppet;
}

function inputsOf({ inputs }: Puppet, type: Input["type"]): readonly Input[] {
  return inputs.map(({ input }) => input).filter((input) => input.type === type);
}

/** Answers the first input of a type with outputs, once per agent. */
function once(type: Input["type"], outputs: (puppet: Puppet) => readonly Output[]): Strings {
  const done = new Set<string>();
  return {
    answer: (input, puppet) => {
      if (input.type !== type || done.has(puppet.name)) return [];
      done.add(puppet.name);
      return outputs(puppet);
    },
  };
}

describe("a world", () => {
  it("starts every agent, connects them, and carries their messages", () => {
    const played = play(quiet());
    const first = puppet(played, "agent-0");
    expect(first.inputs[0]?.input).toEqual({ type: "started", addresses: ["/ip4/10.0.0.0/tcp/4001"] });
    expect(first.peers.size).toBe(2);
    const kinds = new Set(
      inputsOf(first, "message").map((input) => input.type === "message" && input.message.type),
    );
    expect([...kinds].sort()).toEqual(["ack", "probe"]);
    expect(played.running.watching.violations).toEqual([]);
  });

  it("wakes a mind when it asked for it, and only then", () => {
    const { inputs } = puppet(play(quiet()), "agent-2");
    const start = inputs[0]?.now.monoMs ?? 0;
    const wakes = inputs.filter(({ input }) => input.type === "wake").map(({ now }) => now.monoMs - start);
    expect(wakes).toEqual(Array.from({ length: 20 }, (_, index) => (index + 1) * 500));
  });

  it("gives every host a monotonic clock of its own, and all one wall clock", () => {
    const played = play(quiet());
    const starts = ["agent-0", "agent-1"].map((name) => puppet(played, name).inputs[0]?.now);
    expect(starts[0]?.monoMs).not.toBe(starts[1]?.monoMs);
    expect(starts[0]?.wallMs).toBe(starts[1]?.wallMs);
  });

  it("says what could not be sent, after the step that sent it", () => {
    const played = play(
      quiet(),
      once("started", ({ name, boot }) => {
        if (name !== "agent-0") return [];
        const to = boot.members[2]?.certificate.agent;
        return to === undefined ? [] : [{ type: "send", to, message: { type: "votes", votes: [] } }];
      }),
    );
    const { inputs } = puppet(played, "agent-0");
    expect(inputs.slice(0, 2).map(({ input }) => input)).toMatchObject([
      { type: "started" },
      { type: "unsent", message: "votes" },
    ]);
  });

  it("runs actions, cancels them, and answers what is observed", () => {
    const resource = "file:/etc/motd" as Extract<Output, { type: "observe" }>["resource"];
    const plan = { verb: "write", idempotent: true, timeoutMs: 1_000, summary: "write" };
    const promise = { content: "x" };
    const act = (action: ActionId): Output => ({ type: "act", action, resource, promise, plan });
    const played = play(
      quiet(),
      once("started", () => [
        { type: "watch", resource, promise, events: false },
        act("1-1"),
        act("1-2"),
        { type: "cancel", action: "1-2" },
        { type: "observe", resource },
      ]),
    );
    const first = puppet(played, "agent-0");
    expect(
      inputsOf(first, "outcome").map(
        (input) => input.type === "outcome" && [input.action, input.result.type],
      ),
    ).toEqual([
      ["1-2", "canceled"],
      ["1-1", "done"],
    ]);
    expect(inputsOf(first, "observed")).toHaveLength(1);
  });

  it("ends a process that has stopped, and its peers hear of it", () => {
    const played = play(
      quiet(),
      once("started", ({ name }) => (name === "agent-1" ? [{ type: "stopped" }] : [])),
    );
    expect(played.running.world.agents.map(({ mind }) => mind !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect(inputsOf(puppet(played, "agent-0"), "dialed")).toMatchObject([{ result: "refused" }]);
  });

  it("closes the sockets of a killed process at its peers, and lets a new one begin where the journal ends", () => {
    const steps: Scenario["steps"] = [
      { atMs: 1_000, type: "publish", generation: 1, to: { all: true } },
      { atMs: 2_000, type: "kill", who: { count: 1, as: "victim" } },
      { atMs: 4_000, type: "restart", who: { named: "victim" } },
    ];
    const played = play(quiet({ steps, bundles: [bundle] }));
    const victim = played.running.world.agents.find(({ life }) => life === 2);
    const [before, after] = played.puppets(victim?.name ?? "") as [Puppet, Puppet];
    expect(after.boot.policies.map(({ id }) => id).sort()).toEqual([...before.policies.keys()].sort());
    expect(before.inputs.every(({ now }) => now.wallMs - (before.inputs[0]?.now.wallMs ?? 0) <= 2_000)).toBe(
      true,
    );
    const others = played.running.world.agents.filter((agent) => agent !== victim);
    expect(others.some(({ name }) => inputsOf(puppet(played, name), "disconnected").length > 0)).toBe(true);
  });

  it("loses with the power what was not synced, and nothing else", () => {
    const steps: Scenario["steps"] = [
      { atMs: 1_000, type: "publish", generation: 1, to: { all: true } },
      { atMs: 2_000, type: "powerOff", who: { count: 1, as: "victim" } },
      { atMs: 4_000, type: "restart", who: { named: "victim" } },
    ];
    const played = play(quiet({ steps, bundles: [bundle] }));
    const victim = played.running.world.agents.find(({ life }) => life === 2);
    const after = played.puppets(victim?.name ?? "")[1] as Puppet;
    // The puppet syncs roots, and batches the rest.
    expect(after.boot.policies.map(({ type }) => type)).toEqual(["root"]);
  });

  it("keeps what comes to a paused process until it goes on, its timers first", () => {
    const steps: Scenario["steps"] = [
      { atMs: 2_100, type: "pause", who: { count: 1, as: "sleeper" } },
      { atMs: 6_200, type: "resume", who: { named: "sleeper" } },
    ];
    const played = play(quiet({ steps }));
    const start = puppet(played, "agent-0").inputs[0]?.now.wallMs ?? 0;
    const sleeper = played.running.world.agents
      .map(({ name }) => puppet(played, name))
      .find(
        ({ inputs }) => !inputs.some(({ now }) => now.wallMs - start > 2_200 && now.wallMs - start < 6_200),
      );
    const inputs = sleeper?.inputs.filter(({ now }) => now.wallMs - start === 6_200) ?? [];
    expect(inputs[0]?.input.type).toBe("wake");
    expect(inputs.filter(({ input }) => input.type === "message").length).toBeGreaterThan(8);
  });

  it("spreads policy by gossip to those that can be reached", () => {
    const steps: Scenario["steps"] = [{ atMs: 3_000, type: "publish", generation: 1, to: { count: 1 } }];
    const played = play(
      quiet({
        agents: 12,
        steps,
        bundles: [bundle],
        expectations: [{ type: "inForce", generation: 1, fromMs: 3_000, withinMs: 1_000 }],
      }),
    );
    expect(played.running.watching.violations).toEqual([]);
    const [awaiting] = played.running.awaiting;
    expect(awaiting?.standing.type).toBe("met");
  });

  it("stops when a mind throws", () => {
    const strings: Strings = {
      answer: (input) => {
        if (input.type === "wake") throw new Error("a broken invariant");
        return [];
      },
    };
    expect(() => play(quiet(), strings)).toThrow(/a broken invariant/);
  });

  it("hashes every output of every agent: same seed, same hash; one output more, another", () => {
    const hashOf = (strings: Strings, seed: number): string =>
      play(quiet({ startSpreadMs: 500 }), strings, seed).running.world.hash;
    expect(hashOf({}, 1)).toBe(hashOf({}, 1));
    expect(hashOf({}, 1)).not.toBe(hashOf({}, 2));
    const tell: Output = { type: "tell", event: { name: "agent.started", level: "info", fields: {} } };
    expect(
      hashOf(
        once("started", ({ name }) => (name === "agent-3" ? [tell] : [])),
        1,
      ),
    ).not.toBe(hashOf({}, 1));
  });
});
