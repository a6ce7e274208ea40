import type { EventCount, LogLine } from "../ports.ts";

/** Kinds of events counted. Guess: twice as many as there are names of events; more are no names of ours. */
const eventKindsMax = 128;

/** Counts log lines, for metrics: the log itself keeps only the newest. */
export class EventCounts {
  readonly #counts = new Map<string, { event: string; level: LogLine["level"]; count: number }>();

  count({ event, level }: Pick<LogLine, "event" | "level">): void {
    const key = `${event} ${level}`;
    const known = this.#counts.get(key);
    if (known !== undefined) known.count += 1;
    else if (this.#counts.size < eventKindsMax) this.#counts.set(key, { event, level, count: 1 });
  }

  /** In order of names. */
  list(): readonly EventCount[] {
    return [...this.#counts]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([, counted]) => ({ ...counted }));
  }
}
