/** Numbers of one end: agent, peer and number of the session. */
const endParts = 3;

/** Who has how many of them, and which: what is asked of a network. */
interface Standing {
  peersOf(agent: number): readonly number[];
  sessionOf(agent: number, peer: number): number;
}

/** The ends of sessions that stand at agents, side by side: a large world has a million of them. */
export function endsOf(agents: readonly number[], network: Standing): Int32Array<ArrayBuffer> {
  const count = agents.reduce((sum, agent) => sum + network.peersOf(agent).length, 0);
  const ends = new Int32Array(endParts * count);
  let at = 0;
  for (const agent of agents) {
    for (const peer of network.peersOf(agent)) {
      ends.set([agent, peer, network.sessionOf(agent, peer)], at);
      at += endParts;
    }
  }
  return ends;
}

/** Which agents a session joins of which both ends stand. */
export class SessionEnds {
  readonly #ends: Int32Array;
  /** By agent: where its own begin, which follow each other. */
  readonly #first = new Map<number, number>();

  /** `ends` of all agents, as `endsOf` gives them. */
  constructor(ends: Int32Array) {
    this.#ends = ends;
    for (let at = 0; at < ends.length; at += endParts) {
      const agent = ends[at] as number;
      if (ends[at - endParts] !== agent) this.#first.set(agent, at);
    }
  }

  /** In the order in which the sessions came to stand at the agent. */
  peersOf(agent: number): readonly number[] {
    const peers: number[] = [];
    for (let at = this.#firstOf(agent); this.#ends[at] === agent; at += endParts) {
      const peer = this.#ends[at + 1] as number;
      if (this.#stands(peer, agent, this.#ends[at + 2] as number)) peers.push(peer);
    }
    return peers;
  }

  #stands(agent: number, peer: number, session: number): boolean {
    for (let at = this.#firstOf(agent); this.#ends[at] === agent; at += endParts) {
      if (this.#ends[at + 1] === peer) return this.#ends[at + 2] === session;
    }
    return false;
  }

  #firstOf(agent: number): number {
    return this.#first.get(agent) ?? this.#ends.length;
  }
}
