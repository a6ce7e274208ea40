import {
  type AuthorId,
  type FragmentId,
  makeId,
  type VerifiedFragment,
  type VerifiedManifest,
} from "@antibody/policy";
import { describe, expect, it } from "vitest";
import { DisputeMemory } from "../../src/keeping/disputes.ts";
import { seenManifestsMax } from "../../src/limits.ts";

const author: AuthorId = makeId("author", new Uint8Array(32).fill(1));
const other: AuthorId = makeId("author", new Uint8Array(32).fill(2));
const idOf = (name: string): FragmentId => name as FragmentId;

function manifest(id: string, epoch: number, generation: number, by: AuthorId = author): VerifiedManifest {
  const header = { stream: "home", epoch, generation, fragments: [] };
  return {
    type: "manifest",
    id: idOf(id),
    author: by,
    manifest: header,
    bytes: id,
  } as unknown as VerifiedManifest;
}

function fragment(id: string, epoch: number, generation: number): VerifiedFragment {
  const header = { stream: "home", epoch, generation, name: "a" };
  return { type: "fragment", id: idOf(id), author, fragment: header } as unknown as VerifiedFragment;
}

/** The keys that are written, and with a minus those that are deleted. */
function keysOf(records: readonly { readonly key: string; readonly value: unknown }[]): readonly string[] {
  return records.map(({ key, value }) => (value === null ? `-${key}` : key));
}

describe("what is remembered of manifests", () => {
  it("finds the second one of a version, and any document that the first does not name", () => {
    for (const rival of [manifest("b", 1, 1), fragment("b", 1, 1)]) {
      const memory = new DisputeMemory();
      expect(keysOf(memory.remember(manifest("a", 1, 1)))).toEqual(["evidence/a"]);
      expect(memory.find(manifest("a", 1, 1))).toBeUndefined();
      expect(memory.find(rival)?.rival.id).toBe("a");
      expect(memory.found().get(`${author}/home`)).toEqual({ epoch: 1, proof: ["a", "b"] });
      // It is found once, and what is of the same epoch is evidence from now on.
      expect(memory.find(rival)).toBeUndefined();
      expect(memory.isDisputed(manifest("c", 1, 7))).toBe(true);
      expect(memory.isDisputed(manifest("c", 2, 7))).toBe(false);
    }
  });

  it("is the first of each version, whatever is signed later", () => {
    const memory = new DisputeMemory();
    memory.remember(manifest("a", 1, 1));
    memory.remember(manifest("b", 1, 1));
    expect([memory.knows(manifest("a", 1, 1)), memory.knows(manifest("b", 1, 1))]).toEqual([true, false]);
  });

  it("is of the newest epoch, and nothing is written of an older one", () => {
    const memory = new DisputeMemory();
    memory.remember(manifest("a", 2, 1));
    expect(memory.remember(manifest("b", 1, 9))).toEqual([]);
    expect(memory.knows(manifest("a", 2, 1))).toBe(true);
    expect(memory.find(manifest("c", 1, 1))).toBeUndefined();
    expect(keysOf(memory.remember(manifest("d", 3, 1)))).toEqual(["evidence/d", "-evidence/a"]);
  });

  it("is bounded, and the oldest generation goes", () => {
    const memory = new DisputeMemory();
    for (let generation = 2; generation < seenManifestsMax + 2; generation += 1)
      memory.remember(manifest(`m${generation}`, 1, generation));
    expect(keysOf(memory.remember(manifest("new", 1, 10_000)))).toEqual(["evidence/new", "-evidence/m2"]);
    expect(memory.remember(manifest("old", 1, 1))).toEqual([]);
  });

  it("ends with its epoch, of one author alone, and a dispute too", () => {
    const memory = new DisputeMemory();
    memory.remember(manifest("a", 1, 1));
    memory.remember(manifest("theirs", 1, 1, other));
    memory.find(manifest("b", 1, 1));
    expect(memory.endEpochs(author, 1)).toEqual([]);
    expect(memory.isDisputed(manifest("a", 1, 1))).toBe(true);
    expect(keysOf(memory.endEpochs(author, 2))).toEqual(["-evidence/a", `-dispute/${author}/home`]);
    expect(memory.isDisputed(manifest("a", 1, 1))).toBe(false);
    expect(memory.knows(manifest("theirs", 1, 1, other))).toBe(true);
    expect(memory.endEpochs(author, 3)).toEqual([]);
  });
});
