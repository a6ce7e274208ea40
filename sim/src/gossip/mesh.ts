import type { Random } from "@antibody/core";

/** gossipsub's degrees, as the agent sets them (ARCHITECTURE.md, "gossipsub"). */
export const degrees = { wanted: 4, low: 3, high: 6, lazy: 3 } as const;

/** The mesh of one topic: who pushes full messages to whom. Links are mutual. */
export class Mesh {
  readonly #peers: number[][];
  readonly #random: Random;

  constructor(agents: number, random: Random) {
    this.#peers = Array.from({ length: agents }, () => []);
    this.#random = random;
  }

  peersOf(agent: number): readonly number[] {
    return this.#peers[agent] as number[];
  }

  has(agent: number, peer: number): boolean {
    return this.peersOf(agent).includes(peer);
  }

  /** Version 17 grafts on SUBSCRIBE: a new session joins the mesh at once where one side wants it and both have room. */
  subscribed(agent: number, peer: number): void {
    const isWanted =
      this.peersOf(agent).length < degrees.wanted || this.peersOf(peer).length < degrees.wanted;
    if (isWanted) this.#graft(agent, peer);
  }

  /** The agent has lost its session with a peer. The peer's own half goes when it hears of it. */
  lost(agent: number, peer: number): void {
    const peers = this.#peers[agent] as number[];
    const index = peers.indexOf(peer);
    if (index >= 0) peers.splice(index, 1);
  }

  /** What a heartbeat does for the degree: grafts random peers while there are too few of them. */
  maintain(agent: number, candidates: readonly number[]): void {
    if (this.peersOf(agent).length >= degrees.low) return;
    const free = candidates.filter((peer) => !this.has(agent, peer));
    for (const peer of this.#random.sample(free, free.length)) {
      if (this.peersOf(agent).length >= degrees.wanted) return;
      this.#graft(agent, peer);
    }
  }

  clear(agent: number): void {
    this.#peers[agent] = [];
  }

  /** Who is full prunes whom it did not ask for: the graft does not stand. */
  #graft(agent: number, peer: number): void {
    if (this.peersOf(agent).length >= degrees.high || this.peersOf(peer).length >= degrees.high) return;
    if (!this.has(agent, peer)) (this.#peers[agent] as number[]).push(peer);
    if (!this.has(peer, agent)) (this.#peers[peer] as number[]).push(agent);
  }
}
