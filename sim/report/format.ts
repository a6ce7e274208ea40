/** `12,345`, whatever the reader's language is: the page is English. */
export function count(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** One of something, or several. */
export function plural(value: number, one: string, many: string = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A point in time, as the scale of its run needs it: `20.413 s`, `12:05.413`. */
export function moment(ms: number, durationMs: number): string {
  if (durationMs < 600_000) return `${(ms / 1_000).toFixed(3)} s`;
  const seconds = (ms % 60_000) / 1_000;
  return `${Math.floor(ms / 60_000)}:${seconds.toFixed(3).padStart(6, "0")}`;
}

/** A span of time with the unit that fits: `400 ms`, `2.35 s`, `3 min 20 s`. */
export function span(ms: number): string {
  if (ms === 0) return "0 s";
  if (ms < 1_000) return `${round(ms, 0)} ms`;
  if (ms <= 120_000) return `${round(ms / 1_000, 2)} s`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = round((ms % 60_000) / 1_000, 0);
  return seconds === "0" ? `${minutes} min` : `${minutes} min ${seconds} s`;
}

/** A quantity with at most three significant digits: `0.31`, `12`, `4.2k`. */
export function quantity(value: number): string {
  const size = Math.abs(value);
  if (size >= 1_000_000) return `${round(value / 1_000_000, 1)}M`;
  if (size >= 10_000) return `${round(value / 1_000, 0)}k`;
  if (size >= 1_000) return `${round(value / 1_000, 1)}k`;
  return round(value, size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** `512 B`, `2.4 MB`. */
export function bytes(value: number): string {
  if (value < 1_000) return `${round(value, 0)} B`;
  if (value < 1_000_000) return `${round(value / 1_000, value < 10_000 ? 1 : 0)} kB`;
  return `${round(value / 1_000_000, 1)} MB`;
}

function round(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
