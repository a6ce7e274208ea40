import { type ResourcePromise, utf8 } from "@antibody/policy";
import * as z from "zod/mini";
import type { Drift, Plan, ResourceContext, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { argumentCharactersMax, type CommonPromise, commonFields, pathProblem } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { idempotentPlan, timeoutMsOf } from "./parts/planning.ts";

/** A file system at a path. The directory must be there: another promise makes it. */
export type MountPromise = CommonPromise & {
  /** A device, a share, or a name for file systems without either. Mandatory but where `absent`. */
  readonly source?: string;
  /** As mount(8) takes it, such as `ext4`, `nfs`, `tmpfs`. Mandatory but where `absent`. */
  readonly fsType?: string;
  /** As mount(8) takes them. Of those that are the mount's own (`ro`, `nosuid`, …) drift is seen. */
  readonly options?: readonly string[];
  /** Nothing may be mounted there. Excludes the other fields. */
  readonly absent?: true;
};

/** What is mounted at the path, last where there are several. */
export type MountObservation =
  | { readonly type: "nothing" }
  | {
      readonly type: "mounted";
      /** Of the source, under the agent's digest key, hex: a share's may hold a name and a password. */
      readonly sourceDigest: string;
      readonly fsType: string;
      /** Options of the mount itself, sorted (proc(5), mountinfo, field 6). */
      readonly options: readonly string[];
    };

/**
 * - `mount`: where nothing is mounted.
 * - `remount`: the same file system with the promised options.
 * - `unmount`: fails while it is in use.
 * - `replace`: fails at once: what another has mounted may be in use, and is for a human to move.
 */
export type MountVerb = "mount" | "remount" | "unmount" | "replace";

/** Time for one call. A guess: a share that is away answers after a minute, or never. */
const timeoutMsDefault = 90_000;
/** Time between looks where the promise does not say: the kernel's table wakes nobody here. A guess. */
const everyMsDefault = 10_000;
/** Options of one mount. A guess. */
const optionsMax = 32;

/** Options that mountinfo tells of the mount itself; of a pair only one holds. */
const pairs: readonly (readonly [string, string])[] = [
  ["ro", "rw"],
  ["nosuid", "suid"],
  ["nodev", "dev"],
  ["noexec", "exec"],
  ["noatime", "atime"],
  ["relatime", "norelatime"],
  ["nodiratime", "diratime"],
];

/** Of these at most one holds (mount(8), FILESYSTEM-INDEPENDENT MOUNT OPTIONS). */
const exclusive: readonly (readonly string[])[] = [...pairs, ["noatime", "relatime", "strictatime"]];

function contradict(options: readonly string[]): boolean {
  return exclusive.some((group) => group.filter((option) => options.includes(option)).length > 1);
}

const promiseShape: Shape<MountPromise> = onDemand(() =>
  z
    .strictObject({
      source: z
        .exactOptional(
          z
            .string()
            .check(z.regex(/^[^\s\0-][^\s\0]*$/, "expected a source"), z.maxLength(argumentCharactersMax)),
        )
        .check(z.describe("A device, a share, or a name such as tmpfs")),
      fsType: z
        .exactOptional(
          z.string().check(z.regex(/^[a-z0-9][a-z0-9._-]{0,31}$/, "expected a type, such as ext4")),
        )
        .check(z.describe("The type of the file system, such as ext4")),
      options: z
        .exactOptional(
          z
            .array(z.string().check(z.regex(/^[^\s,\0-][^\s,\0]{0,254}$/, "expected one option, such as ro")))
            .check(z.maxLength(optionsMax)),
        )
        .check(z.describe("As mount -o takes them, such as ro, nosuid or size=64m")),
      absent: z.exactOptional(z.literal(true)).check(z.describe("Nothing may be mounted there")),
      ...commonFields,
    })
    .check(
      z.refine(
        ({ absent, source, fsType, options }) =>
          absent === undefined
            ? source !== undefined && fsType !== undefined
            : source === undefined && fsType === undefined && options === undefined,
        "expected either source and fsType, or absent",
      ),
      z.refine(({ options = [] }) => !contradict(options), "expected options that do not exclude each other"),
    ),
);

const observationShape: Shape<MountObservation> = onDemand(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("nothing") }),
    z.strictObject({
      type: z.literal("mounted"),
      sourceDigest: z.string(),
      fsType: z.string(),
      options: z.array(z.string()),
    }),
  ]),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readMountPromise: (promise: ResourcePromise) => MountPromise = promiseReader(
  "mount",
  promiseShape,
);

