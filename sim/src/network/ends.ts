import type { End } from "./session.ts";

const none: readonly never[] = [];

/**
 * The sessions whose end stands at one agent, by peer, oldest first. There are some ten, and every message looks for
 * two of them: ten small numbers side by side are found faster than an entry of a map.
 */
export class Ends {
  /** Replaced, never changed: of lists that are made at once none has room to spare. */
  #peers: readonly number[] = none;
  #sessions: readonly End[] = none;

  get peers(): readonly number[] {
    return this.#peers;
  }

  get(peer: number): End | undefined {
    const peers = this.#peers;
    for (let place = 0; place < peers.length; place += 1) {
      if (peers[place] === peer) return this.#sessions[place];
    }
    return undefined;
  }

  /** Puts a session in the place of the one with that peer, or at the end. */
  set(peer: number, session: End): void {
    const place = this.#peers.indexOf(peer);
    if (place >= 0) this.#sessions = this.#sessions.with(place, session);
    else {
      this.#peers = this.#peers.concat([peer]);
      this.#sessions = this.#sessions.concat([session]);
    }
  }

  delete(peer: number): void {
    const place = this.#peers.indexOf(peer);
    if (place < 0) return;
    this.#peers = this.#peers.toSpliced(place, 1);
    this.#sessions = this.#sessions.toSpliced(place, 1);
  }

  /** Takes all away, and gives them with their peers. */
  clear(): readonly (readonly [peer: number, session: End])[] {
    const all = this.entries();
    this.#peers = none;
    this.#sessions = none;
    return all;
  }

  entries(): readonly (readonly [peer: number, session: End])[] {
    return this.#peers.map((peer, place) => [peer, this.#sessions[place] as End] as const);
  }
}
