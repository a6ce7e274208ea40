import type { ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { Drift, Plan, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { absolutePath, type CommonPromise, commonFields } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { idempotentPlan, timeoutMsOf } from "./parts/planning.ts";

/** A package of the device's own package manager: dpkg, and apt where there is no `source`. */
export type PackagePromise = CommonPromise & {
  /** The one version that is taken; any when not said. */
  readonly version?: string;
  /** A `.deb` on the device to install from; from apt's sources when not said. */
  readonly source?: string;
  /** It may not be installed. Its configuration files stay. Excludes the other fields. */
  readonly absent?: true;
};

/** What dpkg says. */
export type PackageObservation =
  | { readonly type: "absent" }
  | { readonly type: "installed"; readonly version: string }
  | {
      readonly type: "broken";
      /** `half-installed`, `unpacked`, `half-configured`, `triggers-awaited` or `triggers-pending` (dpkg(1)). */
      readonly status: string;
      readonly version: string;
    };

/**
 * - `install`: the promised version, or the newest; over whatever is there.
 * - `configure`: goes on where an installation was interrupted after unpacking.
 * - `remove`: keeps the configuration files.
 */
export type PackageVerb = "install" | "configure" | "remove";

/** Time for one run of the package manager. A guess: a slow line, and a card that is slower. */
const timeoutMsDefault = 600_000;
/** Time between looks where nothing wakes. The database is watched; this is for what the watch loses. */
const everyMsDefault = 60_000;
/** States that `dpkg --configure` ends. */
const configurable: ReadonlySet<string> = new Set([
  "unpacked",
  "half-configured",
  "triggers-awaited",
  "triggers-pending",
]);

const promiseShape: Shape<PackagePromise> = onDemand(() =>
  z
    .strictObject({
      version: z
        .exactOptional(
          z
            .string()
            .check(z.regex(/^[0-9A-Za-z][0-9A-Za-z.+:~-]{0,127}$/, "expected a version, such as 1.2.3-1")),
        )
        .check(z.describe("The one version that is taken; any when not said")),
      source: z
        .exactOptional(absolutePath)
        .check(z.describe("A .deb on the device to install from; from apt's sources when not said")),
      absent: z.exactOptional(z.literal(true)).check(z.describe("It may not be installed")),
      ...commonFields,
    })
    .check(
      z.refine(
        ({ absent, version, source }) =>
          absent === undefined || (version === undefined && source === undefined),
        "absent excludes version and source",
      ),
    ),
);

const observationShape: Shape<PackageObservation> = onDemand(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("absent") }),
    z.strictObject({ type: z.literal("installed"), version: z.string() }),
    z.strictObject({ type: z.literal("broken"), status: z.string(), version: z.string() }),
  ]),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readPackagePromise: (promise: ResourcePromise) => PackagePromise = promiseReader(
  "package",
  promiseShape,
);

/** One package. */
export const packageType: ResourceType = defineResource<PackagePromise, PackageObservation>({
  kind: "package",
  observedBy: "body",
  powers: ["package"],
  promiseShape,
  observationShape,
  // Debian Policy 5.6.1.
  nameProblem: (name) =>
    /^[a-z0-9][a-z0-9+.-]{1,127}$/.test(name)
      ? undefined
      : "the name must be that of a package, such as package:nginx",
  everyMs: everyMsDefault,
  diff: packageDrift,
  plan: (promise, seen, { attributes }) =>
    planOf(verbFor(promise, seen, attributes), promise, attributes.join(", ")),
  reverse: (promise, asked) =>
    asked && promise.absent !== true ? planOf("remove", promise, "withdrawn") : undefined,
  fake: {
    initial: () => ({ type: "absent" }),
    repaired: (promise, seen, { verb }) => {
      if (verb === "remove") return { type: "absent" };
      const version =
        verb === "configure" && seen.type === "broken" ? seen.version : (promise.version ?? "1.0");
      return { type: "installed", version };
    },
    damaged: damagedPackage,
  },
});

function packageDrift(promise: PackagePromise, seen: PackageObservation): Drift | undefined {
  if (promise.absent === true)
    return seen.type === "absent"
      ? undefined
      : driftOf({ absent: `${seen.version} is there, promised absent` });
  if (seen.type === "absent") return driftOf({ installed: "not installed" });
  return driftOf({
    status: seen.type === "broken" ? `${seen.status}, promised installed` : undefined,
    version:
      promise.version === undefined || promise.version === seen.version
        ? undefined
        : `version is ${seen.version}, promised ${promise.version}`,
  });
}

function planOf(verb: PackageVerb, promise: PackagePromise, why: string): Plan {
  return idempotentPlan(verb, timeoutMsOf(promise, timeoutMsDefault), `${verb}: ${why}`);
}

function verbFor(
  promise: PackagePromise,
  seen: PackageObservation,
  attributes: readonly string[],
): PackageVerb {
  if (promise.absent === true) return "remove";
  const isRightVersion = !attributes.includes("version");
  return seen.type === "broken" && isRightVersion && configurable.has(seen.status) ? "configure" : "install";
}

function damagedPackage(promise: PackagePromise, seen: PackageObservation, seed: number): PackageObservation {
  const version = promise.version ?? "1.0";
  switch (seed % 4) {
    case 0:
      return promise.absent === true ? { type: "installed", version } : { type: "absent" };
    case 1:
      return seen.type === "absent"
        ? seen
        : { type: "broken", status: "half-configured", version: seen.version };
    case 2:
      return seen.type === "absent"
        ? seen
        : { type: "broken", status: "half-installed", version: seen.version };
    default:
      return seen.type === "installed" ? { type: "installed", version: "0.1" } : seen;
  }
}
