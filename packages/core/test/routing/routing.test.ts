import type { AgentId, ResourceId } from "@antibody/policy";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ResourcePhase } from "../../src/contract/inspection.ts";
import { NEVER } from "../../src/contract/time.ts";
import { Random } from "../../src/random.ts";
import { Routing, type RoutingChange } from "../../src/routing/routing.ts";
import { agent, Clock, type Desired, id, line, testCrypto, viewOf } from "../healing/bench.ts";

const route = id("route:api");
const listen = { "route:api": { listen: "127.0.0.1:7080" } };
const settings = { ejectAfterFailures: 1, ejectMs: 2_000 };

function peer(letter: string): AgentId {
  return `agent_${letter.repeat(52)}` as AgentId;
}

/** Routing with a test's hands on its inputs. */
class RoutingBench {
  readonly clock = new Clock();
  readonly options;
  routing: Routing;
  providers: readonly AgentId[] = [];
  readonly phases = new Map<ResourceId, ResourcePhase>();

  constructor(own = agent, limits = settings) {
    this.options = { agent: own, crypto: testCrypto, settings: limits };
    this.routing = Routing.create(this.options);
  }

  desire(desired: Desired, options: Parameters<typeof viewOf>[1] = {}): RoutingChange {
    this.routing.desire(viewOf(desired, options));
    return this.refresh();
  }

  refresh(): RoutingChange {
    const peers = { agent: this.options.agent, providersOf: () => this.providers };
    return this.routing.refresh(peers, (resource) => this.phases.get(resource), this.clock.turn());
  }

  routed(backend: AgentId, result: "answered" | "failed"): string[] {
    this.routing.handle({ type: "routed", resource: route, backend, result }, this.clock.turn());
    return this.lines();
  }

  wakeAfter(ms: number): string[] {
    this.clock.advance(ms);
    this.routing.handle({ type: "wake" }, this.clock.turn());
    return this.lines();
  }

  lines(): string[] {
    return this.clock.take().map(line);
  }

  backends(): readonly string[] {
    return (
      this.routing.inspect().routes[0]?.backends.map(({ agent, state }) => `${agent.slice(6, 7)} ${state}`) ??
      []
    );
  }
}

describe("capabilities", () => {
  const api = id("capability:api");
  const health = id("http:health");
  const promised = { "capability:api": { port: 8080, while: [health] } };

  it("are announced while what they hang on is kept, and withheld with a reason else", () => {
    const bench = new RoutingBench();
    expect(bench.desire(promised)).toEqual({
      announced: [],
      observations: [
        { resource: api, observation: { type: "withheld", because: "http:health is not promised here" } },
      ],
    });
    bench.phases.set(health, "unknown");
    expect(bench.refresh().observations).toEqual([
      { resource: api, observation: { type: "withheld", because: "http:health is unknown" } },
    ]);
    expect(bench.refresh()).toEqual({ announced: [], observations: [] });
    expect(bench.lines()).toEqual([]);

    bench.phases.set(health, "kept");
    expect(bench.refresh()).toEqual({
      announced: ["api"],
      observations: [{ resource: api, observation: { type: "announced" } }],
    });
    expect(bench.lines()).toEqual(["serve api:8080"]);
    expect(bench.refresh()).toEqual({ announced: ["api"], observations: [] });
    expect(bench.lines()).toEqual([]);

    bench.phases.set(health, "drifted");
    expect(bench.refresh().announced).toEqual([]);
    expect(bench.lines()).toEqual(["serve"]);
    expect(bench.routing.inspect().capabilities).toEqual([{ name: "api", port: 8080, announced: false }]);
  });

  it("are told again when the promise changed, since healing has forgotten", () => {
    const bench = new RoutingBench();
    bench.desire({ "capability:api": { port: 1 } });
    expect(bench.desire({ "capability:api": { port: 1 } }, { generation: 2 }).observations).toEqual([]);
    expect(bench.desire({ "capability:api": { port: 2 } }).observations).toHaveLength(1);
    expect(bench.lines()).toEqual(["serve api:1", "serve api:2"]);
    expect(bench.desire({}).announced).toEqual([]);
    expect(bench.lines()).toEqual(["serve"]);
  });

  it("are not announced under a grant that only looks, nor when held", () => {
    const bench = new RoutingBench();
    expect(bench.desire({ "capability:api": { port: 1 } }, { mode: "warn" }).announced).toEqual([]);
    bench.phases.set(api, "held");
    expect(bench.desire({ "capability:api": { port: 1 } }).announced).toEqual([]);
    expect(bench.desire({ "capability:api": { port: 0 } })).toEqual({ announced: [], observations: [] });
  });

  it("are bounded in number", () => {
    const bench = new RoutingBench();
    const many = Array.from(
      { length: 40 },
      (_, index) => [`capability:c${index}`, { port: index + 1 }] as const,
    );
    const { announced, observations } = bench.desire(Object.fromEntries(many));
    expect(announced).toHaveLength(32);
    expect(observations).toHaveLength(40);
  });
});

