import {
  type AuthorId,
  type FragmentId,
  type Grant,
  makeId,
  type OwnerWord,
  type StreamState,
  type VerifiedPolicy,
  type View,
} from "@antibody/policy";
import { describe, expect, it } from "vitest";
import { activatedBetween } from "../../src/keeping/activating.ts";
import { Grants } from "../../src/keeping/grants.ts";
import { headsOf } from "../../src/keeping/heads.ts";
import { replaces } from "../../src/keeping/superseding.ts";

const author: AuthorId = makeId("author", new Uint8Array(32).fill(1));
const owner = "aa".repeat(32);

function granted(bytesMax: number): Grant {
  return { author, scope: ["**"], rank: 1, mode: "enforce", powers: [], bytesMax, introducedBy: "owner" };
}

function word(sequence: number, bytesMax: number, by: string = owner): OwnerWord {
  const { author: _author, introducedBy: _by, ...grant } = granted(bytesMax);
  return { v: 1, type: "owner", owner: by, subject: author, sequence, grant };
}

describe("grants", () => {
  it("give an author the larger of both quotas, whichever of them it is", () => {
    for (const [local, everywhere] of [
      [10, 5],
      [5, 10],
    ] as const) {
      const grants = new Grants(owner);
      grants.set(granted(local));
      expect(grants.hear("one", word(1, everywhere))).toBe(true);
      expect(grants.bytesMaxOf(author)).toBe(10);
    }
  });

  it("hear nobody but the pinned owner", () => {
    const grants = new Grants(owner);
    expect(grants.hear("theirs", word(1, 5, "bb".repeat(32)))).toBe(false);
    expect(grants.has(author)).toBe(false);
    expect(new Grants(undefined).hear("anybody's", word(1, 5))).toBe(false);
  });
});

function heartbeat(id: string, epoch: number, wallMs: number): VerifiedPolicy {
  const body = { epoch, wallMs, freshUntilMs: wallMs + 1_000 };
  return { type: "heartbeat", id, author, heartbeat: body } as unknown as VerifiedPolicy;
}

it("a heartbeat of a newer epoch replaces one that says a later time: the key of that epoch may be stolen", () => {
  const [stolen, fresh] = [heartbeat("a", 1, 9_000), heartbeat("b", 2, 5_000)];
  expect([replaces(fresh, stolen), replaces(stolen, fresh)]).toEqual([true, false]);
  const [early, late] = [heartbeat("a", 1, 1), heartbeat("b", 1, 2)];
  expect([replaces(late, early), replaces(early, late), replaces(late, late)]).toEqual([true, false, false]);
});

it("of two manifests of one version everyone tells of the same one, in whatever order they came", () => {
  const manifest = (id: string, generation: number): VerifiedPolicy =>
    ({
      type: "manifest",
      id: id as FragmentId,
      author,
      manifest: { stream: "home", epoch: 1, generation },
    }) as never;
  const [first, second, older] = [manifest("a", 2), manifest("b", 2), manifest("0", 1)];
  for (const held of [
    [first, second, older],
    [older, second, first],
  ])
    expect(headsOf(held).streams.map((head) => head.manifest)).toEqual(["a"]);
});

describe("what has come into force between two views", () => {
  const state = (change: Partial<StreamState>): StreamState =>
    ({
      author,
      stream: "home",
      active: { manifest: "m", version: { epoch: 1, generation: 1 } },
      ...change,
    }) as never;
  const view = (...streams: readonly StreamState[]): View => ({ streams }) as never;

  it("is each stream with another generation, or one that is accepted only now", () => {
    expect(activatedBetween(view(), view(state({})))).toHaveLength(1);
    expect(activatedBetween(view(state({})), view(state({})))).toEqual([]);
    expect(activatedBetween(view(state({ held: "noGrant" })), view(state({})))).toHaveLength(1);
  });

  it("is nothing of a stream whose author has signed two of one version", () => {
    expect(activatedBetween(view(), view(state({ held: "equivocation" })))).toEqual([]);
  });
});
