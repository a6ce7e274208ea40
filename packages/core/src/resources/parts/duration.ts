/** The longest duration that policy may name. A guess: longer waits are not waits but removals. */
const durationMsMax: number = 366 * 24 * 3_600_000;

const durationPattern = /^([1-9][0-9]{0,8})(ms|s|m|h|d)$/;
const unitMs: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Reads `250ms`, `10s`, `5m`, `1h` or `2d` as milliseconds: a whole number above zero and one unit; else undefined. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = durationPattern.exec(text) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  const durationMs = Number(count) * (unitMs[unit] ?? 0);
  return durationMs <= durationMsMax ? durationMs : undefined;
}

/** Milliseconds of a duration that a schema has already accepted. Throws on any other text. */
export function durationMs(text: string): number {
  const parsedMs = parseDuration(text);
  if (parsedMs === undefined) throw new Error(`Not a duration: ${text}`);
  return parsedMs;
}

/** A time span for people, with one unit, rounded down: `350ms`, `12s`, `3m`, `5h`, `2d`. */
export function formatDuration(spanMs: number): string {
  if (spanMs < 1_000) return `${Math.max(0, Math.floor(spanMs))}ms`;
  if (spanMs < 120_000) return `${Math.floor(spanMs / 1_000)}s`;
  if (spanMs < 7_200_000) return `${Math.floor(spanMs / 60_000)}m`;
  if (spanMs < 172_800_000) return `${Math.floor(spanMs / 3_600_000)}h`;
  return `${Math.floor(spanMs / 86_400_000)}d`;
}