describe("a route", () => {
  it("leads to the agent itself first, then to reachable providers, and is told only when it changes", () => {
    const bench = new RoutingBench();
    bench.providers = [peer("b"), peer("c")];
    bench.desire({ ...listen, "capability:api": { port: 8080 } });
    const [first] = bench.lines().filter((each) => each.startsWith("route"));
    expect(first).toMatch(new RegExp(`^route route:api \\[${agent} agent_[bc]+ agent_[bc]+\\]$`));
    bench.providers = [peer("c"), agent, peer("b"), peer("c")];
    bench.refresh();
    expect(bench.lines()).toEqual([]);
    bench.providers = [];
    bench.refresh();
    expect(bench.lines()).toEqual([`route route:api [${agent}]`]);
  });

  it("without any backend says so", () => {
    const bench = new RoutingBench();
    bench.desire(listen);
    expect(bench.lines()).toEqual(["route route:api []"]);
    expect(bench.routing.inspect().routes).toEqual([{ resource: route, capability: "api", backends: [] }]);
  });

  it("prefers other peers on other agents, so that load spreads", () => {
    const providers = ["p", "q", "r", "s"].map(peer);
    const counts = new Map<string, number>();
    for (let index = 0; index < 400; index += 1) {
      const own = `agent_${String(index).padStart(52, "x")}` as AgentId;
      const bench = new RoutingBench(own);
      bench.providers = providers;
      bench.desire(listen);
      const [first = ""] = bench.backends();
      counts.set(first, (counts.get(first) ?? 0) + 1);
    }
    expect(counts.size).toBe(4);
    for (const count of counts.values()) expect(count).toBeGreaterThan(60);
  });

  it("ejects what fails, for longer each time, and takes it back", () => {
    const bench = new RoutingBench();
    bench.providers = [peer("b"), peer("c")];
    bench.desire(listen);
    bench.lines();
    const [best = "", other = ""] = bench
      .backends()
      .map((backend) => `agent_${backend.charAt(0).repeat(52)}`);
    expect(bench.routed(best as AgentId, "failed")).toEqual([
      "tell warn route.ejected route:api",
      `route route:api [${other}]`,
    ]);
    expect(bench.routing.deadline).toBe(bench.clock.monoMs + 2_000);
    expect(bench.wakeAfter(1_999)).toEqual([]);
    expect(bench.wakeAfter(1)).toEqual([
      "tell info route.restored route:api",
      `route route:api [${best} ${other}]`,
    ]);
    bench.routed(best as AgentId, "failed");
    expect(bench.wakeAfter(2_000)).toEqual([]);
    expect(bench.wakeAfter(2_000)).toHaveLength(2);
    expect(bench.routed(best as AgentId, "answered")).toEqual([]);
    bench.routed(best as AgentId, "failed");
    expect(bench.wakeAfter(2_000)).toHaveLength(2);
    expect(bench.routing.deadline).toBe(NEVER);
  });

  it("counts failures in a row before it ejects, and an answer ends the row", () => {
    const bench = new RoutingBench(agent, { ejectAfterFailures: 3, ejectMs: 1_000 });
    bench.providers = [peer("b"), peer("c")];
    bench.desire(listen);
    bench.lines();
    expect(bench.routed(peer("b"), "failed")).toEqual([]);
    expect(bench.routed(peer("b"), "failed")).toEqual([]);
    expect(bench.routed(peer("b"), "answered")).toEqual([]);
    expect(bench.routed(peer("b"), "failed")).toEqual([]);
    expect(bench.routed(peer("b"), "failed")).toEqual([]);
    expect(bench.routed(peer("b"), "failed")).toHaveLength(2);
    bench.wakeAfter(1_000);
    expect(bench.routed(peer("b"), "failed")).toContain("tell warn route.ejected route:api");
  });

  it("with all ejected uses all, and one that answers is back at once", () => {
    const bench = new RoutingBench();
    bench.providers = [peer("b"), peer("c")];
    bench.desire(listen);
    bench.routed(peer("b"), "failed");
    bench.lines();
    expect(bench.routed(peer("c"), "failed").at(-1)).toMatch(/^route route:api \[agent_\w+ agent_\w+\]$/);
    expect(bench.backends().map((backend) => backend.slice(2))).toEqual(["ejected", "ejected"]);
    expect(bench.routed(peer("c"), "answered")).toEqual([
      "tell info route.restored route:api",
      `route route:api [${peer("c")}]`,
    ]);
  });

  it("forgets the failures of what left and came back, and ignores what it never offered", () => {
    const bench = new RoutingBench();
    bench.providers = [peer("b"), peer("c")];
    bench.desire(listen);
    bench.routed(peer("b"), "failed");
    expect(bench.routed(peer("z"), "failed")).toEqual([]);
    bench.providers = [peer("c")];
    bench.refresh();
    expect(bench.routing.deadline).toBe(NEVER);
    bench.providers = [peer("b"), peer("c")];
    bench.refresh();
    expect(bench.backends().map((backend) => backend.slice(2))).toEqual(["ready", "ready"]);
  });

  it("that has only ejected ones left counts what fails on, and ejects nobody twice at once", () => {
    const bench = new RoutingBench();
    bench.providers = [peer("b")];
    bench.desire(listen);
    bench.routed(peer("b"), "failed");
    const untilMs = bench.routing.deadline;
    bench.clock.advance(1_000);
    expect(bench.routed(peer("b"), "failed")).toEqual([]);
    expect(bench.routing.deadline).toBe(untilMs);
    expect(bench.routing.inspect().routes[0]?.backends[0]?.why).toContain("2 failures in a row");
  });

  it("that listens elsewhere from now on is told its backends anew", () => {
    const bench = new RoutingBench();
    bench.providers = [peer("b")];
    bench.desire(listen);
    bench.lines();
    bench.desire(listen);
    expect(bench.lines()).toEqual([]);
    bench.desire({ "route:api": { listen: "127.0.0.1:7081" } });
    expect(bench.lines()).toEqual([`route route:api [${peer("b")}]`]);
  });

  it("that is withdrawn is gone, with what it waited for", () => {
    const bench = new RoutingBench();
    bench.providers = [peer("b")];
    bench.desire(listen);
    bench.routed(peer("b"), "failed");
    bench.lines();
    bench.desire({});
    expect(bench.lines()).toEqual([]);
    expect(bench.routing.deadline).toBe(NEVER);
    expect(bench.routed(peer("b"), "failed")).toEqual([]);
    bench.desire(listen);
    expect(bench.lines()).toEqual([`route route:api [${peer("b")}]`]);
  });

  it("names at most so many backends", () => {
    const bench = new RoutingBench();
    bench.providers = Array.from(
      { length: 100 },
      (_, index) => `agent_${String(index).padStart(52, "y")}` as AgentId,
    );
    bench.desire(listen);
    const [told] = bench.clock.take();
    expect(told?.type === "route" && told.backends.length).toBe(32);
  });
});

