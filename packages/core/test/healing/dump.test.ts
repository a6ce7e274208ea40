import fc from "fast-check";
import { expect, it } from "vitest";
import type { Observation } from "../../src/contract/resource.ts";
import { Healing } from "../../src/healing/healing.ts";
import { Random } from "../../src/random.ts";
import { commandBytes } from "../../src/resources/process.ts";
import { Bench, type Desired, digestOf, fileWith, HonestBody, id, viewOf } from "./bench.ts";

const settings = {
  actionsMax: 2,
  handOffAfterFailures: 2,
  backoffBaseMs: 100,
  backoffMaxMs: 400,
  contestRepairsMax: 2,
  contestWindowMs: 5_000,
  contestedRetryMs: 700,
  handedOffRetryMs: 2_000,
  sweepIntervalMs: 3_000,
  backoffResetAfterMs: 4_000,
};

const sensor = { command: ["/usr/bin/sensor"] };
const promises = {
  "file:/a": [{ content: "a" }, { content: "b" }, { absent: true }],
  "file:/b": [{ mode: "0600", after: ["file:/a"] }, { content: "b" }],
  "process:sensor": [sensor, { ...sensor, after: ["file:/b"] }],
  "command:schema": [{ check: ["/c"], apply: ["/a"], timeout: "1s", every: "500ms" }],
  "http:probe": [{ url: "http://127.0.0.1/", every: "700ms" }],
  "route:api": [{ listen: "127.0.0.1:7080" }],
} as const;
const resources = Object.keys(promises) as (keyof typeof promises)[];

const observations: Readonly<Record<string, readonly Observation[]>> = {
  file: [{ type: "absent" }, fileWith("a"), fileWith("b", "0600"), fileWith("", "0777")],
  process: [
    { type: "stopped" },
    {
      type: "running",
      pid: 1,
      startTicks: 1,
      commandDigest: digestOf(new TextDecoder().decode(commandBytes(sensor))),
    },
  ],
  command: [
    { type: "checked", code: 0, output: "" },
    { type: "checked", code: 1, output: "no" },
  ],
  http: [
    { type: "answered", status: 200, tookMs: 1 },
    { type: "failed", error: "ECONNREFUSED" },
  ],
  route: [{ type: "closed" }, { type: "listening", address: "127.0.0.1:7080" }],
};

/** One thing that happens to healing. Whole numbers choose among what is there at that time. */
type Happening =
  | { readonly type: "wait"; readonly ms: number }
  | { readonly type: "desire"; readonly seed: number }
  | { readonly type: "see"; readonly resource: number; readonly what: number }
  | { readonly type: "blind"; readonly resource: number }
  | { readonly type: "end"; readonly running: number; readonly how: number }
  | { readonly type: "command"; readonly what: number; readonly resource: number };

const number = fc.nat(1_000);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant("wait"), ms: fc.nat(2_000) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("desire"), seed: number }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant("see"), resource: number, what: number }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("blind"), resource: number }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("end"), running: number, how: number }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("command"), what: number, resource: number }) },
);

function desiredBy(seed: number): { desired: Desired; frozen: string[]; mode: "enforce" | "warn" } {
  const random = Random.fromSeed(seed);
  const desired: Record<string, Desired[string]> = {};
  const frozen: string[] = [];
  for (const resource of resources) {
    const choice = random.below(10);
    if (choice < 7) desired[resource] = random.pick<Desired[string]>(promises[resource]);
    else if (choice === 7) frozen.push(resource);
  }
  return { desired, frozen, mode: random.below(5) === 0 ? "warn" : "enforce" };
}

function happen(bench: Bench, event: Happening): void {
  const resource = id("resource" in event ? (resources[event.resource % resources.length] ?? "") : "file:/a");
  switch (event.type) {
    case "wait":
      bench.clock.advance(event.ms);
      bench.healing.handle({ type: "wake" }, bench.clock.turn());
      return;
    case "desire": {
      const { desired, frozen, mode } = desiredBy(event.seed);
      bench.healing.desire(viewOf(desired, { frozen, mode, generation: event.seed }), bench.clock.turn());
      return;
    }
    case "see": {
      const kinds = observations[resource.split(":")[0] ?? ""] ?? [];
      const observation = kinds[event.what % kinds.length];
      if (observation === undefined) throw new Error(`no observations of ${resource}`);
      bench.healing.handle({ type: "observed", resource, observation }, bench.clock.turn());
      return;
    }
    case "blind": {
      const failure = { code: "EIO", message: "bad card" };
      bench.healing.handle({ type: "unobservable", resource, failure }, bench.clock.turn());
      return;
    }
    case "end": {
      const running = bench.healing.inspect().resources.flatMap(({ action }) => action?.id ?? []);
      const action = running[event.running % Math.max(1, running.length)] ?? "9-9";
      const results = [
        { type: "done", detail: "ok" },
        { type: "failed", code: "EIO", detail: "broken" },
        { type: "canceled" },
      ] as const;
      const result = results[event.how % 3] ?? { type: "canceled" };
      bench.healing.handle({ type: "outcome", action, result }, bench.clock.turn());
      return;
    }
    case "command": {
      const target = event.resource % 3 === 0 ? "*" : resource;
      const commands = [
        { type: "pause", target, reason: "test", forMs: 1_500 },
        { type: "resume", target },
        { type: "step", target },
      ] as const;
      const command = commands[event.what % 3] ?? { type: "resume", target };
      bench.healing.command({ id: "c", command }, bench.clock.turn());
      return;
    }
    default:
      throw new Error(`unknown ${event satisfies never}`);
  }
}

