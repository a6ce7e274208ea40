import type { AgentId } from "@antibody/policy";
import { BoundedMap, type Clock } from "../limiter.ts";
import { mdnsAddressesMax, mdnsPeersMax, mdnsRememberedMs } from "../limits.ts";

interface Hint {
  readonly address: string;
  readonly heardMs: number;
}

/** Where peers were said to be: of `mdnsPeersMax` the newest `mdnsAddressesMax` addresses, for `mdnsRememberedMs`. */
export class Hints {
  readonly #clock: Clock;
  readonly #heard = new BoundedMap<readonly Hint[]>(mdnsPeersMax);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(agent: AgentId, addresses: readonly string[]): void {
    const heardMs = this.#clock();
    const others = (this.#heard.get(agent) ?? []).filter(({ address }) => !addresses.includes(address));
    const newest = [...addresses.map((address) => ({ address, heardMs })), ...others];
    this.#heard.set(agent, newest.slice(0, mdnsAddressesMax));
  }

  /** Newest first. */
  of(agent: AgentId): readonly string[] {
    const sinceMs = this.#clock() - mdnsRememberedMs;
    return (this.#heard.get(agent) ?? [])
      .filter(({ heardMs }) => heardMs > sinceMs)
      .map(({ address }) => address);
  }
}
