import { type ResourcePromise, utf8 } from "@antibody/policy";
import * as z from "zod/mini";
import type { Drift, Plan, ResourceContext, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { type CommonPromise, commonFields } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { idempotentPlan, timeoutMsOf } from "./parts/planning.ts";

/** A parameter of the kernel: as it is now, and as it will be after the next start. */
export type SysctlPromise = CommonPromise & {
  /** As it stands below `/proc/sys`; fields are parted by one space. */
  readonly value: string;
  /** Whether a file in `/etc/sysctl.d` says so too; yes when not said. */
  readonly persist?: boolean;
};

/** What the kernel says, and what the file says. Some parameters are secrets, so that only digests are seen. */
export type SysctlObservation =
  /** This kernel has no such parameter. */
  | { readonly type: "missing" }
  | {
      readonly type: "sysctl";
      /** Of the value, its white space made single spaces, under the agent's digest key, hex. */
      readonly digest: string;
      /** Of the value in the file, or of the whole file where it says anything else; undefined without one. */
      readonly fileDigest?: string;
    };

/** `set` now, then in the file; `forget` takes the file away, and leaves what is set. */
export type SysctlVerb = "set" | "forget";

/** A guess, as for files. */
const timeoutMsDefault = 30_000;
/** Time between looks where the promise does not say: the kernel tells of no change. A guess. */
const everyMsDefault = 10_000;

const promiseShape: Shape<SysctlPromise> = onDemand(() =>
  z.strictObject({
    value: z
      .string()
      .check(
        z.maxLength(1_024),
        z.regex(/^[^\s\0](.*[^\s\0])?$/, "expected one line"),
        z.describe("The value, as sysctl -n prints it"),
      ),
    persist: z
      .exactOptional(z.boolean())
      .check(z.describe("Whether a file in /etc/sysctl.d says so too; true when not said")),
    ...commonFields,
  }),
);

const observationShape: Shape<SysctlObservation> = onDemand(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("missing") }),
    z.strictObject({
      type: z.literal("sysctl"),
      digest: z.string(),
      fileDigest: z.exactOptional(z.string()),
    }),
  ]),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readSysctlPromise: (promise: ResourcePromise) => SysctlPromise = promiseReader(
  "sysctl",
  promiseShape,
);

/** Dots part the name; a slash within it stands for a dot, as in `net.ipv4.conf.eth0/1.forwarding` (sysctl(8)). */
const namePattern = /^[a-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*){1,12}$/;

/** Where a parameter stands below `/proc/sys`. */
export function sysctlPath(name: string): string {
  return `/proc/sys/${name.replaceAll(/[./]/g, (part) => (part === "." ? "/" : "."))}`;
}

/** The file that keeps it over a restart of the device. */
export function sysctlFile(name: string): string {
  return `/etc/sysctl.d/90-antibody-${name.replaceAll("/", "_")}.conf`;
}

/** What stands in the file. */
export function sysctlText(name: string, value: string): string {
  return `# Kept by antibody; to change it, change the policy.\n${name} = ${value}\n`;
}

/** A value as it is compared: tabs and several spaces are one. */
export function sysctlValue(text: string): string {
  return text.trim().split(/\s+/).join(" ");
}

/** One parameter of the kernel. */
export const sysctlType: ResourceType = defineResource<SysctlPromise, SysctlObservation>({
  kind: "sysctl",
  observedBy: "body",
  powers: ["kernel"],
  promiseShape,
  observationShape,
  nameProblem: (name) =>
    namePattern.test(name) && name.length <= 128
      ? undefined
      : "the name must be that of a parameter, such as sysctl:net.ipv4.ip_forward",
  everyMs: everyMsDefault,
  diff: sysctlDrift,
  plan: (promise, seen, { attributes }) =>
    seen.type === "missing" ? undefined : planOf("set", promise, attributes.join(", ")),
  reverse: (promise, asked) => (asked ? planOf("forget", promise, "withdrawn") : undefined),
  fake: {
    initial: (_promise, context) => ({ type: "sysctl", digest: context.digest(utf8("")) }),
    repaired: repairedSysctl,
    damaged: damagedSysctl,
  },
});

function planOf(verb: SysctlVerb, promise: SysctlPromise, why: string): Plan {
  return idempotentPlan(verb, timeoutMsOf(promise, timeoutMsDefault), `${verb}: ${why}`);
}

function sysctlDrift(
  promise: SysctlPromise,
  seen: SysctlObservation,
  context: ResourceContext,
): Drift | undefined {
  if (seen.type === "missing") return driftOf({ parameter: "this kernel has no such parameter" });
  const digest = context.digest(utf8(sysctlValue(promise.value)));
  const isKept = promise.persist === false || seen.fileDigest === digest;
  return driftOf({
    value: seen.digest === digest ? undefined : "the kernel has another value",
    file: isKept
      ? undefined
      : seen.fileDigest === undefined
        ? "no file keeps it"
        : "the file says something else",
  });
}

function repairedSysctl(
  promise: SysctlPromise,
  seen: SysctlObservation,
  { verb }: Plan,
  context: ResourceContext,
): SysctlObservation {
  if (seen.type === "missing") return seen;
  if (verb === "forget") return { type: "sysctl", digest: seen.digest };
  const digest = context.digest(utf8(sysctlValue(promise.value)));
  if (promise.persist !== false) return { type: "sysctl", digest, fileDigest: digest };
  return { ...seen, digest };
}

function damagedSysctl(
  promise: SysctlPromise,
  seen: SysctlObservation,
  seed: number,
  context: ResourceContext,
): SysctlObservation {
  if (seen.type === "missing") return seen;
  const damage = context.digest(utf8(`damage ${seed}`));
  if (seed % 3 === 0 || promise.persist === false) return { ...seen, digest: damage };
  return seed % 3 === 1 ? { type: "sysctl", digest: seen.digest } : { ...seen, fileDigest: damage };
}
