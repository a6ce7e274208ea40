/** Stands for a time of arrival where no copy is on its way. */
const notOnItsWay = 0xffff_ffff;

/** Who takes part in gossip, and room for messages under way, which is used again and again. */
export class Spreads {
  readonly agents: number;
  readonly #present: Uint8Array;
  #presentCount = 0;
  readonly #free: Uint32Array[] = [];

  constructor(agents: number) {
    this.agents = agents;
    this.#present = new Uint8Array(agents);
  }

  get presentCount(): number {
    return this.#presentCount;
  }

  /** The agent's process takes part from now on. */
  joined(agent: number): void {
    if (this.#present[agent] === 1) return;
    this.#present[agent] = 1;
    this.#presentCount += 1;
  }

  /** It is gone; what it has seen is to be forgotten too. */
  left(agent: number): void {
    if (this.#present[agent] === 0) return;
    this.#present[agent] = 0;
    this.#presentCount -= 1;
  }

  take(): Uint32Array {
    return this.#free.pop() ?? new Uint32Array(this.agents).fill(notOnItsWay);
  }

  giveBack(arrivals: Uint32Array): void {
    this.#free.push(arrivals.fill(notOnItsWay));
  }
}

/**
 * How far one message has come: a bit for each agent that has seen it, and, until everyone present in this thread has, when the
 * first copy on its way arrives at each. Thousands of messages are remembered at once, and few of them are under way.
 */
export class Spread {
  readonly #spreads: Spreads;
  readonly #seen: Uint8Array;
  #seenCount = 0;
  /** In microseconds since it is known, up to 71 min. */
  #arrivesUs: Uint32Array | undefined;

  constructor(spreads: Spreads) {
    this.#spreads = spreads;
    this.#seen = new Uint8Array(Math.ceil(spreads.agents / 8));
  }

  hasReached(agent: number): boolean {
    return ((this.#seen[agent >> 3] as number) & (1 << (agent & 7))) !== 0;
  }

  /** An agent that is present has seen it. */
  reached(agent: number): void {
    if (this.hasReached(agent)) return;
    this.#seen[agent >> 3] = (this.#seen[agent >> 3] as number) | (1 << (agent & 7));
    this.#seenCount += 1;
    this.#settle();
  }

  /** When the first copy that is on its way to an agent arrives, after the publication. */
  arrivesUs(agent: number): number {
    return this.#arrivesUs === undefined ? notOnItsWay : (this.#arrivesUs[agent] as number);
  }

  onItsWay(agent: number, arrivesUs: number): void {
    if (this.#isSettled) return;
    this.#arrivesUs ??= this.#spreads.take();
    this.#arrivesUs[agent] = arrivesUs;
  }

  /** An agent's process is gone: a later one has not seen the message. Called when the agent has left. */
  forget(agent: number): void {
    if (this.#arrivesUs !== undefined) this.#arrivesUs[agent] = notOnItsWay;
    if (this.hasReached(agent)) {
      this.#seen[agent >> 3] = (this.#seen[agent >> 3] as number) & ~(1 << (agent & 7));
      this.#seenCount -= 1;
    }
    this.#settle();
  }

  /** Nobody remembers it any more. */
  end(): void {
    if (this.#arrivesUs !== undefined) this.#spreads.giveBack(this.#arrivesUs);
    this.#arrivesUs = undefined;
  }

  #settle(): void {
    if (this.#isSettled) this.end();
  }

  /** All that are present have seen it: what is on its way matters no more. */
  get #isSettled(): boolean {
    return this.#seenCount >= this.#spreads.presentCount;
  }
}
