import type { ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { Drift, Plan, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import {
  absent,
  argumentCharactersMax,
  type CommonPromise,
  commonFields,
  owner,
  pathProblem,
} from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { ownerAfter, ownerDifference } from "./parts/owner.ts";
import { idempotentPlan, timeoutMsOf } from "./parts/planning.ts";

/** A symbolic link, and where it points. What it points to is another matter, and need not be there. */
export type SymlinkPromise = CommonPromise & {
  /** As it stands in the link: absolute, or relative to its directory. Mandatory but where `absent`. */
  readonly target?: string;
  /** `user` or `user:group` of the link itself; as it is when not said. */
  readonly owner?: string;
  /** Nothing may be there. Excludes the other fields. */
  readonly absent?: true;
};

/** What is at the path. */
export type SymlinkObservation =
  | { readonly type: "absent" }
  | { readonly type: "symlink"; readonly target: string; readonly owner: string }
  | {
      readonly type: "other";
      /** `file`, `directory`, `socket`, `fifo`, `block` or `character`. */
      readonly what: string;
    };

/**
 * - `link`: a temporary link, renamed over the path. A file in the way is replaced, an empty directory removed; one
 *   with entries fails the action.
 * - `adjust`: the owner of the link that is there.
 * - `remove`: unlinks; an empty directory is removed, one with entries fails the action.
 */
export type SymlinkVerb = "link" | "adjust" | "remove";

/** A guess, as for files. */
const timeoutMsDefault = 30_000;

const promiseShape: Shape<SymlinkPromise> = onDemand(() =>
  z
    .strictObject({
      target: z.exactOptional(
        z.string().check(
          z.minLength(1),
          z.maxLength(argumentCharactersMax - 1),
          z.refine((text) => !text.includes("\0"), "expected no NUL"),
          z.describe("Where the link points, as it stands in the link"),
        ),
      ),
      owner: z.exactOptional(owner),
      absent: z.exactOptional(absent),
      ...commonFields,
    })
    .check(
      z.refine(
        ({ absent, target, owner }) =>
          absent === undefined ? target !== undefined : target === undefined && owner === undefined,
        "expected either target or absent",
      ),
    ),
);

const observationShape: Shape<SymlinkObservation> = onDemand(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("absent") }),
    z.strictObject({ type: z.literal("symlink"), target: z.string(), owner: z.string() }),
    z.strictObject({ type: z.literal("other"), what: z.string() }),
  ]),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readSymlinkPromise: (promise: ResourcePromise) => SymlinkPromise = promiseReader(
  "symlink",
  promiseShape,
);

/** One symbolic link, or its absence. */
export const symlinkType: ResourceType = defineResource<SymlinkPromise, SymlinkObservation>({
  kind: "symlink",
  observedBy: "body",
  powers: [],
  promiseShape,
  observationShape,
  nameProblem: pathProblem,
  diff: symlinkDrift,
  plan: (promise, _seen, drift) => planOf(verbFor(promise, drift), promise, drift.attributes.join(", ")),
  reverse: (promise, asked) =>
    asked && promise.absent !== true ? planOf("remove", promise, "withdrawn") : undefined,
  fake: {
    initial: () => ({ type: "absent" }),
    repaired: ({ target = "", owner }, seen, { verb }) =>
      verb === "remove"
        ? { type: "absent" }
        : {
            type: "symlink",
            target,
            owner: ownerAfter(owner, seen.type === "symlink" ? seen.owner : "root:root"),
          },
    damaged: damagedSymlink,
  },
});

function symlinkDrift(promise: SymlinkPromise, seen: SymlinkObservation): Drift | undefined {
  const what = seen.type === "other" ? seen.what : seen.type;
  if (promise.absent === true)
    return seen.type === "absent" ? undefined : driftOf({ absent: `a ${what} is there, promised absent` });
  if (seen.type !== "symlink") return driftOf({ type: `${what}, promised a symlink` });
  return driftOf({
    target: seen.target === promise.target ? undefined : "points elsewhere than promised",
    owner: ownerDifference(promise.owner, seen.owner),
  });
}

function planOf(verb: SymlinkVerb, promise: SymlinkPromise, why: string): Plan {
  return idempotentPlan(verb, timeoutMsOf(promise, timeoutMsDefault), `${verb}: ${why}`);
}

function verbFor(promise: SymlinkPromise, { attributes }: Drift): SymlinkVerb {
  if (promise.absent === true) return "remove";
  return attributes.every((attribute) => attribute === "owner") ? "adjust" : "link";
}

function damagedSymlink(
  _promise: SymlinkPromise,
  seen: SymlinkObservation,
  seed: number,
): SymlinkObservation {
  switch (seed % 4) {
    case 0:
      return { type: "absent" };
    case 1:
      return { type: "other", what: seed % 8 < 4 ? "file" : "directory" };
    case 2:
      return seen.type === "symlink" ? { ...seen, target: `/damage/${seed}` } : seen;
    default:
      return seen.type === "symlink" ? { ...seen, owner: "nobody:nogroup" } : seen;
  }
}
