import { Random } from "@antibody/core";
import { digestOf } from "../hash/trace.ts";
import type { SimAgent } from "../world/agent.ts";

/** Hex digits of a digest that number a stream: with the seed's 32 bits they fit into a safe whole number. */
const streamDigits = 5;
const aboveSeeds = 2 ** 32;

/**
 * The randomness of faults. Each has streams of its own, found by what the fault is and whom it concerns: whoever
 * leaves out one fault changes nothing of the others.
 */
export class Streams {
  readonly #seed: number;
  /** What is damaged on a device does not depend on who else is chosen, or damaged. */
  readonly #damages = new Map<SimAgent, Random>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The stream of one step, or of one agent within it. */
  of(what: string, atUs: number, agent?: SimAgent): Random {
    const digest = digestOf([what, atUs, agent?.index ?? -1]).slice(0, streamDigits);
    return Random.fromSeed(this.#seed + Number.parseInt(digest, 16) * aboveSeeds);
  }

  /** The stream of all that is damaged on one device. */
  ofDamage(agent: SimAgent): Random {
    const random = this.#damages.get(agent) ?? this.of("damage", 0, agent);
    this.#damages.set(agent, random);
    return random;
  }
}
