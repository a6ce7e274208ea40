import type { ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { Drift, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { durationMs } from "./parts/duration.ts";
import { type CommonPromise, commonFields, duration, plainNameProblem } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { idempotentPlan, timeoutMsOf } from "./parts/planning.ts";

/** Processes that the agent did not start: they run, which is only told; or none may, and those that do are ended. */
export type ForeignPromise = CommonPromise & {
  /** The program: its name as `ps -o comm` says it, or its absolute path. */
  readonly program?: string;
  /** The cgroup that they are in, or below: a path from the root of the hierarchy. */
  readonly cgroup?: string;
  /** None may run. */
  readonly absent?: true;
  /** From SIGTERM to SIGKILL; `5s` when not said. */
  readonly stopTimeout?: string;
};

/** Which run. */
export type ForeignObservation = {
  readonly type: "processes";
  readonly count: number;
  /** The oldest, at most `foreignPidsMax`, sorted. */
  readonly pids: readonly number[];
};

/** `end`: SIGTERM, then SIGKILL for whoever is left, each only while it is the same process. */
export type ForeignVerb = "end";

/** Pids that are told. A guess: more of one program is a number, not a list. */
export const foreignPidsMax = 16;
/** From SIGTERM to SIGKILL where the promise does not say. As for processes. */
export const foreignStopTimeoutMsDefault = 5_000;
/** Time to end, beyond the time to stop. A guess. */
const timeoutMsDefault = 10_000;
/** Time between looks where the promise does not say. With cgroup v2 the end of the last one wakes. */
const everyMsDefault = 5_000;

const promiseShape: Shape<ForeignPromise> = onDemand(() =>
  z
    .strictObject({
      program: z
        .exactOptional(
          z
            .string()
            .check(
              z.maxLength(4_096),
              z.regex(
                /^(\/[^\0]+|[^/\0]{1,15})$/,
                "expected a name of at most 15 characters, or an absolute path",
              ),
            ),
        )
        .check(z.describe("Its name, as ps -o comm says it, or its absolute path")),
      cgroup: z
        .exactOptional(
          z.string().check(
            z.maxLength(1_024),
            z.regex(/^(\/[^/\0]+)+$/, "expected a path from the root of the cgroups"),
            z.refine((path) => !path.split("/").includes(".."), "expected no .."),
          ),
        )
        .check(z.describe("The cgroup that they are in, such as /system.slice/cron.service")),
      absent: z.exactOptional(z.literal(true)).check(z.describe("None may run: those that do are ended")),
      stopTimeout: z.exactOptional(duration).check(z.describe("From SIGTERM to SIGKILL, such as 5s")),
      ...commonFields,
    })
    .check(
      z.refine(
        ({ program, cgroup }) => program !== undefined || cgroup !== undefined,
        "expected program or cgroup",
      ),
    ),
);

const observationShape: Shape<ForeignObservation> = onDemand(() =>
  z.strictObject({
    type: z.literal("processes"),
    count: z.int(),
    pids: z.array(z.int()).check(z.maxLength(foreignPidsMax)),
  }),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readForeignPromise: (promise: ResourcePromise) => ForeignPromise = promiseReader(
  "foreign",
  promiseShape,
);

/** Processes of others. */
export const foreignType: ResourceType = defineResource<ForeignPromise, ForeignObservation>({
  kind: "foreign",
  observedBy: "body",
  powers: ["process"],
  promiseShape,
  observationShape,
  nameProblem: plainNameProblem,
  everyMs: everyMsDefault,
  diff: foreignDrift,
  plan: (promise) => {
    if (promise.absent !== true) return undefined;
    const stopMs =
      promise.stopTimeout === undefined ? foreignStopTimeoutMsDefault : durationMs(promise.stopTimeout);
    return idempotentPlan("end", timeoutMsOf(promise, timeoutMsDefault) + stopMs, "end them");
  },
  reverse: () => undefined,
  fake: {
    initial: ({ absent }) => running(absent === true ? 0 : 1),
    repaired: () => running(0),
    // Nothing starts those that shall run, so that every second damage is its own recovery.
    damaged: ({ absent }, _seen, seed) => running(absent === true ? 1 + (seed % 3) : (seed + 1) % 2),
  },
});

function running(count: number): ForeignObservation {
  return { type: "processes", count, pids: Array.from({ length: count }, (_, index) => 100 + index) };
}

function foreignDrift({ absent }: ForeignPromise, { count, pids }: ForeignObservation): Drift | undefined {
  if (absent !== true) return count > 0 ? undefined : driftOf({ running: "none runs, promised some" });
  return count === 0 ? undefined : driftOf({ running: `${count} run (${pids.join(", ")}), promised none` });
}
