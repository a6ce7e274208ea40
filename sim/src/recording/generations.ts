import type { Event } from "@antibody/core";
import type { RecordedGeneration } from "./recording.ts";

/** Pairs of stream and generation that are told apart; beyond that, an agent keeps the last that was. */
const generationsMax = 1_024;

/** The generations that were in force anywhere, in order of their coming. */
export class GenerationTable {
  /** What an agent has in force before anything. */
  readonly none: number = -1;
  readonly all: RecordedGeneration[] = [];
  readonly #numbers = new Map<string, number>();

  /** The place in the table of the generation that an agent tells to be in force from now on. */
  read(fields: Event["fields"]): number {
    const { author, stream, epoch, generation } = fields;
    const key = `${author} ${stream} ${epoch} ${generation}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.all.length >= generationsMax) return this.all.length - 1;
    const number = this.all.push({
      stream: String(stream),
      epoch: Number(epoch),
      generation: Number(generation),
    });
    this.#numbers.set(key, number - 1);
    return number - 1;
  }
}
