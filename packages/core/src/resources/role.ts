import { type AgentId, parseId, type ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { durationMs } from "./parts/duration.ts";
import { type CommonPromise, commonFields, duration } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { reportOnly } from "./parts/planning.ts";

/** Peers that one role may be run by. A guess: beyond it a workload belongs on every device. */
const roleCountMax = 32;
/** Characters of a role's name: with what peers say of it, it fits the name of a capability. */
export const roleNameCharactersMax = 48;
/** A role goes back to whom its name favors only after this long without change. A guess: outlives a bad evening. */
const returnAfterMsDefault = 600_000;

/** Members that vote on one leased role. A guess: beyond it a lease costs more than it protects. */
const majorityMembersMax = 15;
/** How long a lease counts. A guess: a third of it is what a program gets to stop, and that is 5 s. */
export const leaseMsDefault = 15_000;
/** Below, a busy card delays a vote for longer than the lease; above, nobody waits for a takeover. Guesses. */
const [leaseMsMin, leaseMsMax] = [3_000, 300_000];

/**
 * So many of the devices that hold this promise run what is promised `while` the role is held: without a
 * coordinator, at least once, and by both sides of a partition.
 */
export type RolePromise = CommonPromise & {
  /** Devices that run it. */
  readonly count: number;
  /** So many of its devices repairs may disturb at once; 1 when not said. */
  readonly disturbedMax?: number;
  /** How long nothing may have changed before the role goes back to a device that its name favors; `10m` when not said. */
  readonly returnAfter?: string;
  /** Only these may hold it, one at a time, by a lease that most of them have voted for. */
  readonly majority?: readonly AgentId[];
  /** How long a lease counts that is not renewed; `15s` when not said. */
  readonly lease?: string;
};

/** Where the role is; the mind itself observes it. */
export type RoleObservation =
  | { readonly type: "held"; readonly because: string }
  | { readonly type: "standingBy"; readonly because: string }
  /** This device may not take part. */
  | { readonly type: "withheld"; readonly because: string };

const member = z
  .string()
  .check(
    z.refine(
      (text) => parseId("agent", text) !== undefined,
      "expected the whole id of an agent, as antibody peers --json prints it",
    ),
  ) as unknown as z.ZodMiniType<AgentId, string>;

function isLease(text: string): boolean {
  const leaseMs = durationMs(text);
  return leaseMs >= leaseMsMin && leaseMs <= leaseMsMax;
}

const promiseShape: Shape<RolePromise> = onDemand(() =>
  z
    .strictObject({
      count: z
        .int()
        .check(z.minimum(1), z.maximum(roleCountMax), z.describe("How many devices shall hold the role")),
      returnAfter: z
        .exactOptional(duration)
        .check(z.describe("Stability before the role returns to a device that its name favors, such as 10m")),
      majority: z.exactOptional(z.array(member)).check(
        z.minLength(1),
        z.maxLength(majorityMembersMax),
        z.refine((members) => new Set(members).size === members.length, "expected each member once"),
        z.describe("Ids of the members that vote; one of them holds the role, by a lease of most of them"),
      ),
      lease: z
        .exactOptional(duration)
        .check(
          z.refine(isLease, "expected a time from 3s to 5m"),
          z.describe("How long a lease counts that is not renewed, such as 15s"),
        ),
      disturbedMax: z
        .exactOptional(z.int().check(z.minimum(1), z.maximum(roleCountMax)) as z.ZodMiniType<number, number>)
        .check(z.describe("How many of its devices repairs may disturb at once; 1 where it is not said")),
      after: commonFields.after,
      every: commonFields.every,
      timeout: commonFields.timeout,
    })
    .check(
      z.refine(
        ({ count, majority }) => majority === undefined || count === 1,
        "a leased role has a count of 1",
      ),
      z.refine(
        ({ lease, majority }) => lease === undefined || majority !== undefined,
        "a lease needs a majority",
      ),
    ),
);

const because = z.string();
const observationShape: Shape<RoleObservation> = onDemand(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("held"), because }),
    z.strictObject({ type: z.literal("standingBy"), because }),
    z.strictObject({ type: z.literal("withheld"), because }),
  ]),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readRolePromise: (promise: ResourcePromise) => RolePromise = promiseReader("role", promiseShape);

/** How long nothing may have changed before a role goes back. */
export function returnAfterMsOf({ returnAfter }: RolePromise): number {
  return returnAfter === undefined ? returnAfterMsDefault : durationMs(returnAfter);
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** A workload that some of several peers run. */
export const roleType: ResourceType = defineResource<RolePromise, RoleObservation>({
  kind: "role",
  observedBy: "mind",
  powers: [],
  promiseShape,
  observationShape,
  nameProblem: (name) =>
    name.length <= roleNameCharactersMax && namePattern.test(name)
      ? undefined
      : `the name must be 1 to ${roleNameCharactersMax} letters, digits, '.', '_' or '-'`,
  diff: (_promise, seen) =>
    seen.type === "withheld" ? driftOf({ candidate: `withheld: ${seen.because}` }) : undefined,
  rest: (seen) => ({ phase: seen.type === "held" ? "kept" : "standingBy", why: seen.because }),
  ...reportOnly,
  fake: {
    initial: () => ({ type: "standingBy", because: "others hold it" }),
    repaired: (_promise, seen) => seen,
    damaged: (_promise, _seen, seed) =>
      seed % 2 === 0
        ? { type: "held", because: `damage ${seed}` }
        : { type: "withheld", because: `damage ${seed}` },
  },
});
