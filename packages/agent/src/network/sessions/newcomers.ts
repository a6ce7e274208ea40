import type { ConnectionGater, MultiaddrConnection } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import { isRelayed } from "../relay/relayed.ts";

/**
 * The host that an address is of, without its port. Who comes through a relay shares what is left to all who come
 * through it, and takes nothing from the relay itself.
 */
export function hostOf(address: Multiaddr): string {
  const host = address.toString().split("/").slice(0, 3).join("/");
  return isRelayed({ remoteAddr: address }) ? `${host}/p2p-circuit` : host;
}

/**
 * Bounds what one host holds of something that all share: who holds its connections open and says nothing must
 * not keep devices on other hosts out.
 */
export class HostShares<Held extends object> {
  readonly #max: number;
  readonly #hosts = new Map<string, Set<Held>>();

  constructor(max: number) {
    this.#max = max;
  }

  /** False when the host holds its share already. */
  take(host: string, held: Held): boolean {
    const all = this.#hosts.get(host) ?? new Set<Held>();
    if (all.size >= this.#max) return false;
    this.#hosts.set(host, all.add(held));
    return true;
  }

  /** Gives back, once or more often. */
  release(host: string, held: Held): void {
    const all = this.#hosts.get(host);
    if (all?.delete(held) === true && all.size === 0) this.#hosts.delete(host);
  }
}

/** Lets each host have so many connections that are still shaking hands. */
export class Handshakes {
  readonly #shares: HostShares<MultiaddrConnection>;

  constructor(perHostMax: number) {
    this.#shares = new HostShares(perHostMax);
  }

  readonly gater: ConnectionGater = {
    denyInboundConnection: (connection) => {
      if (!this.#shares.take(hostOf(connection.remoteAddr), connection)) return true;
      connection.addEventListener("close", () => this.ended(connection), { once: true });
      return false;
    },
    denyInboundUpgradedConnection: (_peer, connection) => {
      this.ended(connection);
      return false;
    },
  };

  /** A connection does not shake hands any more; told once or more often. */
  ended(connection: MultiaddrConnection): void {
    this.#shares.release(hostOf(connection.remoteAddr), connection);
  }
}
