import { request } from "node:http";
import { text } from "node:stream/consumers";
import { controlClient, exposition } from "@antibody/agent/control";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { closeFakes, type FakeControl, startFake } from "../../agent/test/control.fake.ts";
import { type ReadFamily, readExposition } from "../../agent/test/exposition.ts";
import { setStage } from "./commandLine.ts";
import { fullInspection, greenhouse, resourceId } from "./fixtures.ts";
import { schemaProblems } from "./schemas.ts";

afterEach(closeFakes);
async function scrape(fake: FakeControl, socketPath = fake.paths.read) {
  const { promise, resolve, reject } = Promise.withResolvers<{ type: string | undefined; body: string }>();
  const asked = request({ socketPath, path: "/metrics", agent: false }, (response) => {
    text(response).then((body) => resolve({ type: response.headers["content-type"], body }), reject);
  });
  asked.once("error", reject);
  asked.end();
  return promise;
}

/** The value of the sample with these labels. */
function sample(
  families: ReadonlyMap<string, ReadFamily>,
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const samples = [...(families.get(name)?.samples.values() ?? [])];
  return samples.find((each) => JSON.stringify(each.labels) === JSON.stringify(labels))?.value;
}

describe("metrics", () => {
  test("are text that a strict reader takes, on both sockets", async () => {
    const fake = await startFake();
    fake.agent.inspection = fullInspection;
    for (const socket of [fake.paths.read, fake.paths.control]) {
      const { type, body } = await scrape(fake, socket);
      expect(type).toBe("text/plain; version=0.0.4; charset=utf-8");
      const families = readExposition(body);
      expect(families.size).toBeGreaterThan(25);
      for (const [name, { help }] of families) {
        expect(name).toMatch(/^(antibody|process|nodejs)_/);
        expect(help).toMatch(/\.$/);
      }
    }
  });

  test("say what the inspection says", async () => {
    const fake = await startFake();
    const role = {
      resource: resourceId("role:web"),
      count: 2,
      heldHere: true,
      holders: [greenhouse],
      next: [],
    };
    const roles = [{ ...role, why: "", takeoverMs: 1, overlapMs: 1 }];
    const relayed = [{ peer: greenhouse, by: greenhouse }];
    fake.agent.inspection = {
      ...fullInspection,
      roles,
      relayed,
      queues: [{ name: "members", length: 3, bound: 16_384 }],
    };
    const families = readExposition((await scrape(fake)).body);
    expect(sample(families, "antibody_peers", { verdict: "reachable" })).toBe(1);
    expect(sample(families, "antibody_peers", { verdict: "dead" })).toBe(1);
    expect(sample(families, "antibody_peers", { verdict: "away" })).toBe(0);
    expect(sample(families, "antibody_resources", { phase: "handedOff" })).toBe(1);
    expect(sample(families, "antibody_queue_bound", { queue: "members" })).toBe(16_384);
    const route = { resource: "route:sensor-api" };
    expect(sample(families, "antibody_route_backends", { ...route, state: "ready" })).toBe(1);
    const [stream] = fullInspection.streams;
    const labels = { author: stream?.author ?? "", stream: "home" };
    expect(sample(families, "antibody_policy_generation", labels)).toBe(4);
    expect(sample(families, "antibody_policy_fragments_missing", labels)).toBe(1);
    expect(sample(families, "antibody_role_held", { resource: "role:web" })).toBe(1);
    expect(sample(families, "antibody_role_holders", { resource: "role:web" })).toBe(1);
    expect(sample(families, "antibody_role_count", { resource: "role:web" })).toBe(2);
    expect(sample(families, "antibody_peers_relayed")).toBe(1);
    expect(sample(families, "antibody_resources", { phase: "standingBy" })).toBe(0);
    expect(sample(families, "antibody_quorum_votes")).toBe(3);
    expect(sample(families, "process_start_time_seconds")).toBeLessThan(Date.now() / 1_000);
    expect(sample(families, "process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
  });

  test("count what the log told", async () => {
    const fake = await startFake();
    fake.agent.events = [
      { event: "resource.handedOff", level: "error", count: 1 },
      { event: "resource.repaired", level: "info", count: 3 },
    ];
    const families = readExposition((await scrape(fake)).body);
    expect(sample(families, "antibody_repairs_total")).toBe(3);
    expect(sample(families, "antibody_handoffs_total")).toBe(1);
    const labels = { event: "resource.repaired", level: "info" };
    expect(sample(families, "antibody_events_total", labels)).toBe(3);
  });

  test("are the same families for the client", async () => {
    const fake = await startFake();
    fake.agent.inspection = fullInspection;
    const families = await controlClient(fake.paths).metrics();
    const read = readExposition(exposition(families));
    expect([...read.keys()]).toEqual([...readExposition((await scrape(fake)).body).keys()]);
  });

  test("are printed as they are served, and as one object", async () => {
    const stage = await setStage(fullInspection);
    const { out } = await stage.run("metrics");
    expect(readExposition(out).has("antibody_peers")).toBe(true);
    const { code, value } = await stage.json("metrics");
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
  });

  test("carry any label and any value unchanged", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: "binary" }), fc.double())), (written) => {
        const samples = written.map(([said, value], number) => ({
          labels: { said, number: String(number) },
          value,
        }));
        const families = readExposition(
          exposition([{ name: "a_b", type: "gauge", help: 'a "quoted" \\ and\nbroken help', samples }]),
        );
        const read = [...(families.get("a_b")?.samples.values() ?? [])];
        expect(read.map(({ labels }) => labels)).toEqual(samples.map(({ labels }) => labels));
        for (const [index, { value }] of read.entries())
          expect(value === samples[index]?.value || Number.isNaN(value)).toBe(true);
      }),
    );
  });

  test.each([
    ["# TYPE a gauge\na 1\n", "a type without its help"],
    ["# HELP a x\n# TYPE a gauge\nb 1\n", "away from its family"],
    ["# HELP a x\n# TYPE a gauge\na 1\na 2\n", "the same labels twice"],
    ['# HELP a x\n# TYPE a gauge\na{b="\\x"} 1\n', "unknown escape"],
    ["# HELP a x\n# TYPE a counter\na 1\n", "counters"],
    ["# HELP a x\n# TYPE a gauge\na one\n", "no value"],
  ])("the reader of these tests refuses %j", (wrong, why) => {
    expect(() => readExposition(wrong)).toThrow(why);
  });
});
