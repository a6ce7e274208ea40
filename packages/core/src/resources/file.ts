import { type ResourcePromise, utf8 } from "@antibody/policy";
import * as z from "zod/mini";
import type { Drift, Plan, ResourceContext, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { durationMs } from "./parts/duration.ts";
import { absent, type CommonPromise, commonFields, mode, owner, pathProblem } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { modeDifference, ownerAfter, ownerDifference } from "./parts/owner.ts";
import { privateField } from "./parts/private.ts";

/** The state of one path. Without `content` and `absent`, a file must be there, whatever is in it. */
export type FilePromise = CommonPromise & {
  /** The whole content, as UTF-8. */
  readonly content?: string;
  /** Four octal digits, such as `0644`; as it is when not said, `0644` when the file is made. */
  readonly mode?: string;
  /** `user` or `user:group`; as it is when not said. */
  readonly owner?: string;
  /** Nothing may be there. Excludes the other fields. */
  readonly absent?: true;
  /** The content is nobody else's business: it is kept out of incidents, logs, recordings and screens. */
  readonly private?: true;
  /** A repair is on the medium when it counts as done. Otherwise a power cut may undo it, and the next look redoes it. */
  readonly sync?: true;
};

/** What is at the path, without following a symlink there. */
export type FileObservation =
  | { readonly type: "absent" }
  | {
      readonly type: "file";
      /** Of the content, under the agent's digest key, hex. */
      readonly digest: string;
      readonly size: number;
      readonly mode: string;
      /** `user:group`, by name; by number where the device knows no name. */
      readonly owner: string;
    }
  | {
      readonly type: "other";
      /** `directory`, `symlink`, `socket`, `fifo`, `block` or `character`. */
      readonly what: string;
      readonly mode: string;
      readonly owner: string;
    };

/**
 * - `write`: a temporary file with content, mode and owner, renamed over the path. An empty directory in the way
 *   is removed; one with entries fails the action. Content that is not promised stays as it is, or is empty.
 * - `adjust`: mode and owner of the file that is there.
 * - `remove`: unlinks; an empty directory is removed, one with entries fails the action.
 */
export type FileVerb = "write" | "adjust" | "remove";

/** Time for one write. A guess: a slow card takes seconds to write 64 KiB when it is busy. */
const timeoutMsDefault = 30_000;
/** Mode of a file that is made without a promised one. */
export const fileModeDefault = "0644";

const promiseShape: Shape<FilePromise> = onDemand(() =>
  z
    .strictObject({
      content: z.exactOptional(z.string()).check(z.describe("The whole content of the file")),
      mode: z.exactOptional(mode),
      owner: z.exactOptional(owner),
      absent: z.exactOptional(absent),
      private: z.exactOptional(privateField),
      sync: z
        .exactOptional(z.literal(true))
        .check(z.describe("Bring each repair to the medium, so that a power cut does not undo it")),
      ...commonFields,
    })
    .check(
      z.refine(
        ({ absent, content, mode, owner }) =>
          absent === undefined || (content === undefined && mode === undefined && owner === undefined),
        "absent excludes content, mode and owner",
      ),
    ),
);

const observationShape: Shape<FileObservation> = onDemand(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("absent") }),
    z.strictObject({
      type: z.literal("file"),
      digest: z.string(),
      size: z.int(),
      mode: z.string(),
      owner: z.string(),
    }),
    z.strictObject({ type: z.literal("other"), what: z.string(), mode: z.string(), owner: z.string() }),
  ]),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readFilePromise: (promise: ResourcePromise) => FilePromise = promiseReader("file", promiseShape);

/** One path: its content, mode and owner, or its absence. */
export const fileType: ResourceType = defineResource<FilePromise, FileObservation>({
  kind: "file",
  observedBy: "body",
  powers: [],
  promiseShape,
  observationShape,
  nameProblem: pathProblem,
  diff: fileDrift,
  plan: (promise, _seen, drift) => planOf(verbFor(promise, drift), promise, drift.attributes.join(", ")),
  // What was promised stays when the promise goes, unless it says so: deleting what a device may need is not implied.
  reverse: (promise, asked) =>
    asked && promise.absent !== true ? planOf("remove", promise, "withdrawn") : undefined,
  fake: { initial: () => ({ type: "absent" }), repaired: repairedFile, damaged: damagedFile },
});