it("a dump in the middle, restored, goes on with equal outputs", () => {
  const peers = ["b", "c", "d"].map(peer);
  const event = fc.oneof(
    fc.record({ type: fc.constant("routed" as const), peer: fc.nat(2), answered: fc.boolean() }),
    fc.record({ type: fc.constant("wait" as const), ms: fc.nat(3_000) }),
    fc.record({ type: fc.constant("peers" as const), mask: fc.nat(7) }),
    fc.record({ type: fc.constant("phase" as const), kept: fc.boolean() }),
    fc.record({ type: fc.constant("desire" as const), what: fc.nat(3) }),
  );
  const desires: readonly Desired[] = [
    listen,
    { ...listen, "capability:api": { port: 1, while: ["http:x"] } },
    { "capability:api": { port: 2 } },
    { "route:api": { listen: "127.0.0.1:7081" }, "capability:other": { port: 3, while: ["http:x"] } },
  ];
  const happen = (
    bench: RoutingBench,
    each: typeof event extends fc.Arbitrary<infer E> ? E : never,
  ): unknown => {
    switch (each.type) {
      case "routed":
        return bench.routed(peers[each.peer] ?? agent, each.answered ? "answered" : "failed");
      case "wait":
        return bench.wakeAfter(each.ms);
      case "peers":
        bench.providers = peers.filter((_, index) => (each.mask & (1 << index)) !== 0);
        return bench.refresh();
      case "phase":
        bench.phases.set(id("http:x"), each.kept ? "kept" : "drifted");
        return bench.refresh();
      case "desire":
        return bench.desire(desires[each.what] ?? {});
      default:
        throw new Error(`unknown ${each satisfies never}`);
    }
  };
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), fc.array(event, { maxLength: 40 }), (before, after) => {
      const bench = new RoutingBench();
      bench.desire(listen);
      for (const each of before) happen(bench, each);
      bench.lines();
      const copy = new RoutingBench();
      copy.clock.advance(bench.clock.monoMs - copy.clock.monoMs);
      copy.clock.random = Random.at(bench.clock.random.position());
      copy.providers = bench.providers;
      for (const [resource, phase] of bench.phases) copy.phases.set(resource, phase);
      copy.routing = Routing.restore(copy.options, structuredClone(bench.routing.dump()));
      expect(copy.routing.inspect()).toEqual(bench.routing.inspect());
      for (const each of after) {
        expect(happen(copy, each)).toEqual(happen(bench, each));
        expect(copy.lines()).toEqual(bench.lines());
        expect(copy.routing.deadline).toBe(bench.routing.deadline);
      }
      expect(copy.routing.dump()).toEqual(bench.routing.dump());
    }),
    { numRuns: 200 },
  );
});
