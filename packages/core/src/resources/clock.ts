import * as z from "zod/mini";
import type { Drift, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf } from "./parts/define.ts";
import { durationMs } from "./parts/duration.ts";
import { type CommonPromise, commonFields, duration, plainNameProblem } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { reportOnly } from "./parts/planning.ts";

/** The device's clock follows others. Nothing repairs it but the service that does; other promises hang on it. */
export type ClockPromise = CommonPromise & {
  /** At most so far from the others, as the service estimates; `1s` when not said. */
  readonly within?: string;
};

/** What the service that sets the clock says. */
export type ClockObservation = {
  readonly type: "clock";
  /** Who says so: `chrony`, `timesyncd` or `timedatectl`. */
  readonly by: string;
  readonly isSynchronized: boolean;
  /** By how much it is off, above zero; undefined where the service does not say. */
  readonly offsetMs?: number;
};

/** How far off a clock may be where the promise does not say. A guess: what certificates and logs can bear. */
const withinMsDefault = 1_000;
/** Time between looks where the promise does not say. A guess: clocks drift slowly. */
const everyMsDefault = 60_000;

const promiseShape: Shape<ClockPromise> = onDemand(() =>
  z.strictObject({
    within: z
      .exactOptional(duration)
      .check(z.describe("How far off at most, such as 250ms; 1s when not said")),
    ...commonFields,
  }),
);

const observationShape: Shape<ClockObservation> = onDemand(() =>
  z.strictObject({
    type: z.literal("clock"),
    by: z.string(),
    isSynchronized: z.boolean(),
    offsetMs: z.exactOptional(z.int()),
  }),
);

/** Whether the clock is set by others. */
export const clockType: ResourceType = defineResource<ClockPromise, ClockObservation>({
  kind: "clock",
  observedBy: "body",
  powers: [],
  promiseShape,
  observationShape,
  nameProblem: plainNameProblem,
  everyMs: everyMsDefault,
  diff: clockDrift,
  ...reportOnly,
  fake: {
    initial: () => ({ type: "clock", by: "chrony", isSynchronized: true, offsetMs: 1 }),
    repaired: (_promise, seen) => seen,
    // Nothing repairs it, so that every third damage is its own recovery.
    damaged: (_promise, seen, seed) => ({
      ...seen,
      isSynchronized: seed % 3 !== 1,
      offsetMs: seed % 3 === 2 ? 1e12 : 1,
    }),
  },
});

function clockDrift(
  { within }: ClockPromise,
  { by, isSynchronized, offsetMs }: ClockObservation,
): Drift | undefined {
  const withinMs = within === undefined ? withinMsDefault : durationMs(within);
  return driftOf({
    synchronized: isSynchronized ? undefined : `${by} says that the clock is not synchronized`,
    offset:
      offsetMs !== undefined && offsetMs > withinMs
        ? `off by ${offsetMs} ms, promised ${withinMs}`
        : undefined,
  });
}
