import type { SimAgent } from "../world/agent.ts";

/** In larger worlds nobody looks: a tenth of ten thousand agents that die are ten million deaths told. */
const agentsMax = 200;

/**
 * A death is taken back by its subject alone, with a newer incarnation. Whoever declares the same incarnation dead
 * for the second time had taken it back for another reason.
 */
export class TakenBack {
  readonly #isLookedFor: boolean;
  /** By observer, process and subject, with its incarnation. */
  readonly #declared = new Set<string>();

  constructor(agents: number) {
    this.#isLookedFor = agents <= agentsMax;
  }

  /** An agent has declared a peer dead. What does not hold, one line each. */
  hear(
    observer: Pick<SimAgent, "index" | "life">,
    subject: SimAgent,
    incarnation: string,
  ): readonly string[] {
    if (!this.#isLookedFor) return [];
    const key = `${observer.index} ${observer.life} ${subject.index} ${incarnation}`;
    if (this.#declared.has(key)) {
      return [
        `${subject.name} is declared dead again in incarnation ${incarnation}, and had refuted nothing`,
      ];
    }
    this.#declared.add(key);
    return [];
  }
}
