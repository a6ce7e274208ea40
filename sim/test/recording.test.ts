import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runScenario, type Scenario } from "../src/index.ts";
import { decodeRecording, encodeRecording } from "../src/recording/codec.ts";
import { Holders, type Truth } from "../src/recording/holders.ts";
import { Recorder } from "../src/recording/recorder.ts";
import { type Changes, type ProcessCode, processCodes, type Recording } from "../src/recording/recording.ts";

/** Columns hold numbers below 2^51: their differences need a bit for the sign. */
const whole = fc.integer({ min: 0, max: 2 ** 50 });
const index = fc.nat(99_999);
const text = fc.string({ unit: "binary", maxLength: 12 });

function columns<const Key extends string>(...keys: readonly Key[]): fc.Arbitrary<Record<Key, number[]>> {
  return fc
    .array(fc.tuple(...keys.map(() => whole)), { maxLength: 20 })
    .map(
      (rows) =>
        Object.fromEntries(
          keys.map((key, column) => [key, rows.map((row) => row[column] as number)]),
        ) as Record<Key, number[]>,
    );
}

const changes = columns("atMs", "agent", "value");
const detections = fc
  .record({ columns: columns("tookMs", "count"), missing: whole })
  .map(({ columns: { tookMs, count }, missing }) => ({ tookMs, count, missing }));

const recordings: fc.Arbitrary<Recording> = fc.record({
  title: text,
  durationMs: whole,
  names: fc.oneof(
    fc.array(text, { maxLength: 8 }),
    fc.nat(8).map((count) => Array.from({ length: count }, (_, at) => `agent-${at}`)),
  ),
  steps: fc.array(
    fc.record(
      { atMs: whole, label: text, agents: fc.array(index, { maxLength: 8 }) },
      { requiredKeys: ["atMs", "label"] },
    ),
    { maxLength: 4 },
  ),
  streams: fc.array(
    fc.record({
      name: text,
      generations: fc.array(fc.record({ epoch: whole, generation: whole }), { maxLength: 4 }),
      inForce: changes,
    }),
    { maxLength: 3 },
  ),
  places: fc.array(text, { maxLength: 4 }),
  processes: changes,
  whereabouts: changes,
  held: changes,
  mistaken: changes,
  samples: columns("atMs", "messages", "bytes", "drifts", "repairs"),
  endDetections: detections,
  pauseDetections: detections,
  gaps: fc.array(text, { maxLength: 2 }),
});

/** Columns as plain arrays, whatever they are kept in. */
function plain(recording: Recording): unknown {
  return JSON.parse(
    JSON.stringify(recording, (_, value: unknown) => (value instanceof Float64Array ? [...value] : value)),
  );
}

async function record(scenario: string | Scenario, agents: number, seed: number): Promise<Recording> {
  const recorder = new Recorder();
  await runScenario({ scenario, agents, seed, observer: recorder });
  return recorder.recording;
}

/** How each agent stands when all changes up to a time are applied. */
function stateAt(
  { atMs, agent, value }: Changes,
  agents: number,
  initial: number,
  untilMs: number,
): number[] {
  const state = new Array<number>(agents).fill(initial);
  for (let at = 0; at < atMs.length && (atMs[at] as number) <= untilMs; at += 1) {
    state[agent[at] as number] = value[at] as number;
  }
  return state;
}

describe("an encoded recording", () => {
  it("decodes to what was encoded", () => {
    fc.assert(
      fc.property(recordings, (recording) => {
        expect(plain(decodeRecording(encodeRecording(recording)))).toEqual(plain(recording));
      }),
    );
  });

  it("is refused when it is cut short", () => {
    fc.assert(
      fc.property(recordings, fc.nat(), (recording, cut) => {
        const bytes = encodeRecording(recording);
        expect(() => decodeRecording(bytes.subarray(0, cut % bytes.length))).toThrow();
      }),
    );
  });
});

