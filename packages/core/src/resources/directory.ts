import type { ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { Drift, Plan, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { durationMs } from "./parts/duration.ts";
import { absent, type CommonPromise, commonFields, mode, owner, pathProblem } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { modeDifference, ownerAfter, ownerDifference } from "./parts/owner.ts";

/** A directory; what is in it is not promised. */
export type DirectoryPromise = CommonPromise & {
  /** Four octal digits, such as `0755`; as it is when not said, `0755` when the directory is made. */
  readonly mode?: string;
  /** `user` or `user:group`; as it is when not said. */
  readonly owner?: string;
  /** Nothing may be there; only an empty directory is removed. Excludes the other fields. */
  readonly absent?: true;
};

/** What is at the path, without following a symlink there. */
export type DirectoryObservation =
  | { readonly type: "absent" }
  | { readonly type: "directory"; readonly mode: string; readonly owner: string; readonly empty: boolean }
  | { readonly type: "other"; readonly what: string };

/**
 * - `create`: with its parents, then mode and owner. Something else in the way fails the action.
 * - `adjust`: mode and owner.
 * - `remove`: only when empty; one with entries fails the action, as does something else.
 */
export type DirectoryVerb = "create" | "adjust" | "remove";

/** Time for one change. A guess, as for files. */
const timeoutMsDefault = 30_000;
/** Mode of a directory that is made without a promised one. */
export const directoryModeDefault = "0755";

const promiseShape: Shape<DirectoryPromise> = onDemand(() =>
  z
    .strictObject({
      mode: z.exactOptional(mode),
      owner: z.exactOptional(owner),
      absent: z.exactOptional(absent),
      ...commonFields,
    })
    .check(
      z.refine(
        ({ absent, mode, owner }) => absent === undefined || (mode === undefined && owner === undefined),
        "absent excludes mode and owner",
      ),
    ),
);

const observationShape: Shape<DirectoryObservation> = onDemand(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("absent") }),
    z.strictObject({ type: z.literal("directory"), mode: z.string(), owner: z.string(), empty: z.boolean() }),
    z.strictObject({ type: z.literal("other"), what: z.string() }),
  ]),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readDirectoryPromise: (promise: ResourcePromise) => DirectoryPromise = promiseReader(
  "directory",
  promiseShape,
);

/** One directory: that it is there, with mode and owner, or that it is not. */
export const directoryType: ResourceType = defineResource<DirectoryPromise, DirectoryObservation>({
  kind: "directory",
  observedBy: "body",
  powers: [],
  promiseShape,
  observationShape,
  nameProblem: pathProblem,
  diff: directoryDrift,
  plan: (promise, seen, drift) => planOf(verbFor(promise, seen), promise, drift.attributes.join(", ")),
  // Only an empty one goes: the action fails where anything is in it.
  reverse: (promise, asked) =>
    asked && promise.absent !== true ? planOf("remove", promise, "withdrawn") : undefined,
  fake: { initial: () => ({ type: "absent" }), repaired: repairedDirectory, damaged: damagedDirectory },
});

function planOf(verb: DirectoryVerb, promise: DirectoryPromise, why: string): Plan {
  const timeoutMs = promise.timeout === undefined ? timeoutMsDefault : durationMs(promise.timeout);
  return { verb, idempotent: true, timeoutMs, summary: `${verb}: ${why}` };
}

function directoryDrift(promise: DirectoryPromise, seen: DirectoryObservation): Drift | undefined {
  const what = seen.type === "other" ? seen.what : seen.type;
  if (promise.absent === true) {
    if (seen.type === "absent") return undefined;
    const entries = seen.type === "directory" && !seen.empty ? " with entries" : "";
    return driftOf({ absent: `a ${what}${entries} is there, promised absent` });
  }
  if (seen.type !== "directory") return driftOf({ type: `${what}, promised a directory` });
  return driftOf({
    mode: modeDifference(promise.mode, seen.mode),
    owner: ownerDifference(promise.owner, seen.owner),
  });
}

function verbFor(promise: DirectoryPromise, seen: DirectoryObservation): DirectoryVerb {
  if (promise.absent === true) return "remove";
  return seen.type === "directory" ? "adjust" : "create";
}

type RealDirectory = Extract<DirectoryObservation, { readonly type: "directory" }>;

function promisedDirectory(promise: DirectoryPromise, seen: DirectoryObservation): RealDirectory {
  const before = seen.type === "directory" ? seen : undefined;
  return {
    type: "directory",
    mode: promise.mode ?? before?.mode ?? directoryModeDefault,
    owner: ownerAfter(promise.owner, before?.owner ?? "root:root"),
    empty: before?.empty ?? true,
  };
}

function repairedDirectory(
  promise: DirectoryPromise,
  seen: DirectoryObservation,
  plan: Plan,
): DirectoryObservation {
  return plan.verb === "remove" ? { type: "absent" } : promisedDirectory(promise, seen);
}

function damagedDirectory(
  promise: DirectoryPromise,
  seen: DirectoryObservation,
  seed: number,
): DirectoryObservation {
  // Only damage that can be undone: what a stranger put into the way is not the agent's to delete.
  if (promise.absent === true) return { ...promisedDirectory(promise, seen), empty: true };
  // Damage on damage mends nothing.
  if (seen.type !== "directory") return seen;
  switch (seed % 3) {
    case 0:
      return { type: "absent" };
    case 1:
      return { type: "directory", mode: "0000", owner: "nobody:nogroup", empty: true };
    default:
      return { type: "directory", mode: "0777", owner: "nobody:nogroup", empty: false };
  }
}
