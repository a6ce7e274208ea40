/** What of a link with a peer is there already. Both, and the peer can be grafted. */
const outboundStands = 1;
const isSubscribed = 2;
const isReady = outboundStands | isSubscribed;

/** After so long libp2p gives up a stream that the other end does not negotiate. Its default. */
const negotiationUs = 10_000_000;

const nobody: readonly number[] = [];

/**
 * How each agent's outbound streams come to be: one after the other, a round trip each. So who meets ten peers at
 * once is known to the last of them ten round trips later, and whoever does not answer holds up the others. Only
 * links that are not ready yet are kept.
 */
export class Streams {
  readonly #pending: (Map<number, number> | undefined)[];
  /** Whose streams wait to be opened; the first is being opened. */
  readonly #waiting: (number[] | undefined)[];
  readonly #openingSinceUs: Float64Array;
  /** The peers that an agent dialed, among those that it has sessions with. */
  readonly #dialed: (readonly number[])[];

  constructor(agents: number) {
    this.#pending = new Array<undefined>(agents).fill(undefined);
    this.#waiting = new Array<undefined>(agents).fill(undefined);
    this.#openingSinceUs = new Float64Array(agents);
    this.#dialed = new Array<readonly number[]>(agents).fill(nobody);
  }

  /** An agent's end of a session stands; gossip does not know of it yet. */
  met(agent: number, peer: number): void {
    this.#pendingOf(agent).set(peer, 0);
  }

  /** gossip knows of the session. True when its stream is to be opened now; else others come first. */
  attach(agent: number, peer: number, hasDialed: boolean, nowUs: number): boolean {
    this.#pendingOf(agent).set(peer, 0);
    if (hasDialed) this.#dialed[agent] = this.#dialedBy(agent).concat([peer]);
    let waiting = this.#waiting[agent];
    if (waiting === undefined) {
      waiting = [];
      this.#waiting[agent] = waiting;
    }
    waiting.push(peer);
    if (waiting.length > 1) return false;
    this.#openingSinceUs[agent] = nowUs;
    return true;
  }

  /** The session is gone. Gives the peer whose stream is to be opened next, if it was the turn of this one. */
  detach(agent: number, peer: number, nowUs: number): number | undefined {
    this.#pending[agent]?.delete(peer);
    const dialed = this.#dialedBy(agent);
    const index = dialed.indexOf(peer);
    if (index >= 0) this.#dialed[agent] = dialed.toSpliced(index, 1);
    return this.#leave(agent, peer, nowUs);
  }

  /** The stream stands. Gives the peer whose stream is to be opened next. */
  opened(agent: number, peer: number, nowUs: number): number | undefined {
    this.#add(agent, peer, outboundStands);
    return this.#leave(agent, peer, nowUs);
  }

  /** The peer's subscription has come. */
  subscribed(agent: number, peer: number): void {
    this.#add(agent, peer, isSubscribed);
  }

  /** Gives the peer whose stream is to be opened now, after one that did not answer in time: that one waits again. */
  giveUp(agent: number, nowUs: number): number | undefined {
    const waiting = this.#waiting[agent];
    const first = waiting?.[0];
    if (waiting === undefined || first === undefined) return undefined;
    if (nowUs - (this.#openingSinceUs[agent] as number) < negotiationUs) return undefined;
    // The agent looks after its streams, and attaches the peer again.
    waiting.push(first);
    waiting.shift();
    this.#openingSinceUs[agent] = nowUs;
    return waiting[0];
  }

  isOpening(agent: number): boolean {
    return this.#waiting[agent] !== undefined;
  }

  /** Whether the agent can send to a peer that it has a session with. */
  stands(agent: number, peer: number): boolean {
    const bits = this.#pending[agent]?.get(peer);
    return bits === undefined || (bits & outboundStands) !== 0;
  }

  /** Whether a peer that the agent has a session with can be grafted, and offered messages. */
  isReady(agent: number, peer: number): boolean {
    return this.#pending[agent]?.get(peer) === undefined;
  }

  hasDialed(agent: number, peer: number): boolean {
    return this.#dialedBy(agent).includes(peer);
  }

  clear(agent: number): void {
    this.#pending[agent] = undefined;
    this.#waiting[agent] = undefined;
    this.#dialed[agent] = nobody;
  }

  #add(agent: number, peer: number, bit: number): void {
    const pending = this.#pending[agent];
    const bits = pending?.get(peer);
    if (pending === undefined || bits === undefined) return;
    if ((bits | bit) !== isReady) {
      pending.set(peer, bits | bit);
      return;
    }
    pending.delete(peer);
    if (pending.size === 0) this.#pending[agent] = undefined;
  }

  #leave(agent: number, peer: number, nowUs: number): number | undefined {
    const waiting = this.#waiting[agent];
    const index = waiting?.indexOf(peer) ?? -1;
    if (waiting === undefined || index < 0) return undefined;
    waiting.splice(index, 1);
    if (waiting.length === 0) this.#waiting[agent] = undefined;
    if (index > 0) return undefined;
    this.#openingSinceUs[agent] = nowUs;
    return waiting[0];
  }

  #pendingOf(agent: number): Map<number, number> {
    let pending = this.#pending[agent];
    if (pending === undefined) {
      pending = new Map();
      this.#pending[agent] = pending;
    }
    return pending;
  }

  #dialedBy(agent: number): readonly number[] {
    return this.#dialed[agent] as readonly number[];
  }
}
