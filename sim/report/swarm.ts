import type { Changes, RecordedGeneration, Recording } from "../src/recording/recording.ts";
import { runningCode, stateOf, states } from "./states.ts";

const none = -1;

/** How the swarm is at one moment of its recording. Moving forward costs what changed; moving back starts anew. */
export class Swarm {
  nowMs: number = none;
  readonly size: number;
  readonly process: Uint8Array;
  readonly place: Uint8Array;
  readonly held: Int32Array;
  /** Index into `states`, for each agent. */
  readonly state: Uint8Array;
  /** How many agents are in each of `states`. */
  readonly counts: Uint32Array = new Uint32Array(states.length);
  /** For each stream, the generation in force at each agent, as an index into the stream's. */
  readonly inForce: readonly Int16Array[];
  running = 0;
  readonly #recording: Recording;
  readonly #mistaken: Uint8Array;
  /** For each stream the newest generation that was in force anywhere so far. */
  readonly #newest: number[];
  readonly #cursors: Cursor[];

  constructor(recording: Recording) {
    const size = recording.names.length;
    this.#recording = recording;
    this.size = size;
    this.process = new Uint8Array(size);
    this.place = new Uint8Array(size);
    this.held = new Int32Array(size);
    this.state = new Uint8Array(size);
    this.#mistaken = new Uint8Array(size);
    this.inForce = recording.streams.map(() => new Int16Array(size).fill(none));
    this.#newest = recording.streams.map(() => none);
    this.#cursors = [
      new Cursor(recording.processes, this.process),
      new Cursor(recording.whereabouts, this.place),
      new Cursor(recording.held, this.held),
      new Cursor(recording.mistaken, this.#mistaken),
      ...recording.streams.map(({ inForce }, stream) => {
        const column = this.inForce[stream] as Int16Array;
        return new Cursor(inForce, column, (value) => this.#noteNewest(stream, value));
      }),
    ];
    this.seek(0);
  }

  seek(toMs: number): void {
    if (toMs === this.nowMs) return;
    if (toMs < this.nowMs) this.#rewind();
    for (const cursor of this.#cursors) cursor.advance(toMs);
    this.nowMs = toMs;
    this.#judge();
  }

  /** Whether a newer generation is in force elsewhere, in any stream. */
  isBehind(agent: number): boolean {
    for (let stream = 0; stream < this.inForce.length; stream += 1) {
      if ((this.inForce[stream] as Int16Array)[agent] !== this.#newest[stream]) return true;
    }
    return false;
  }

  isMistaken(agent: number): boolean {
    return this.#mistaken[agent] === 1;
  }

  #rewind(): void {
    for (const column of [this.process, this.place, this.held, this.#mistaken]) column.fill(0);
    for (const column of this.inForce) column.fill(none);
    this.#newest.fill(none);
    for (const cursor of this.#cursors) cursor.rewind();
  }

  #judge(): void {
    let running = 0;
    for (const code of this.process) if (code === runningCode) running += 1;
    this.running = running;
    this.counts.fill(0);
    for (let agent = 0; agent < this.size; agent += 1) {
      const process = this.process[agent] as number;
      const state = stateOf({
        process,
        held: this.held[agent] as number,
        others: running - Number(process === runningCode),
        isBehind: this.isBehind(agent),
        isMistaken: this.isMistaken(agent),
      });
      this.state[agent] = state;
      this.counts[state] = (this.counts[state] as number) + 1;
    }
  }

  #noteNewest(stream: number, found: number): void {
    const generations = (this.#recording.streams[stream] as Recording["streams"][number]).generations;
    const [known, next] = [generations[this.#newest[stream] as number], generations[found]];
    if (next !== undefined && (known === undefined || isNewer(next, known))) this.#newest[stream] = found;
  }
}

/** Applies one column of changes up to a time. */
class Cursor {
  readonly #changes: Changes;
  readonly #column: { [agent: number]: number };
  readonly #onValue: ((value: number) => void) | undefined;
  #next = 0;

  constructor(changes: Changes, column: { [agent: number]: number }, onValue?: (value: number) => void) {
    this.#changes = changes;
    this.#column = column;
    this.#onValue = onValue;
  }

  advance(toMs: number): void {
    const { atMs, agent, value } = this.#changes;
    while (this.#next < atMs.length && (atMs[this.#next] as number) <= toMs) {
      const found = value[this.#next] as number;
      this.#column[agent[this.#next] as number] = found;
      this.#onValue?.(found);
      this.#next += 1;
    }
  }

  rewind(): void {
    this.#next = 0;
  }
}

function isNewer(left: RecordedGeneration, right: RecordedGeneration): boolean {
  return left.epoch > right.epoch || (left.epoch === right.epoch && left.generation > right.generation);
}
