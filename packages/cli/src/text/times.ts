import { formatDuration, type Inspection, type MonotonicMs } from "@antibody/core";

/** Turns the agent's monotonic times into what people and scripts read. */
export interface Times {
  /** RFC 3339 in UTC: when the agent was asked, on its own wall clock. */
  readonly now: string;
  /** RFC 3339 in UTC; undefined for a time that never comes. */
  at(monoMs: MonotonicMs): string | undefined;
}

/** The clock of an inspection: its monotonic now, beside its wall time. */
export function timesOf(inspection: Pick<Inspection, "nowMs" | "wallMs">): Times {
  return {
    now: wallTime(inspection.wallMs) ?? new Date(0).toISOString(),
    at: (monoMs) => wallTime(inspection.wallMs + (monoMs - inspection.nowMs)),
  };
}

/** A wall time in RFC 3339; undefined for a time that never comes. */
export function wallTime(wallMs: number): string | undefined {
  // The last day that Date can say; a time that never comes travels as a larger number.
  return Math.abs(wallMs) <= 8.64e15 ? new Date(wallMs).toISOString() : undefined;
}

/** `3m ago`, `in 12s`, `now`; `never` for a time that never comes. */
export function relative(time: string | undefined, now: string): string {
  if (time === undefined) return "never";
  const spanMs = Date.parse(time) - Date.parse(now);
  if (Math.abs(spanMs) < 1_000) return "now";
  return spanMs < 0 ? `${formatDuration(-spanMs)} ago` : `in ${formatDuration(spanMs)}`;
}

/** `3m`: how long ago, without the word. */
export function age(time: string | undefined, now: string): string {
  if (time === undefined) return "";
  return formatDuration(Math.max(0, Date.parse(now) - Date.parse(time)));
}
