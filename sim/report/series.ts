import {
  type Changes,
  type Detections,
  type ProcessCode,
  processCodes,
  type Recording,
  type Samples,
} from "../src/recording/recording.ts";

/** Columns over time: the first is in seconds, the others are one line each. */
export type Columns = readonly [x: number[], ...lines: (number | null)[][]];

/** Points of a curve over time: what falls between two of them shows only where it ends. */
const pointsMax = 4_000;
/** Rates are taken over at least this long: shorter bins show the model's timers, not the load. */
const binMsMin = 1_000;

/** How many agents run, are paused, and are gone. */
export function processSeries({ processes, durationMs }: Recording): Columns {
  const counts = processCodes.map(() => 0);
  const codes = new Codes();
  const rows = new Rows(durationMs, 3);
  merge(
    [processes],
    (_, agent, code) => {
      const before = codes.set(agent, code);
      if (before !== undefined) counts[before] = (counts[before] as number) - 1;
      counts[code] = (counts[code] as number) + 1;
    },
    (ms) => rows.add(ms, [sum(counts, "running"), sum(counts, "paused"), sum(counts, "killed", "powerless")]),
  );
  return rows.columns();
}

/** The share of running agents that has each generation of a stream in force, in percent. */
export function generationSeries({ processes, streams, durationMs }: Recording, stream: number): Columns {
  const { generations, inForce } = streams[stream] as Recording["streams"][number];
  const [codes, own] = [new Codes(), new Codes()];
  const counts = generations.map(() => 0);
  let running = 0;
  const rows = new Rows(durationMs, generations.length);
  const add = (agent: number, one: 1 | -1): void => {
    const generation = own.get(agent);
    if (codes.get(agent) !== runs) return;
    running += one;
    if (generation !== undefined) counts[generation] = (counts[generation] as number) + one;
  };
  merge(
    [processes, inForce],
    (column, agent, value) => {
      add(agent, -1);
      (column === 0 ? codes : own).set(agent, value);
      add(agent, 1);
    },
    (ms) =>
      rows.add(
        ms,
        counts.map((count) => (running === 0 ? null : (100 * count) / running)),
      ),
  );
  return rows.columns();
}

/** How many agents that are there are held dead by somebody: running ones, and paused ones. */
export function falseSeries({ processes, held, durationMs }: Recording): Columns {
  const [codes, counts] = [new Codes(), new Codes()];
  const wrong = processCodes.map(() => 0);
  const rows = new Rows(durationMs, 2);
  const add = (agent: number, one: 1 | -1): void => {
    const code = codes.get(agent);
    if (code !== undefined && (counts.get(agent) ?? 0) > 0) wrong[code] = (wrong[code] as number) + one;
  };
  merge(
    [processes, held],
    (column, agent, value) => {
      add(agent, -1);
      (column === 0 ? codes : counts).set(agent, value);
      add(agent, 1);
    },
    (ms) => rows.add(ms, [sum(wrong, "running"), sum(wrong, "paused")]),
  );
  return rows.columns();
}

/** How many running agents have a view that is not true. */
export function mistakenSeries({ mistaken, durationMs }: Recording): Columns {
  let count = 0;
  const rows = new Rows(durationMs, 1);
  merge(
    [mistaken],
    (_, __, value) => {
      count += value === 1 ? 1 : -1;
    },
    (ms) => rows.add(ms, [count]),
  );
  return rows.columns();
}