describe("who holds whom dead", () => {
  const agents = 11;
  const agent = fc.nat(agents - 1);
  const deeds = fc.array(
    fc.oneof(
      fc.record({ type: fc.constant("hold" as const), observer: agent, subject: agent }),
      fc.record({ type: fc.constant("release" as const), observer: agent, subject: agent }),
      fc.record({ type: fc.constant("forget" as const), observer: agent }),
      fc.record({ type: fc.constant("counts" as const), observer: agent, counts: fc.boolean() }),
      fc.record({
        type: fc.constant("truth" as const),
        subject: agent,
        truth: fc.constantFrom<Truth>("gone", "there", "absent"),
      }),
    ),
    { maxLength: 60 },
  );

  it("is counted as a set of pairs would count it", () => {
    fc.assert(
      fc.property(deeds, (list) => {
        const holders = new Holders(agents);
        const pairs = new Set<string>();
        const counting = new Set<number>();
        const truths = new Map<number, Truth>();
        for (const deed of list) {
          if (deed.type === "hold") {
            holders.hold(deed.observer, deed.subject);
            pairs.add(`${deed.observer} ${deed.subject}`);
          } else if (deed.type === "release") {
            holders.release(deed.observer, deed.subject);
            pairs.delete(`${deed.observer} ${deed.subject}`);
          } else if (deed.type === "forget") {
            holders.forget(deed.observer, () => {});
            for (const pair of [...pairs]) if (pair.startsWith(`${deed.observer} `)) pairs.delete(pair);
          } else if (deed.type === "counts") {
            holders.setCounts(deed.observer, deed.counts, () => {});
            if (deed.counts) counting.add(deed.observer);
            else counting.delete(deed.observer);
          } else {
            holders.setTruth(deed.subject, deed.truth);
            truths.set(deed.subject, deed.truth);
          }
        }
        const all = [...pairs].map((pair) => pair.split(" ").map(Number) as [number, number]);
        for (let one = 0; one < agents; one += 1) {
          const held = all.filter(([observer]) => observer === one).map(([, subject]) => truths.get(subject));
          expect(holders.rightly[one]).toBe(held.filter((truth) => truth === "gone").length);
          expect(holders.wrongly[one]).toBe(held.filter((truth) => truth === "there").length);
          const by = all.filter(([observer, subject]) => subject === one && counting.has(observer));
          expect(holders.count[one]).toBe(by.length);
        }
      }),
    );
  });
});

describe("a recorder", () => {
  it.each(["mass-death", "paused-agents"])("leaves the run of %s as it is", async (scenario) => {
    const without = await runScenario({ scenario, agents: 40, seed: 3 });
    const observed = await runScenario({ scenario, agents: 40, seed: 3, observer: new Recorder() });
    expect(observed.hash).toBe(without.hash);
    expect(observed.counters).toEqual(without.counters);
  });

  it("records the same of the same seed", async () => {
    const [one, two] = [await record("mass-death", 30, 4), await record("mass-death", 30, 4)];
    expect(encodeRecording(one)).toEqual(encodeRecording(two));
  });

  it("shows who died, that all survivors come to hold them dead, and how long each took", async () => {
    const agents = 60;
    const recording = await record("mass-death", agents, 5);
    const processes = (ms: number): ProcessCode[] =>
      stateAt(recording.processes, agents, 0, ms).map((code) => processCodes[code] as ProcessCode);
    const victims = recording.steps[0]?.agents ?? [];
    expect(recording.steps).toMatchObject([{ atMs: 20_000, label: "kill 18" }]);
    expect(processes(19_999)).not.toContain("killed");
    expect(processes(20_000).flatMap((code, at) => (code === "killed" ? [at] : []))).toEqual(victims);
    const held = stateAt(recording.held, agents, 0, recording.durationMs);
    expect(held).toEqual(held.map((_, at) => (victims.includes(at) ? agents - victims.length : 0)));
    const verdicts = Array.from(recording.endDetections.count).reduce((sum, count) => sum + count, 0);
    expect(verdicts).toBe(18 * 42);
    expect(recording.endDetections.missing).toBe(0);
    const mistaken = (ms: number): number =>
      stateAt(recording.mistaken, agents, 0, ms).reduce((sum, one) => sum + one, 0);
    expect(mistaken(19_999)).toBe(0);
    expect(mistaken(20_000)).toBe(42);
    expect(mistaken(recording.durationMs)).toBe(0);
  });

  it("shows a paused agent held dead by all, and alive again after it has come back", async () => {
    const agents = 40;
    const recording = await record("paused-agents", agents, 2);
    const paused = recording.steps[0]?.agents ?? [];
    const heldAt = (ms: number): number[] => stateAt(recording.held, agents, 0, ms);
    expect(paused.length).toBe(4);
    expect(heldAt(79_999)).toEqual(
      heldAt(0).map((_, at) => (paused.includes(at) ? agents - paused.length : 0)),
    );
    expect(heldAt(recording.durationMs)).toEqual(heldAt(0));
    expect(Array.from(recording.endDetections.count)).toEqual([]);
  });

  it("shows every generation come into force, and the sides of a partition", async () => {
    const agents = 30;
    const recording = await record("partition-heal", agents, 6);
    const [home] = recording.streams;
    expect(recording.streams).toMatchObject([{ name: "home", generations: [{ epoch: 1, generation: 1 }] }]);
    const inForce = stateAt(home?.inForce as Changes, agents, -1, recording.durationMs);
    expect(new Set(inForce)).toEqual(new Set([0]));
    const placed = (ms: number): string[] =>
      stateAt(recording.whereabouts, agents, 0, ms).map((place) => recording.places[place] as string);
    expect(placed(30_000).filter((place) => place === "side 1")).toHaveLength(15);
    expect(placed(30_000).filter((place) => place === "the others")).toHaveLength(15);
    expect(new Set(placed(40_000))).toEqual(new Set([""]));
  });
});
