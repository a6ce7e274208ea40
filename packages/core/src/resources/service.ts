import type { ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { Drift, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { type CommonPromise, commonFields } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { idempotentPlan, timeoutMsOf } from "./parts/planning.ts";

/** A service that the device's own service manager keeps: systemd or runit. */
export type ServicePromise = CommonPromise & {
  /** `running` when not said. */
  readonly state?: "running" | "stopped";
  /** Whether it starts with the device; as it is when not said. */
  readonly enabled?: boolean;
  /** Which manager; the one that is found when not said. */
  readonly manager?: ServiceManager;
};

/** The managers that are known. */
export type ServiceManager = "systemd" | "runit";

/** What the manager says. */
export type ServiceObservation =
  | { readonly type: "missing"; readonly manager: ServiceManager }
  | {
      readonly type: "service";
      readonly manager: ServiceManager;
      /** `failed` has ended against its will, or ends again and again. */
      readonly state: "running" | "stopped" | "failed";
      /** `fixed`: the manager starts it by other means, or not at all, and has no switch for it. */
      readonly enabled: "yes" | "no" | "fixed";
    };

/**
 * - `set`: what is promised: enables or disables, starts or stops. What is so already the manager leaves alone.
 * - `restart`: one that runs, since what it reads was repaired.
 */
export type ServiceVerb = "set" | "restart";

/** Time to start or stop. systemd's own default for either is 90 s (systemd-system.conf(5)). */
const timeoutMsDefault = 100_000;
/** Time between looks where nothing wakes. A guess: a manager restarts what ends by itself. */
const everyMsDefault = 10_000;

const promiseShape: Shape<ServicePromise> = onDemand(() =>
  z.strictObject({
    state: z.exactOptional(z.enum(["running", "stopped"])).check(z.describe("running when not said")),
    enabled: z
      .exactOptional(z.boolean())
      .check(z.describe("Whether it starts with the device; as it is when not said")),
    manager: z
      .exactOptional(z.enum(["systemd", "runit"]))
      .check(z.describe("The service manager; the one that is found when not said")),
    ...commonFields,
  }),
);

const manager: z.ZodMiniType<ServiceManager> = z.enum(["systemd", "runit"]);
const observationShape: Shape<ServiceObservation> = onDemand(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("missing"), manager }),
    z.strictObject({
      type: z.literal("service"),
      manager,
      state: z.enum(["running", "stopped", "failed"]),
      enabled: z.enum(["yes", "no", "fixed"]),
    }),
  ]),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readServicePromise: (promise: ResourcePromise) => ServicePromise = promiseReader(
  "service",
  promiseShape,
);

const namePattern = /^[A-Za-z0-9][A-Za-z0-9:_.@\\-]{0,126}$/;

/** One service. */
export const serviceType: ResourceType = defineResource<ServicePromise, ServiceObservation>({
  kind: "service",
  observedBy: "body",
  endsByItself: true,
  powers: ["service"],
  promiseShape,
  observationShape,
  nameProblem: (name) =>
    namePattern.test(name) ? undefined : "the name must be that of a service, such as service:ssh",
  everyMs: everyMsDefault,
  diff: serviceDrift,
  plan: (promise, seen, { attributes }) =>
    // What is not installed cannot be started; a package, or a file, has to bring it.
    seen.type === "missing"
      ? undefined
      : idempotentPlan("set", timeoutMsOf(promise, timeoutMsDefault), `set: ${attributes.join(", ")}`),
  // Other promises and people may need it as well.
  reverse: () => undefined,
  refresh: (promise, seen) =>
    seen.type === "service" && seen.state === "running"
      ? idempotentPlan("restart", timeoutMsOf(promise, timeoutMsDefault), "restart")
      : undefined,
  fake: {
    initial: () => ({ type: "service", manager: "systemd", state: "stopped", enabled: "no" }),
    repaired: (promise, seen, { verb }) => (verb === "restart" ? seen : repairedService(promise, seen)),
    damaged: damagedService,
  },
});

function serviceDrift(promise: ServicePromise, seen: ServiceObservation): Drift | undefined {
  const wanted = promise.state ?? "running";
  if (seen.type === "missing") {
    if (wanted === "stopped" && promise.enabled !== true) return undefined;
    return driftOf({ type: `${seen.manager} knows no such service` });
  }
  const isStopped = seen.state !== "running";
  return driftOf({
    state: isStopped === (wanted === "stopped") ? undefined : `${seen.state}, promised ${wanted}`,
    enabled: enabledDifference(promise.enabled, seen.enabled),
  });
}

function enabledDifference(promised: boolean | undefined, seen: "yes" | "no" | "fixed"): string | undefined {
  if (promised === undefined || seen === "fixed" || (seen === "yes") === promised) return undefined;
  return promised ? "not enabled, promised enabled" : "enabled, promised not enabled";
}

function repairedService(promise: ServicePromise, seen: ServiceObservation): ServiceObservation {
  if (seen.type === "missing") return seen;
  const wanted = promise.state ?? "running";
  const isKept = (seen.state === "running") === (wanted === "running");
  const enabled =
    seen.enabled === "fixed" || promise.enabled === undefined ? seen.enabled : promise.enabled ? "yes" : "no";
  return { ...seen, state: isKept ? seen.state : wanted, enabled };
}

function damagedService(promise: ServicePromise, seen: ServiceObservation, seed: number): ServiceObservation {
  if (seen.type === "missing") return seen;
  if (seed % 3 === 0) return { ...seen, enabled: promise.enabled === true ? "no" : "yes" };
  if (promise.state === "stopped") return { ...seen, state: "running" };
  return { ...seen, state: seed % 3 === 1 ? "failed" : "stopped" };
}
