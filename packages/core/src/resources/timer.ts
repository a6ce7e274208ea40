import type { ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { ResourceType, Weekday } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { durationMs, parseDuration } from "./parts/duration.ts";
import { type CommonPromise, command, commonFields, duration, plainNameProblem } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";

/**
 * The shortest interval. Below six seconds a device takes a timer for something that another undoes all the time; a
 * program that works more often is a process.
 */
const intervalMsMin = 10_000;

/** A program that runs at intervals, or at times of the day. A run that fails is tried again, as any repair is. */
export type TimerPromise = CommonPromise & {
  readonly command: readonly string[];
  /** Bounds each run; mandatory, since nothing else ends a program that hangs. */
  readonly timeout: string;
  /** From the start of one good run to the next. Excludes `at`. */
  readonly interval?: string;
  /** `hh:mm`. Excludes `interval`. */
  readonly at?: string;
  /** Days on which it runs at that time; every day when not said. */
  readonly days?: readonly Weekday[];
  /** Of the time, for example `+02:00`; UTC when not said. */
  readonly offset?: string;
};

/** Whether it is time. Runs that were missed, since the device was off, are made good by one, and counted. */
export type TimerObservation = {
  readonly type: "timer";
  readonly isDue: boolean;
  /** When the run that is due was, or when the next one will be: ISO 8601, in UTC. */
  readonly dueAt: string;
  /** Times before the one that is due at which it did not run either. */
  readonly missed: number;
  /** When it last ran well. */
  readonly ranAt?: string;
};

/** Runs the program once. Not idempotent as far as anyone knows, so its intent is on disk before it starts. */
export type TimerVerb = "run";

const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const satisfies readonly Weekday[];

const promiseShape: Shape<TimerPromise> = onDemand(() =>
  z
    .strictObject({
      ...commonFields,
      command,
      timeout: duration.check(z.describe("Bounds each run, such as 10m")),
      interval: z
        .exactOptional(
          duration.check(
            z.refine((text) => (parseDuration(text) ?? 0) >= intervalMsMin, "expected at least 10s"),
          ),
        )
        .check(z.describe("From the start of one good run to the next, such as 6h; at least 10s")),
      at: z
        .exactOptional(
          z.string().check(z.regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, "expected a time, such as 03:00")),
        )
        .check(z.describe("A time of the day, such as 03:00")),
      days: z
        .exactOptional(z.array(z.enum(weekdays)).check(z.minLength(1), z.maxLength(weekdays.length)))
        .check(z.describe("On these days; every day when not said")),
      offset: z
        .exactOptional(
          z.string().check(z.regex(/^[+-](0[0-9]|1[0-4]):[0-5][0-9]$/, "expected an offset, such as +02:00")),
        )
        .check(z.describe("Of the time from UTC, such as +02:00")),
    })
    .check(
      z.refine(
        ({ interval, at }) => (interval === undefined) !== (at === undefined),
        "expected either interval or at",
      ),
      z.refine(
        ({ at, days, offset }) => at !== undefined || (days === undefined && offset === undefined),
        "days and offset need at",
      ),
    ),
);

const observationShape: Shape<TimerObservation> = onDemand(() =>
  z.strictObject({
    type: z.literal("timer"),
    isDue: z.boolean(),
    dueAt: z.string(),
    missed: z.int(),
    ranAt: z.exactOptional(z.string()),
  }),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readTimerPromise: (promise: ResourcePromise) => TimerPromise = promiseReader(
  "timer",
  promiseShape,
);

/** A program at its times. */
export const timerType: ResourceType = defineResource<TimerPromise, TimerObservation>({
  kind: "timer",
  observedBy: "body",
  powers: ["command"],
  promiseShape,
  observationShape,
  nameProblem: plainNameProblem,
  diff: (_promise, { isDue, dueAt, missed }) =>
    isDue
      ? driftOf({
          due: `due since ${dueAt}${missed === 0 ? "" : `, and ${missed} runs before it were missed`}`,
        })
      : undefined,
  rest: ({ dueAt }) => ({ phase: "kept", why: `next at ${dueAt}` }),
  plan: ({ command, timeout }) => ({
    verb: "run",
    idempotent: false,
    timeoutMs: durationMs(timeout),
    summary: `run ${command[0] ?? ""}`,
  }),
  reverse: () => undefined,
  fake: {
    initial: () => ({ type: "timer", isDue: false, dueAt: "2030-01-01T03:00:00.000Z", missed: 0 }),
    repaired: (_promise, { dueAt }) => ({ type: "timer", isDue: false, dueAt, missed: 0, ranAt: dueAt }),
    damaged: (_promise, seen, seed) => ({ ...seen, isDue: true, missed: seed % 3 }),
  },
});

const dayMs = 86_400_000;

/**
 * When a timer that ran at `ranMs` is due next, in milliseconds of the wall clock: the first of its times behind.
 * Calendars are counted in UTC and an offset, so that no change of clocks doubles or swallows a run.
 */
export function timerDueMs(promise: TimerPromise, ranMs: number): number {
  if (promise.interval !== undefined) return ranMs + durationMs(promise.interval);
  const offsetMs = offsetMsOf(promise.offset);
  const [hours = 0, minutes = 0] = (promise.at ?? "").split(":").map(Number);
  const atMs = (hours * 60 + minutes) * 60_000;
  const day = Math.floor((ranMs + offsetMs) / dayMs);
  for (let ahead = 0; ahead <= weekdays.length; ahead += 1) {
    const dueMs = (day + ahead) * dayMs + atMs - offsetMs;
    if (dueMs > ranMs && isOn(promise, day + ahead)) return dueMs;
  }
  throw new Error("a timer that is never due");
}

/** Day 0 of the clock, 1970-01-01, was a Thursday. */
function isOn({ days }: TimerPromise, day: number): boolean {
  const weekday = weekdays[(((day + 3) % 7) + 7) % 7];
  return days === undefined || (weekday !== undefined && days.includes(weekday));
}

function offsetMsOf(offset: string | undefined): number {
  if (offset === undefined) return 0;
  const [hours = 0, minutes = 0] = offset.slice(1).split(":").map(Number);
  return (offset.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
