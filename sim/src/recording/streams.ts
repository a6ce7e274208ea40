import type { Event } from "@antibody/core";
import { ChangeLog } from "./changeLog.ts";
import type { RecordedGeneration, RecordedStream } from "./recording.ts";

/** Streams, and generations of one, that are told apart; what comes beyond is not recorded. */
const streamsMax = 16;
const generationsMax = 1_024;
/** What an agent has in force before anything. */
const none = -1;

interface Stream {
  readonly author: string;
  readonly name: string;
  readonly generations: RecordedGeneration[];
  readonly inForce: ChangeLog;
}

/** Which generation of each stream is in force at each agent. */
export class Streams {
  readonly #agents: number;
  readonly #changesMax: number;
  readonly #streams: Stream[] = [];

  constructor(agents: number, changesMax: number) {
    this.#agents = agents;
    this.#changesMax = changesMax;
  }

  get fullSinceMs(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#streams.map(({ inForce }) => inForce.fullSinceMs));
  }

  /** An agent tells that a generation is in force from now on. */
  activated(nowMs: number, agent: number, fields: Event["fields"]): void {
    const stream = this.#streamOf(String(fields["author"]), String(fields["stream"]));
    if (stream === undefined) return;
    const [epoch, generation] = [Number(fields["epoch"]), Number(fields["generation"])];
    const { generations, inForce } = stream;
    let number = generations.findIndex((one) => one.epoch === epoch && one.generation === generation);
    if (number < 0) {
      if (generations.length >= generationsMax) return;
      number = generations.push({ epoch, generation }) - 1;
    }
    inForce.set(nowMs, agent, number);
  }

  recorded(): readonly RecordedStream[] {
    return this.#streams.map(({ name, generations, inForce }) => ({
      name,
      generations,
      inForce: inForce.changes(),
    }));
  }

  #streamOf(author: string, name: string): Stream | undefined {
    const known = this.#streams.find((one) => one.author === author && one.name === name);
    if (known !== undefined || this.#streams.length >= streamsMax) return known;
    const inForce = new ChangeLog(this.#agents, none, this.#changesMax);
    const stream: Stream = { author, name, generations: [], inForce };
    this.#streams.push(stream);
    return stream;
  }
}
