import { describe, expect, it } from "vitest";
import { isLaterHeartbeat } from "../src/heartbeat.ts";
import { type AuthorId, type FragmentId, makeId } from "../src/ids.ts";
import { authorStreamsMax } from "../src/limits.ts";
import { followRoots } from "../src/rootTree.ts";
import { waveOf } from "../src/staging.ts";
import { freshnessOf, staleOf } from "../src/view/freshness.ts";
import { type ResolveRules, resolveStreams } from "../src/view/stream.ts";

const author: AuthorId = makeId("author", new Uint8Array(32).fill(1));
const idOf = (seed: number): FragmentId => makeId("frag", new Uint8Array(32).fill(seed));

const heartbeat = {
  epoch: 2,
  wallMs: 1_000,
  freshUntilMs: 2_000,
  streams: [{ stream: "home", generation: 5 }],
};
const active = (epoch: number, generation: number) =>
  ({ stream: "home", active: { version: { epoch, generation } } }) as never;

describe("how fresh an author's streams are", () => {
  const fresh = freshnessOf(heartbeat as never, 1_500);

  it("what the last sign of life names must be here, or be of a later epoch", () => {
    expect(staleOf(active(2, 5), fresh)).toBeUndefined();
    expect(staleOf(active(2, 4), fresh)).toEqual({ reason: "behind", generation: 5 });
    expect(staleOf(active(3, 1), fresh)).toBeUndefined();
    expect(staleOf({ stream: "other", disputed: [] } as never, fresh)).toBeUndefined();
  });

  it("has its end by the device's clock, or by the sign's own where that is further", () => {
    expect(freshnessOf(heartbeat as never, 1_999)?.isExpired).toBe(false);
    expect(freshnessOf(heartbeat as never, 2_000)?.isExpired).toBe(true);
    expect(freshnessOf({ ...heartbeat, freshUntilMs: 900 } as never, undefined)?.isExpired).toBe(true);
  });

  it("is said by the later sign of life, then by the longer one, then by one and the same everywhere", () => {
    const sign = (id: string, wallMs: number, freshUntilMs: number) =>
      ({ id, heartbeat: { ...heartbeat, wallMs, freshUntilMs } }) as never;
    const rising = [sign("z", 1, 9), sign("a", 2, 5), sign("b", 2, 5), sign("a", 2, 6)];
    for (const [index, one] of rising.entries())
      for (const [other, two] of rising.entries()) expect(isLaterHeartbeat(one, two)).toBe(index > other);
  });
});

interface Made {
  readonly id: number;
  readonly stream?: string;
  readonly epoch?: number;
  readonly generation: number;
}

function manifest({ id, stream = "home", epoch = 1, generation }: Made, ...fragments: readonly number[]) {
  const header = { stream, epoch, generation, fragments: fragments.map(idOf) };
  return { id: idOf(id), author, manifest: header, bytes: new Uint8Array(10) } as never;
}

function fragment({ id, stream = "home", epoch = 1, generation }: Made, name = "a") {
  const header = { author, stream, epoch, generation, name };
  return { id: idOf(id), author, fragment: header, bytes: new Uint8Array(10) } as never;
}

function resolve(
  manifests: readonly never[],
  fragments: readonly never[],
  change: Partial<ResolveRules> = {},
) {
  const rules = {
    root: undefined,
    floors: new Map(),
    disputes: new Map(),
    bytesMax: Number.MAX_SAFE_INTEGER,
    freshness: undefined,
    ...change,
  };
  return resolveStreams({ author, roots: [], heartbeats: [], manifests, fragments } as never, rules);
}

describe("a stream", () => {
  it("whose author is silent for too long goes on with what is in force, and takes up nothing new", () => {
    const documents = [
      [manifest({ id: 1, generation: 1 }, 2)],
      [fragment({ id: 2, generation: 1 })],
    ] as const;
    const freshness = { heartbeat: heartbeat as never, isExpired: true };
    const floors = new Map([[`${author}/home`, { epoch: 1, generation: 1 }]]);
    expect(resolve(...documents, { freshness, floors })[0]?.active?.version.generation).toBe(1);
    const [late] = resolve(...documents, { freshness });
    expect([late?.active, late?.pending?.stage]).toEqual([undefined, "stale"]);
  });

  it("is in dispute where a fragment is not named by the manifest of its version", () => {
    const [resolved] = resolve([manifest({ id: 1, generation: 1 }, 2)], [fragment({ id: 3, generation: 1 })]);
    expect(resolved).toMatchObject({ dispute: "equivocation", proof: [idOf(1), idOf(3)].sort() });
  });

  it("is in a dispute that was noticed as long as its epoch lasts", () => {
    const documents = [[manifest({ id: 1, epoch: 2, generation: 1 })], []] as const;
    const disputeOf = (epoch: number) => {
      const disputes = new Map([[`${author}/home`, { epoch, proof: [idOf(7), idOf(8)] as const }]]);
      const root = { epoch: 2, carry: [] } as never;
      return resolve(...documents, { root, disputes })[0]?.dispute;
    };
    expect([disputeOf(2), disputeOf(1)]).toEqual(["equivocation", undefined]);
  });

  it("is one of at most so many of its author, however small", () => {
    const names = Array.from(
      { length: authorStreamsMax + 1 },
      (_, index) => `s${String(index).padStart(4, "0")}`,
    );
    const resolved = resolve(
      names.map((stream, index) => manifest({ id: index % 250, stream, generation: 1 })),
      [],
    );
    expect(resolved.filter(({ dispute }) => dispute === "quota").map(({ stream }) => stream)).toEqual([
      names.at(-1),
    ]);
  });
});

it("of two roots with one number the same ones are told, in whatever order they came", () => {
  const first = { id: idOf(1), root: { number: 1, epoch: 1 } };
  const forks = [idOf(2), idOf(3)].map((id) => {
    const previous = Buffer.from(new Uint8Array(32).fill(1)).toString("hex");
    return { id, root: { number: 2, epoch: 1, previous } };
  });
  const expected = [idOf(2), idOf(3)].sort();
  for (const roots of [
    [first, ...forks],
    [...forks.toReversed(), first],
  ])
    expect(followRoots(roots as never, []).proof).toEqual(expected);
});

it("a device at the very border of two waves is in the later one", () => {
  const crypto = { sha256: () => new Uint8Array([0x80, 0, 0, 0]) };
  const agent = makeId("agent", new Uint8Array(32));
  const waves = [50, 100].map((percent) => ({ percent, reportersMin: 0 }));
  expect(waveOf({ salt: "00", waves }, agent, crypto)).toBe(1);
});
