import type { Random } from "@antibody/core";

/** gossipsub's degrees, as the agent sets them (`createGossip`). */
export const degrees = { wanted: 4, low: 3, high: 6, lazy: 3, dialed: 1 } as const;

/** For how long neither side grafts the other after a PRUNE. gossipsub's default. */
const backoffUs = 60_000_000;
/** After its end a backoff still keeps an agent from asking, until it is swept out. gossipsub's default. */
const backoffSlackUs = 1_000_000;
const backoffSweepUs = 15_000_000;

/** What a heartbeat changed of one agent's mesh. */
export interface MeshChange {
  readonly graft: readonly number[];
  readonly prune: readonly number[];
}

const noChange: MeshChange = { graft: [], prune: [] };
const nobody: readonly number[] = [];

/**
 * The mesh of one topic: to whom each agent pushes full messages, in the order in which they came. Links are meant
 * to be mutual, but each side has its own half, and its own word on it.
 */
export class Mesh {
  /** By agent; replaced, never changed: of lists that are made at once none has room to spare. */
  readonly #peers: (readonly number[])[];
  readonly #backoffs: (Map<number, number> | undefined)[];
  readonly #hasDialed: (agent: number, peer: number) => boolean;
  readonly #randomOf: (agent: number) => Random;

  constructor(
    agents: number,
    hasDialed: (agent: number, peer: number) => boolean,
    randomOf: (agent: number) => Random,
  ) {
    this.#peers = new Array<readonly number[]>(agents).fill(nobody);
    this.#backoffs = new Array<undefined>(agents).fill(undefined);
    this.#hasDialed = hasDialed;
    this.#randomOf = randomOf;
  }

  peersOf(agent: number): readonly number[] {
    return this.#peers[agent] as readonly number[];
  }

  has(agent: number, peer: number): boolean {
    return this.peersOf(agent).includes(peer);
  }

  /** Version 17 grafts on SUBSCRIBE while the mesh is too small. True when it did, and the peer is to hear of it. */
  subscribed(agent: number, peer: number, nowUs: number): boolean {
    const peers = this.peersOf(agent);
    if (peers.length >= degrees.low || peers.includes(peer) || this.#isBlocked(agent, peer, nowUs))
      return false;
    this.#peers[agent] = peers.concat([peer]);
    return true;
  }

  /** A peer has sent GRAFT. False when it does not stand, and PRUNE is the answer. */
  grafted(agent: number, peer: number, nowUs: number): boolean {
    const peers = this.peersOf(agent);
    if (peers.includes(peer)) return true;
    const isBackedOff = nowUs < (this.#backoffs[agent]?.get(peer) ?? 0);
    if (isBackedOff || (peers.length >= degrees.high && !this.#hasDialed(agent, peer))) {
      this.#backOff(agent, peer, nowUs);
      return false;
    }
    this.#peers[agent] = peers.concat([peer]);
    return true;
  }

  /** A peer has sent PRUNE. */
  pruned(agent: number, peer: number, nowUs: number): void {
    this.lost(agent, peer);
    this.#backOff(agent, peer, nowUs);
  }

  /** The agent has lost its session with a peer. */
  lost(agent: number, peer: number): void {
    const peers = this.peersOf(agent);
    const index = peers.indexOf(peer);
    if (index >= 0) this.#peers[agent] = peers.toSpliced(index, 1);
  }

  /** What a heartbeat does for the degree. `ready` are the peers that can be grafted. */
  maintain(agent: number, ready: readonly number[], nowUs: number): MeshChange {
    const peers = this.peersOf(agent);
    if (peers.length < degrees.low) return this.#fill(agent, ready, degrees.wanted, nowUs);
    if (peers.length > degrees.high) return this.#thin(agent, nowUs);
    if (this.#lacksDialed(agent)) {
      const dialed = ready.filter((peer) => this.#hasDialed(agent, peer));
      return this.#fill(agent, dialed, peers.length + degrees.dialed, nowUs);
    }
    return noChange;
  }

  /** Whether the next heartbeat may find something to do here, although nothing else happens. */
  isRestless(agent: number, ready: readonly number[]): boolean {
    const peers = this.peersOf(agent);
    if (peers.length > degrees.high) return true;
    const isThin = peers.length < degrees.low;
    if (!isThin && !this.#lacksDialed(agent)) return false;
    return ready.some((peer) => !peers.includes(peer) && (isThin || this.#hasDialed(agent, peer)));
  }

  clear(agent: number): void {
    this.#peers[agent] = nobody;
    this.#backoffs[agent] = undefined;
  }

  #lacksDialed(agent: number): boolean {
    return !this.peersOf(agent).some((peer) => this.#hasDialed(agent, peer));
  }

  #fill(agent: number, candidates: readonly number[], size: number, nowUs: number): MeshChange {
    const peers = this.peersOf(agent);
    const free = candidates.filter((peer) => !peers.includes(peer) && !this.#isBlocked(agent, peer, nowUs));
    if (free.length === 0) return noChange;
    const graft = this.#randomOf(agent).sample(free, size - peers.length);
    this.#peers[agent] = peers.concat(graft);
    return { graft, prune: [] };
  }

  /** Those who came first stay, since no scores set them apart; others only where none was dialed among them. */
  #thin(agent: number, nowUs: number): MeshChange {
    const peers = this.peersOf(agent);
    const kept = peers.slice(0, degrees.wanted);
    const rest = this.#randomOf(agent).sample(peers.slice(degrees.wanted), peers.length);
    const areDialed = kept.some((peer) => this.#hasDialed(agent, peer));
    const dialed = areDialed ? [] : rest.filter((peer) => this.#hasDialed(agent, peer));
    // gossipsub brings as many forward as it finds, each before the one found earlier.
    const order = new Set([...dialed.slice(0, degrees.wanted).reverse(), ...kept, ...rest]);
    const stay = [...order].slice(0, degrees.wanted);
    const prune = peers.filter((peer) => !stay.includes(peer));
    this.#peers[agent] = peers.filter((peer) => stay.includes(peer));
    for (const peer of prune) this.#backOff(agent, peer, nowUs);
    return { graft: [], prune };
  }

  #backOff(agent: number, peer: number, nowUs: number): void {
    let backoffs = this.#backoffs[agent];
    if (backoffs === undefined) {
      backoffs = new Map();
      this.#backoffs[agent] = backoffs;
    }
    backoffs.set(peer, nowUs + backoffUs);
  }

  #isBlocked(agent: number, peer: number, nowUs: number): boolean {
    const backoffs = this.#backoffs[agent];
    const untilUs = backoffs?.get(peer);
    if (backoffs === undefined || untilUs === undefined) return false;
    if (nowUs < Math.ceil((untilUs + backoffSlackUs) / backoffSweepUs) * backoffSweepUs) return true;
    backoffs.delete(peer);
    if (backoffs.size === 0) this.#backoffs[agent] = undefined;
    return false;
  }
}