/** One file system at one path. */
export const mountType: ResourceType = defineResource<MountPromise, MountObservation>({
  kind: "mount",
  observedBy: "body",
  powers: ["kernel"],
  promiseShape,
  observationShape,
  nameProblem: (name) => (name === "/" ? "nothing is mounted over the root" : pathProblem(name)),
  everyMs: everyMsDefault,
  diff: mountDrift,
  plan: (promise, seen, { attributes }) =>
    planOf(verbFor(promise, seen, attributes), promise, attributes.join(", ")),
  reverse: (promise, asked) =>
    asked && promise.absent !== true ? planOf("unmount", promise, "withdrawn") : undefined,
  fake: {
    initial: () => ({ type: "nothing" }),
    repaired: repairedMount,
    damaged: damagedMount,
  },
});

function planOf(verb: MountVerb, promise: MountPromise, why: string): Plan {
  return idempotentPlan(verb, timeoutMsOf(promise, timeoutMsDefault), `${verb}: ${why}`);
}

function mountDrift(
  promise: MountPromise,
  seen: MountObservation,
  context: ResourceContext,
): Drift | undefined {
  if (promise.absent === true)
    return seen.type === "nothing"
      ? undefined
      : driftOf({ absent: `${seen.fsType} is mounted, promised nothing` });
  if (seen.type === "nothing") return driftOf({ mounted: "nothing is mounted" });
  const missing = missingOptions(promise, seen.options);
  return driftOf({
    source:
      seen.sourceDigest === context.digest(utf8(promise.source ?? ""))
        ? undefined
        : "another source is mounted than promised",
    type:
      seen.fsType === promise.fsType ? undefined : `${seen.fsType} is mounted, promised ${promise.fsType}`,
    options: missing.length === 0 ? undefined : `without ${missing.join(", ")}`,
  });
}

/** Promised options of the mount itself that it does not have. What it has without being told is no drift. */
function missingOptions({ options = [] }: MountPromise, seen: readonly string[]): readonly string[] {
  return options.filter((option) =>
    pairs.some(([one, other]) => {
      if (option === one) return !seen.includes(one);
      return option === other && seen.includes(one);
    }),
  );
}

function verbFor(promise: MountPromise, seen: MountObservation, attributes: readonly string[]): MountVerb {
  if (promise.absent === true) return "unmount";
  if (seen.type === "nothing") return "mount";
  return attributes.every((attribute) => attribute === "options") ? "remount" : "replace";
}

function repairedMount(
  promise: MountPromise,
  seen: MountObservation,
  { verb }: Plan,
  context: ResourceContext,
): MountObservation {
  if (verb === "unmount") return { type: "nothing" };
  if (verb === "replace") return seen;
  const known = pairs.flat();
  const options = (promise.options ?? []).filter((option) => known.includes(option));
  return {
    type: "mounted",
    sourceDigest: context.digest(utf8(promise.source ?? "")),
    fsType: promise.fsType ?? "",
    options: [...new Set([...options, ...(options.includes("ro") ? [] : ["rw"])])].sort(),
  };
}

function damagedMount(
  promise: MountPromise,
  seen: MountObservation,
  seed: number,
  context: ResourceContext,
): MountObservation {
  if (promise.absent === true)
    return repairedMount({ source: "damage", fsType: "tmpfs" }, seen, planOf("mount", {}, ""), context);
  return seed % 2 === 0 || seen.type === "nothing"
    ? { type: "nothing" }
    : { ...seen, options: ["relatime", "rw"] };
}