const happenings = fc.array(happening, { minLength: 5, maxLength: 80 });

it("a dump in the middle of anything, restored, goes on with equal outputs", () => {
  fc.assert(
    fc.property(happenings, happenings, fc.nat(), (before, after, seed) => {
      const bench = new Bench({ settings, seed });
      for (const event of [{ type: "desire", seed } as const, ...before]) happen(bench, event);
      bench.clock.take();

      const copy = new Bench({ settings });
      copy.clock.monoMs = bench.clock.monoMs;
      copy.clock.wallMs = bench.clock.wallMs;
      copy.clock.random = Random.at(bench.clock.random.position());
      copy.healing = Healing.restore(copy.options, structuredClone(bench.healing.dump()));
      expect(copy.healing.inspect()).toEqual(bench.healing.inspect());

      for (const event of after) {
        happen(bench, event);
        happen(copy, event);
        expect(copy.clock.take()).toEqual(bench.clock.take());
        expect(copy.healing.deadline).toBe(bench.healing.deadline);
        expect(copy.healing.revision).toBe(bench.healing.revision);
      }
      expect(copy.healing.dump()).toEqual(bench.healing.dump());
    }),
    { numRuns: 150 },
  );
});

it("a dump does not change when the original lives on", () => {
  fc.assert(
    fc.property(happenings, happenings, (before, after) => {
      const bench = new Bench({ settings });
      for (const event of [{ type: "desire", seed: 1 } as const, ...before]) happen(bench, event);
      const dump = bench.healing.dump();
      const copied = structuredClone(dump);
      for (const event of after) happen(bench, event);
      expect(dump).toEqual(copied);
    }),
    { numRuns: 50 },
  );
});

it("whatever happens: bounds hold, at most one action a resource, and nothing is done to what is paused or held", () => {
  fc.assert(
    fc.property(happenings, fc.nat(), (events, seed) => {
      const bench = new Bench({ settings, seed });
      const running = new Map<string, string>();
      const watched = new Set<string>();
      for (const event of [{ type: "desire", seed } as const, ...events]) {
        happen(bench, event);
        const isStep = event.type === "command" && event.what % 3 === 2;
        for (const output of bench.clock.take()) {
          if (output.type === "persist") {
            for (const { key, value } of output.records) {
              if (value === null && key.startsWith("intent/")) running.delete(key.slice("intent/".length));
            }
          }
          if (output.type === "watch") watched.add(output.resource);
          if (output.type === "unwatch") expect(watched.delete(output.resource)).toBe(true);
          if (output.type === "observe") expect(watched).toContain(output.resource);
          if (output.type !== "act") continue;
          expect([...running.values()]).not.toContain(output.resource);
          running.set(output.action, output.resource);
          const pauses = bench.healing.inspect().pauses.map(({ target }) => target);
          const isPaused = pauses.includes("*") || pauses.includes(output.resource);
          // A step may have asked for a look first, whose answer then lets the action through.
          if (output.plan.idempotent && !isStep) expect(isPaused).toBe(false);
        }
        const { resources: views, queues } = bench.healing.inspect();
        for (const { length, bound } of queues) expect(length).toBeLessThanOrEqual(bound);
        for (const view of views) {
          if (view.phase === "repairing") expect(view.action).toBeDefined();
          if (view.phase === "kept") expect(view.drift).toBeUndefined();
          expect(view.why).not.toBe("");
        }
        expect(bench.healing.idle).toBe(running.size === 0);
      }
    }),
    { numRuns: 150 },
  );
});

it("whatever happened: an honest body heals everything that can be healed", () => {
  fc.assert(
    fc.property(happenings, (events) => {
      const bench = new Bench({ settings });
      for (const event of [{ type: "desire", seed: 1 } as const, ...events]) happen(bench, event);
      bench.healing.command({ id: "c", command: { type: "resume", target: "*" } }, bench.clock.turn());
      const desired = {
        "file:/a": { content: "z" },
        "file:/b": { mode: "0600", after: ["file:/a"] },
        "process:sensor": sensor,
      };
      // What a dishonest body was asked before is never answered.
      bench.clock.take();
      const honest = new HonestBody(bench);
      honest.run(() => bench.healing.desire(viewOf(desired), bench.clock.turn()));
      for (const view of bench.healing.inspect().resources) {
        if (view.action !== undefined) honest.end(view.action.id);
      }
      for (let waits = 0; waits < 40; waits += 1) {
        bench.clock.advance(500);
        honest.run(() => bench.healing.handle({ type: "wake" }, bench.clock.turn()));
      }
      const phases = bench.healing.inspect().resources.map(({ resource, phase }) => `${resource} ${phase}`);
      expect(phases).toEqual(["file:/a kept", "file:/b kept", "process:sensor kept"]);
    }),
    { numRuns: 100 },
  );
});
