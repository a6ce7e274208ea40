import type { Recording } from "../src/recording/recording.ts";

/** Virtual seconds per second that can be chosen. */
export const speeds = [0.01, 0.03, 0.1, 0.3, 1, 3, 10] as const;
/** What happens in a run is to take about this long to watch. */
const watchedMs = 15_000;
/** Quiet stretches are crossed at a speed at which the whole run would take this long. */
const quietRunMs = 4_000;
/** Shorter gaps between changes, of the reader's time, are not quiet. */
const quietAfterMs = 400;
const binMs = 100;

/** Where the replay stands, and its way through the run. */
export class Player {
  readonly durationMs: number;
  /** Every time at which something changed, rising, each once. */
  readonly changesMs: readonly number[];
  nowMs = 0;
  isPlaying = false;
  skipsQuiet = true;
  speed: number;
  readonly #listeners: (() => void)[] = [];
  #frameMs = 0;

  constructor(recording: Recording) {
    this.durationMs = recording.durationMs;
    this.changesMs = changeTimes(recording);
    this.speed = speedFor(this.changesMs);
  }

  /** Called whenever the time or the way of playing has changed. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  seek(toMs: number): void {
    this.nowMs = Math.min(this.durationMs, Math.max(0, toMs));
    this.#tell();
  }

  /** To the change after this moment, or before it. */
  seekChange(direction: 1 | -1): void {
    const after = this.#firstAfter(this.nowMs);
    if (direction === 1) this.seek(this.changesMs[after] ?? this.durationMs);
    else {
      const before = this.changesMs[after - 1] === this.nowMs ? after - 2 : after - 1;
      this.seek(this.changesMs[before] ?? 0);
    }
  }

  toggle(): void {
    this.isPlaying = !this.isPlaying;
    if (this.isPlaying) {
      if (this.nowMs >= this.durationMs) this.nowMs = 0;
      this.#frameMs = performance.now();
      requestAnimationFrame((ms) => this.#frame(ms));
    }
    this.#tell();
  }

  pause(): void {
    if (this.isPlaying) this.toggle();
  }

  #frame(ms: number): void {
    if (!this.isPlaying) return;
    const passedMs = Math.max(0, Math.min(100, ms - this.#frameMs));
    this.#frameMs = ms;
    this.nowMs = Math.min(this.durationMs, this.nowMs + this.#stride(passedMs));
    if (this.nowMs >= this.durationMs) this.isPlaying = false;
    else requestAnimationFrame((next) => this.#frame(next));
    this.#tell();
  }

  /** How far a frame goes: at the chosen speed, but quickly to just before the next change where it is far. */
  #stride(passedMs: number): number {
    const stride = passedMs * this.speed;
    if (!this.skipsQuiet) return stride;
    const quietMs = (this.changesMs[this.#firstAfter(this.nowMs)] ?? this.durationMs) - this.nowMs;
    const leadMs = quietAfterMs * this.speed;
    if (quietMs <= leadMs) return stride;
    return Math.max(stride, Math.min(quietMs - leadMs, (passedMs * this.durationMs) / quietRunMs));
  }

  #firstAfter(ms: number): number {
    let [low, high] = [0, this.changesMs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.changesMs[middle] as number) <= ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function changeTimes({ processes, whereabouts, held, mistaken, streams, steps }: Recording): number[] {
  const times = new Set<number>(steps.map(({ atMs }) => atMs));
  const columns = [processes, whereabouts, held, mistaken, ...streams.map(({ inForce }) => inForce)];
  for (const { atMs } of columns) {
    for (let index = 0; index < atMs.length; index += 1) times.add(atMs[index] as number);
  }
  return [...times].sort((left, right) => left - right);
}

/** The slowest speed at which the busy parts of a run still pass in a short while. */
function speedFor(changesMs: readonly number[]): number {
  const busyMs = binMs * new Set(changesMs.map((ms) => Math.floor(ms / binMs))).size;
  return speeds.find((speed) => busyMs / speed <= watchedMs) ?? 10;
}