function fileDrift(promise: FilePromise, seen: FileObservation, context: ResourceContext): Drift | undefined {
  if (promise.absent === true) {
    return seen.type === "absent"
      ? undefined
      : driftOf({ absent: `a ${whatOf(seen)} is there, promised absent` });
  }
  if (seen.type !== "file") return driftOf({ type: `${whatOf(seen)}, promised a file` });
  const content =
    promise.content !== undefined && seen.digest !== contentDigest(promise.content, promise, context)
      ? `content differs (${seen.size} bytes)`
      : undefined;
  return driftOf({
    content,
    mode: modeDifference(promise.mode, seen.mode),
    owner: ownerDifference(promise.owner, seen.owner),
  });
}

/** Digests of promised contents by the key that they are under: a sweep compares each of them again. */
const contentDigests = new WeakMap<ResourceContext, WeakMap<FilePromise, string>>();

/** Of a promise that never changes, once. */
function contentDigest(content: string, promise: FilePromise, context: ResourceContext): string {
  let digests = contentDigests.get(context);
  if (digests === undefined) {
    digests = new WeakMap();
    contentDigests.set(context, digests);
  }
  let digest = digests.get(promise);
  if (digest === undefined) {
    digest = context.digest(utf8(content));
    digests.set(promise, digest);
  }
  return digest;
}

function whatOf(seen: FileObservation): string {
  return seen.type === "other" ? seen.what : seen.type;
}

function verbFor(promise: FilePromise, drift: Drift): FileVerb {
  if (promise.absent === true) return "remove";
  return drift.attributes.some((attribute) => attribute === "content" || attribute === "type")
    ? "write"
    : "adjust";
}

function planOf(verb: FileVerb, promise: FilePromise, why: string): Plan {
  return {
    verb,
    idempotent: true,
    timeoutMs: promise.timeout === undefined ? timeoutMsDefault : durationMs(promise.timeout),
    summary: `${verb}: ${why}`,
  };
}

type RegularFile = Extract<FileObservation, { readonly type: "file" }>;

function promisedFile(promise: FilePromise, seen: FileObservation, context: ResourceContext): RegularFile {
  const bytes = utf8(promise.content ?? "");
  const before = seen.type === "file" ? seen : undefined;
  const keepsContent = promise.content === undefined && before !== undefined;
  return {
    type: "file",
    digest: keepsContent ? before.digest : context.digest(bytes),
    size: keepsContent ? before.size : bytes.length,
    mode: promise.mode ?? before?.mode ?? fileModeDefault,
    owner: ownerAfter(promise.owner, before?.owner ?? "root:root"),
  };
}

function repairedFile(
  promise: FilePromise,
  seen: FileObservation,
  plan: Plan,
  context: ResourceContext,
): FileObservation {
  return plan.verb === "remove" ? { type: "absent" } : promisedFile(promise, seen, context);
}

function damagedFile(
  _promise: FilePromise,
  seen: FileObservation,
  seed: number,
  context: ResourceContext,
): FileObservation {
  const ofOther = { mode: "0777", owner: "nobody:nogroup" };
  switch (seed % 5) {
    case 0:
      return { type: "absent" };
    case 1:
      return { type: "other", what: "symlink", ...ofOther };
    case 2:
      return { type: "other", what: "directory", ...ofOther };
    // Damage on damage mends nothing: no file comes back by what is done to a file.
    case 3:
      return seen.type === "file" ? { ...seen, mode: "0000", owner: "nobody:nogroup" } : seen;
    default: {
      const bytes = utf8(`damage ${seed}`);
      return seen.type === "file" ? { ...seen, digest: context.digest(bytes), size: bytes.length } : seen;
    }
  }
}
