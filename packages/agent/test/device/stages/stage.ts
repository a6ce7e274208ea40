import { resourceTypes } from "@antibody/core";
import type { ResourceId, ResourcePromise } from "@antibody/policy";
import { expect } from "vitest";
import { keyedDigester } from "../../../src/device/digest.ts";
import { digestKey, type Rig, until } from "../rig.ts";
import type { Draw } from "./drawing.ts";

/** A broken state of a device, and the promise that shall be kept on it. */
export interface Broken {
  readonly id: ResourceId;
  readonly promise: ResourcePromise;
  /** What a failed repair of it may end with; without, no repair may fail. */
  readonly mayFail?: readonly string[];
  /** Looked at when it is kept: what was there besides must be there still. */
  readonly after?: () => unknown;
  /** Lets nothing more go wrong by itself. */
  readonly calm?: () => void;
}

/** Where real resources of one kind are broken. */
export interface Stage {
  readonly kind: string;
  /** Why it cannot be played here. */
  readonly reason?: string | undefined;
  /** Breaks, in a root that others may have been broken in before. `turn` is never the same in one root. */
  readonly arrange: (rig: Rig, draw: Draw, turn: number) => Broken | Promise<Broken>;
}

/** Looks and repairs after which a resource must be as promised. */
const passesMax = 3;
const context = { digest: keyedDigester(digestKey) };
/** Kinds whose repair is several steps of another program: one that fails half way may have come nearer. */
const mayComeNearer: ReadonlySet<string> = new Set(["container"]);

/** How healing went. */
export interface Healing {
  repairs: number;
  failures: number;
}

/** Looks, repairs, and looks again, until it is kept; a repair that fails makes nothing worse. */
export async function heal(rig: Rig, { id, promise, mayFail, after, calm }: Broken): Promise<Healing> {
  const type = resourceTypes.find(({ kind }) => id.startsWith(`${kind}:`));
  if (type === undefined) throw new Error(`no type for ${id}`);
  expect(type.check(id.slice(type.kind.length + 1), promise)).toEqual([]);
  const healing: Healing = { repairs: 0, failures: 0 };
  rig.device.watch(id, promise, false);
  try {
    for (let pass = 0; ; pass += 1) {
      const seen = await lookAt(rig, id);
      if (seen.type === "unobservable") {
        healing.failures += 1;
        expect(mayFail ?? [], seen.failure.message).toContain(seen.failure.code);
        return healing;
      }
      expect(type.recognizes(seen.observation), JSON.stringify(seen.observation)).toBe(true);
      const drift = type.diff(promise, seen.observation, context);
      if (drift === undefined) break;
      expect(pass, `${id} ${JSON.stringify(promise)}: ${drift.summary}`).toBeLessThan(passesMax);
      const plan = type.plan(promise, seen.observation, drift);
      if (plan === undefined) throw new Error(`${id}: nothing repairs ${drift.summary}`);
      const result = await rig.outcome(rig.start(id, promise, plan));
      healing.repairs += 1;
      if (result.type === "done") continue;
      healing.failures += 1;
      expect(mayFail ?? [], `${JSON.stringify(promise)} ${JSON.stringify(result)}`).toContain(
        result.type === "failed" && result.code,
      );
      const left = await lookAt(rig, id);
      const now = left.type === "observed" ? type.diff(promise, left.observation, context) : drift;
      const more = now?.attributes.filter((attribute) => !drift.attributes.includes(attribute)) ?? [];
      // What failed half way may have come nearer to the promise; what it had kept, it keeps.
      expect(more, `${JSON.stringify(seen)} is worse: ${JSON.stringify(left)}`).toEqual([]);
      if (result.type === "failed" && mayComeNearer.has(type.kind)) return healing;
      expect(left).toEqual(seen);
      return healing;
    }
    calm?.();
    await after?.();
    // Inert: what is kept stays as it is seen.
    const again = await lookAt(rig, id);
    expect(again.type === "observed" && type.diff(promise, again.observation, context)).toBeUndefined();
    return healing;
  } finally {
    calm?.();
    rig.device.unwatch(id);
  }
}

/** What a body says of a resource. */
export function lookAt(rig: Rig, id: ResourceId) {
  rig.inputs.length = 0;
  rig.device.observe(id);
  return until(
    `${id} seen`,
    () =>
      rig.inputs.find(
        (input) => (input.type === "observed" || input.type === "unobservable") && input.resource === id,
      ) as Extract<Rig["inputs"][number], { readonly type: "observed" | "unobservable" }> | undefined,
  );
}