/** How fast counters rise: each in a second, of each running agent where `perAgent`. */
export function rateSeries(
  recording: Recording,
  keys: readonly Exclude<keyof Samples, "atMs">[],
  perAgent: boolean,
): Columns {
  const { samples } = recording;
  const [runningX, running] = processSeries(recording);
  const rows: number[][] = [];
  const x: number[] = [];
  let from = 0;
  let at = 0;
  for (let to = 1; to < samples.atMs.length; to += 1) {
    const [fromMs, toMs] = [samples.atMs[from] as number, samples.atMs[to] as number];
    const isWhole = Math.floor(toMs / binMsMin) > Math.floor(fromMs / binMsMin);
    if (!isWhole && to < samples.atMs.length - 1) continue;
    while (at + 1 < runningX.length && (runningX[at + 1] as number) * 1_000 < toMs) at += 1;
    const agents = perAgent ? Math.max(1, running?.[at] ?? 1) : 1;
    const seconds = Math.max(1, toMs - fromMs) / 1_000;
    x.push(fromMs / 1_000);
    rows.push(
      keys.map((key) => ((samples[key][to] as number) - (samples[key][from] as number)) / seconds / agents),
    );
    from = to;
  }
  if (x.length > 0) {
    x.push(recording.durationMs / 1_000);
    rows.push(rows.at(-1) as number[]);
  }
  return [x, ...keys.map((_, line) => rows.map((row) => row[line] as number))];
}

/** Which share of all verdicts that were due was given within a time, in percent; the time is in milliseconds. */
export function detectionSeries({ tookMs, count, missing }: Detections): Columns {
  const x: number[] = [];
  const share: number[] = [];
  const total = Array.from(count).reduce((all, one) => all + one, missing);
  let given = 0;
  for (let index = 0; index < tookMs.length; index += 1) {
    if (index === 0) {
      x.push(Math.max(0.5, tookMs[0] as number) * 0.98);
      share.push(0);
    }
    given += count[index] as number;
    // The axis is logarithmic: what took no time is shown at half a millisecond.
    x.push(Math.max(0.5, tookMs[index] as number));
    share.push((100 * given) / total);
  }
  return [x, share];
}

const runs = processCodes.indexOf("running");

/** What is known of each agent. */
class Codes {
  readonly #codes = new Map<number, number>();

  get(agent: number): number | undefined {
    return this.#codes.get(agent);
  }

  /** What was known before. */
  set(agent: number, code: number): number | undefined {
    const before = this.#codes.get(agent);
    this.#codes.set(agent, code);
    return before;
  }
}

/** Rows of a curve, thinned to what a screen shows. */
class Rows {
  readonly #bucketMs: number;
  readonly #endMs: number;
  readonly #x: number[] = [0];
  readonly #lines: (number | null)[][];
  #bucket = -1;

  constructor(durationMs: number, lines: number) {
    this.#endMs = durationMs;
    this.#bucketMs = durationMs / pointsMax;
    this.#lines = Array.from({ length: lines }, () => [0]);
  }

  add(ms: number, values: readonly (number | null)[]): void {
    const bucket = Math.floor(ms / this.#bucketMs);
    if (bucket === this.#bucket || ms === 0) {
      this.#x.pop();
      for (const line of this.#lines) line.pop();
    }
    this.#bucket = bucket;
    this.#x.push(ms / 1_000);
    this.#lines.forEach((line, index) => {
      line.push(values[index] ?? null);
    });
  }

  columns(): Columns {
    this.#x.push(this.#endMs / 1_000);
    for (const line of this.#lines) line.push(line.at(-1) ?? null);
    return [this.#x, ...this.#lines];
  }
}

/** Goes through several columns of changes in order of time. */
function merge(
  columns: readonly Changes[],
  onChange: (column: number, agent: number, value: number) => void,
  onTime: (ms: number) => void,
): void {
  const next = columns.map(() => 0);
  for (;;) {
    const ms = Math.min(
      ...columns.map(({ atMs }, column) => atMs[next[column] as number] ?? Number.POSITIVE_INFINITY),
    );
    if (ms === Number.POSITIVE_INFINITY) return;
    columns.forEach(({ atMs, agent, value }, column) => {
      let at = next[column] as number;
      for (; atMs[at] === ms; at += 1) onChange(column, agent[at] as number, value[at] as number);
      next[column] = at;
    });
    onTime(ms);
  }
}

function sum(counts: readonly number[], ...codes: readonly ProcessCode[]): number {
  return codes.reduce((total, code) => total + (counts[processCodes.indexOf(code)] as number), 0);
}
