import type { ResourceId } from "@antibody/policy";
import * as z from "zod/mini";
import type { BackoffFields, CommonFields, RepairWindow, Weekday } from "../../contract/resource.ts";
import { durationMs } from "./duration.ts";
import { duration, interval, isRole, resourceIds, roleIds } from "./shapes.ts";

/** Failures in a row that policy may allow before a human is asked. A guess: beyond it nobody is ever asked. */
const retryMax = 100;
/** Repairs that a limit may allow. A guess: whoever allows more needs no limit. */
const limitRepairsMax = 10_000;
/** The span of priorities on both sides of 0, which is what is not said. */
const priorityMax = 9;
/** Of the device's budget, one repair may take so much. A guess: twenty of these fill a day's budget of a board. */
const budgetMax = 1_000;
/** By how much waits may grow. */
const factorMax = 10;

const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const satisfies readonly Weekday[];

/** How often repairs that fail are tried again, and when what failed is forgotten. */
type BackoffPromise = {
  /** The first wait; `1s` where it is not said. */
  readonly base?: string;
  /** What the wait grows by; 2. */
  readonly factor?: number;
  /** The longest wait; `5m`. */
  readonly max?: string;
  /** `full`, the default: anything up to the wait, so that what failed together is not tried together. */
  readonly jitter?: "full" | "none";
  /** Kept for this long, a resource forgets its failures; `10m`. */
  readonly resetAfter?: string;
};

/** When repairs may begin. */
type WindowPromise = {
  /** `hh:mm` */
  readonly from: string;
  /** `hh:mm`; before `from`, it is of the next day. */
  readonly to: string;
  /** On which the window opens; every day where it is not said. */
  readonly days?: readonly Weekday[];
  /** Of the times, for example `+02:00`; UTC where it is not said. */
  readonly offset?: string;
};

/** What a promise of any type may say of how it is kept. */
type Metaparameters = {
  readonly poll?: string;
  readonly retry?: number;
  readonly backoff?: BackoffPromise;
  readonly limit?: { readonly repairs: number; readonly per: string };
  readonly window?: WindowPromise;
  readonly priority?: number;
  readonly budget?: number;
  readonly danger?: readonly ResourceId[];
  readonly disturbs?: readonly ResourceId[];
  readonly onRepair?: readonly ResourceId[];
  readonly reverse?: boolean;
  readonly barrier?: string;
};

/** Fields that promises of every type may have. */
export type CommonPromise = {
  /** Resources whose promises must be kept before this one is repaired. */
  readonly after?: readonly ResourceId[];
  /** How often to look, for example `30s`; without it, events and the sweep alone. */
  readonly every?: string;
  /** How long one repair may take, for example `10s`. */
  readonly timeout?: string;
  /** In force only while these are held here: roles, for most types. */
  readonly while?: readonly ResourceId[];
} & Metaparameters;

const timeOfDay = z
  .string()
  .check(z.regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, "expected a time, such as 02:30"));

const backoff: z.ZodMiniType<BackoffPromise> = z.strictObject({
  base: z.exactOptional(duration).check(z.describe("The first wait, such as 1s")),
  factor: z
    .exactOptional(z.int().check(z.minimum(1), z.maximum(factorMax)))
    .check(z.describe("What each wait grows by, such as 2")),
  max: z.exactOptional(duration).check(z.describe("The longest wait, such as 5m")),
  jitter: z
    .exactOptional(z.enum(["full", "none"]))
    .check(z.describe("full: anything up to the wait; none: exactly the wait")),
  resetAfter: z.exactOptional(duration).check(z.describe("Kept for so long, failures are forgotten")),
});

const limit = z.strictObject({
  repairs: z.int().check(z.minimum(1), z.maximum(limitRepairsMax), z.describe("So many repairs at most")),
  per: duration.check(z.describe("within this time, such as 1h")),
});

const repairWindow: z.ZodMiniType<WindowPromise> = z
  .strictObject({
    from: timeOfDay.check(z.describe("From this time of day on, such as 02:00")),
    to: timeOfDay.check(z.describe("Until this time of day, such as 04:30")),
    days: z
      .exactOptional(z.array(z.enum(weekdays)).check(z.minLength(1), z.maxLength(weekdays.length)))
      .check(z.describe("On these days; every day where it is not said")),
    offset: z
      .exactOptional(
        z.string().check(z.regex(/^[+-](0[0-9]|1[0-4]):[0-5][0-9]$/, "expected an offset, such as +02:00")),
      )
      .check(z.describe("Of these times from UTC, such as +02:00")),
  })
  .check(z.refine(({ from, to }) => from !== to, "a window that ends when it begins is never open"));

