import type { End } from "./endColumns.ts";

const none: readonly never[] = [];

/**
 * The sessions whose end stands at one agent, by peer, oldest first. There are some ten, and every message looks for
 * two of them: ten small numbers side by side are found faster than an entry of a map.
 */
export class Ends {
  /** Replaced, never changed: of lists that are made at once none has room to spare. */
  #peers: readonly number[] = none;
  #ends: readonly End[] = none;

  get peers(): readonly number[] {
    return this.#peers;
  }

  get(peer: number): End | undefined {
    const peers = this.#peers;
    for (let place = 0; place < peers.length; place += 1) {
      if (peers[place] === peer) return this.#ends[place];
    }
    return undefined;
  }

  /** Puts an end in the place of the one to that peer, which it gives; or behind all others. */
  set(peer: number, end: End): End | undefined {
    const place = this.#peers.indexOf(peer);
    if (place >= 0) {
      const before = this.#ends[place];
      this.#ends = this.#ends.with(place, end);
      return before;
    }
    this.#peers = this.#peers.concat([peer]);
    this.#ends = this.#ends.concat([end]);
    return undefined;
  }

  /** Gives the end to a peer away, where one stands. */
  take(peer: number): End | undefined {
    const place = this.#peers.indexOf(peer);
    if (place < 0) return undefined;
    const end = this.#ends[place];
    this.#peers = this.#peers.toSpliced(place, 1);
    this.#ends = this.#ends.toSpliced(place, 1);
    return end;
  }

  /** Takes all away, and gives them with their peers. */
  clear(): readonly (readonly [peer: number, end: End])[] {
    const all = this.entries();
    this.#peers = none;
    this.#ends = none;
    return all;
  }

  entries(): readonly (readonly [peer: number, end: End])[] {
    return this.#peers.map((peer, place) => [peer, this.#ends[place] as End] as const);
  }
}
