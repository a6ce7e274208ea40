import type { RepairWindow, Weekday } from "../contract/resource.ts";
import type { WallMs } from "../contract/time.ts";

const minuteMs = 60_000;
const dayMinutes = 1_440;
/** 1 January 1970 was the fourth of these. */
const weekdays: readonly Weekday[] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const firstWeekday = 3;
/** Before this time, the first of 2025, a clock has not been set: a Pi has none at boot. */
const clockSetMs = 1_735_689_600_000;
/** A window opens at least once in so many days. */
const daysLooked = 8;

/** How long until the window is open: 0 while it is; undefined while the clock is not set. */
export function untilWindowMs(window: RepairWindow, wallMs: WallMs): number | undefined {
  if (wallMs < clockSetMs) return undefined;
  const minute = Math.floor(wallMs / minuteMs) + window.offsetMinutes;
  const today = Math.floor(minute / dayMinutes);
  const lengthMinutes = (window.toMinute - window.fromMinute + dayMinutes) % dayMinutes;
  // One that opened yesterday may still be open.
  for (let day = today - 1; day < today + daysLooked; day += 1) {
    if (!window.days.includes(weekdayOf(day))) continue;
    const opens = day * dayMinutes + window.fromMinute;
    if (minute >= opens + lengthMinutes) continue;
    if (minute >= opens) return 0;
    return (opens - window.offsetMinutes) * minuteMs - wallMs;
  }
  throw new Error("a window opens at least once a week");
}

function weekdayOf(day: number): Weekday {
  return weekdays[(day + firstWeekday) % weekdays.length] as Weekday;
}