/** The shapes of the metaparameters. */
export const metaparameters: {
  readonly poll: z.ZodMiniExactOptional<typeof interval>;
  readonly retry: z.ZodMiniExactOptional<z.ZodMiniType<number, number>>;
  readonly backoff: z.ZodMiniExactOptional<typeof backoff>;
  readonly limit: z.ZodMiniExactOptional<z.ZodMiniType<{ readonly repairs: number; readonly per: string }>>;
  readonly window: z.ZodMiniExactOptional<typeof repairWindow>;
  readonly priority: z.ZodMiniExactOptional<z.ZodMiniType<number, number>>;
  readonly budget: z.ZodMiniExactOptional<z.ZodMiniType<number, number>>;
  readonly danger: z.ZodMiniExactOptional<typeof resourceIds>;
  readonly disturbs: z.ZodMiniExactOptional<typeof roleIds>;
  readonly onRepair: z.ZodMiniExactOptional<typeof resourceIds>;
  readonly reverse: z.ZodMiniExactOptional<z.ZodMiniType<boolean, boolean>>;
  readonly barrier: z.ZodMiniExactOptional<z.ZodMiniType<string, string>>;
} = {
  poll: z.exactOptional(interval).check(z.describe("Look this often, and not by events, such as 30s")),
  retry: z
    .exactOptional(z.int().check(z.minimum(1), z.maximum(retryMax)) as z.ZodMiniType<number, number>)
    .check(z.describe("Failures in a row before a human is asked, such as 3")),
  backoff: z.exactOptional(backoff).check(z.describe("How failed repairs are tried again")),
  limit: z
    .exactOptional(limit as z.ZodMiniType<{ readonly repairs: number; readonly per: string }>)
    .check(z.describe("At most so many repairs within a time")),
  window: z.exactOptional(repairWindow).check(z.describe("Repaired only within these hours")),
  priority: z
    .exactOptional(
      z.int().check(z.minimum(-priorityMax), z.maximum(priorityMax)) as z.ZodMiniType<number, number>,
    )
    .check(z.describe("Repaired before those of a lower one where not all can be at once; 0 if not said")),
  budget: z
    .exactOptional(z.int().check(z.minimum(0), z.maximum(budgetMax)) as z.ZodMiniType<number, number>)
    .check(z.describe("What one repair takes of the device's budget of repairs; 1 if not said")),
  danger: z
    .exactOptional(resourceIds)
    .check(z.describe("Costly to repair: only while the probe of one of these fails")),
  disturbs: z
    .exactOptional(roleIds)
    .check(z.describe("A repair disturbs these roles: the swarm does few of them at once")),
  onRepair: z
    .exactOptional(resourceIds)
    .check(z.describe("Begun anew after a repair, such as the process that reads the file")),
  reverse: z
    .exactOptional(z.boolean() as z.ZodMiniType<boolean, boolean>)
    .check(z.describe("Whether to undo it when the promise is withdrawn")),
  barrier: z
    .exactOptional(
      z
        .string()
        .check(
          z.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "expected 1 to 63 of a-z, 0-9 and -"),
        ) as z.ZodMiniType<string, string>,
    )
    .check(z.describe("Changes together with all of this stream that have the same name, or not at all")),
};

/** The metaparameters of a promise in numbers. */
export function commonOf(promise: CommonPromise, defaultEveryMs: number | undefined): CommonFields {
  const everyMs = promise.poll ?? promise.every;
  const { backoff: waits, limit: most, retry, window: hours } = promise;
  return {
    after: promise.after ?? [],
    while: (promise.while ?? []).filter(isRole),
    polls: promise.poll !== undefined,
    priority: promise.priority ?? 0,
    budget: promise.budget ?? 1,
    danger: promise.danger ?? [],
    disturbs: promise.disturbs ?? [],
    onRepair: promise.onRepair ?? [],
    backoff: waits === undefined ? {} : backoffOf(waits),
    ...optional("everyMs", everyMs === undefined ? defaultEveryMs : durationMs(everyMs)),
    ...optional("retry", retry),
    ...optional("barrier", promise.barrier),
    ...optional("limit", most && { repairs: most.repairs, perMs: durationMs(most.per) }),
    ...optional("window", hours && windowOf(hours)),
  };
}

function backoffOf({ base, factor, max, jitter, resetAfter }: BackoffPromise): BackoffFields {
  return {
    ...optional("baseMs", base && durationMs(base)),
    ...optional("factor", factor),
    ...optional("maxMs", max && durationMs(max)),
    ...optional("jitter", jitter),
    ...optional("resetAfterMs", resetAfter && durationMs(resetAfter)),
  };
}

function windowOf({ from, to, days, offset }: WindowPromise): RepairWindow {
  return {
    fromMinute: minuteOf(from),
    toMinute: minuteOf(to),
    days: days ?? weekdays,
    offsetMinutes: offset === undefined ? 0 : minuteOf(offset.slice(1)) * (offset.startsWith("-") ? -1 : 1),
  };
}

function minuteOf(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
}

/** A field where there is a value, since fields are left out and not undefined. */
function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined | "",
): { readonly [field in Name]?: Value } {
  return (value === undefined || value === "" ? {} : { [name]: value }) as { [field in Name]?: Value };
}
