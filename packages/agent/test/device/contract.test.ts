import { chmodSync, chownSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Observation, resourceTypes } from "@antibody/core";
import type { ResourceId, ResourcePromise } from "@antibody/policy";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keyedDigester } from "../../src/device/digest.ts";
import { digestKey, Rig, resource, until } from "./rig.ts";

/** What may be at a path before the promise. Only root can give things away. */
type Before =
  | { readonly type: "nothing" | "symlink" | "fullDirectory" }
  | {
      readonly type: "file" | "directory";
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    };

const isRoot = process.getuid?.() === 0;
const ids = isRoot ? fc.constantFrom(0, 1, 2) : fc.constant(process.getuid?.() ?? 0);
/** Without the set-user-id bits, which the system takes away when the owner changes; a test of files looks at them. */
const plainMode = fc.integer({ min: 0, max: 0o1777 });
const before: fc.Arbitrary<Before> = fc.oneof(
  fc.record({ type: fc.constantFrom("nothing", "symlink", "fullDirectory") }),
  fc.record({
    type: fc.constantFrom("file", "directory"),
    mode: plainMode,
    uid: ids,
    gid: ids,
  }),
);

const mode = fc.integer({ min: 0, max: 0o7777 }).map((bits) => bits.toString(8).padStart(4, "0"));
const owner = fc.constantFrom("daemon", "bin:daemon", "root:root");
const absent: fc.Arbitrary<ResourcePromise> = fc.constant({ absent: true });
/** Without what only root may promise. */
const promisable = (fields: ResourcePromise): ResourcePromise => {
  const { owner: given, ...rest } = fields;
  return isRoot && given !== undefined ? fields : rest;
};
const filePromise: fc.Arbitrary<ResourcePromise> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({ content: fc.string({ maxLength: 20 }), mode, owner }, { requiredKeys: [] })
      .map((fields) => promisable(fields as ResourcePromise)),
  },
  { weight: 1, arbitrary: absent },
);
const directoryPromise: fc.Arbitrary<ResourcePromise> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({ mode, owner }, { requiredKeys: [] })
      .map((fields) => promisable(fields as ResourcePromise)),
  },
  { weight: 1, arbitrary: absent },
);

function arrange(path: string, state: Before): void {
  switch (state.type) {
    case "nothing":
      return;
    case "symlink":
      symlinkSync("/etc/passwd", path);
      return;
    case "fullDirectory":
      mkdirSync(path);
      writeFileSync(join(path, "precious"), "mine");
      return;
    default:
      if (state.type === "file") writeFileSync(path, "as it was before");
      else mkdirSync(path);
      chownSync(path, state.uid, state.gid);
      chmodSync(path, state.mode);
  }
}

async function look(rig: Rig, id: ResourceId): Promise<Observation> {
  rig.inputs.length = 0;
  rig.device.observe(id);
  return until("seen", () => {
    const input = rig.inputs.find(({ type }) => type === "observed");
    return input?.type === "observed" ? input.observation : undefined;
  });
}

describe("the real thing does what the fake of the simulator says", () => {
  test.each([
    ["file", filePromise],
    ["directory", directoryPromise],
  ] as const)("%s", async (kind, promises) => {
    const type = resourceTypes.find((each) => each.kind === kind);
    if (type === undefined) throw new Error(`no type ${kind}`);
    const context = { digest: keyedDigester(digestKey) };
    const rig = new Rig();
    const ended = { done: 0, failed: 0 };
    await fc.assert(
      fc.asyncProperty(before, promises, async (state, promise) => {
        const place = mkdtempSync(join(rig.place.root, "case-"));
        const path = `${place.slice(rig.place.root.length)}/it`;
        arrange(rig.real(path), state);
        const id = resource(`${kind}:${path}`);
        rig.device.watch(id, promise, false);

        const seen = await look(rig, id);
        expect(type.recognizes(seen)).toBe(true);
        const drift = type.diff(promise, seen, context);
        if (drift === undefined) return;
        const plan = type.plan(promise, seen, drift);
        if (plan === undefined) throw new Error("a file or directory can always be tried");
        const result = await rig.act(id, promise, plan.verb);
        const after = await look(rig, id);
        if (result.type === "done") {
          ended.done += 1;
          expect(after).toEqual(type.fake.repaired(promise, seen, plan, context));
        } else {
          ended.failed += 1;
          // Never worse after a repair that failed.
          expect(after).toEqual(seen);
          expect(["EEXIST", "ENOTEMPTY", "ENOTDIR"]).toContain(result.type === "failed" && result.code);
          return;
        }
        // Convergent within two passes.
        const left = type.diff(promise, after, context);
        const second = left === undefined ? undefined : type.plan(promise, after, left);
        if (second !== undefined) await rig.act(id, promise, second.verb);
        const last = await look(rig, id);
        expect(type.diff(promise, last, context)).toBeUndefined();
        rig.device.unwatch(id);
      }),
      { numRuns: 150 },
    );
    expect(ended.done).toBeGreaterThan(10);
    expect(ended.failed).toBeGreaterThan(0);
  });
});
