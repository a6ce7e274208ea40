import type { CircuitRelayService, RelayReservation } from "@libp2p/circuit-relay-v2";
import { type Connection, type PeerId, type Stream, type StreamHandler, start } from "@libp2p/interface";
import { HostRates } from "../limiter.ts";
import {
  doorBytesMax,
  doorMs,
  doorStrangersMax,
  doorStrangersPerHostMax,
  doorsMax,
  doorVisitMs,
  helloHostsMax,
  joinsBurst,
  joinsPerSecond,
  joinsTotalBurst,
  joinsTotalPerSecond,
} from "../limits.ts";
import { hostOf } from "../sessions/newcomers.ts";
import { Circuits } from "./circuits.ts";
import { endless } from "./reservation.ts";

/** What doors need. */
export interface DoorsOptions {
  /** A relay of its own, which hands over its handler of hop streams instead of registering it. */
  makeRelay(handed: (handler: StreamHandler) => void): CircuitRelayService;
  /** Gives the connection of a stranger so long from now to become a session. */
  extend(connection: Connection, timeoutMs: number): void;
}

/**
 * Doors that enrolled peers behind a NAT have asked for, while an invite of theirs is open: through one, who holds
 * the invite reaches its inviter. Strangers are led nowhere else, few at a time, and not for long; end to end they get
 * hello and join, as on any connection.
 */
export class Doors {
  readonly #options: DoorsOptions;
  readonly #relay: CircuitRelayService;
  readonly #open = new Map<string, NodeJS.Timeout>();
  readonly #visits = new Circuits(doorStrangersMax, doorStrangersPerHostMax);
  readonly #rates = new HostRates({
    perSecond: joinsPerSecond,
    burst: joinsBurst,
    totalPerSecond: joinsTotalPerSecond,
    totalBurst: joinsTotalBurst,
    hostsMax: helloHostsMax,
  });
  #handler: StreamHandler | undefined;

  constructor(options: DoorsOptions) {
    this.#options = options;
    this.#relay = options.makeRelay((handler) => {
      this.#handler = handler;
    });
    void start(this.#relay);
  }

  /** Opens the door to a peer for `doorMs`, or keeps it open; false where there are too many. */
  open(peer: PeerId, addr: RelayReservation["addr"]): boolean {
    const known = this.#open.get(peer.toString());
    if (known === undefined && this.#open.size >= doorsMax) return false;
    clearTimeout(known);
    this.#open.set(peer.toString(), setTimeout(() => this.close(peer), doorMs).unref());
    const limit = { duration: doorVisitMs, data: BigInt(doorBytesMax) };
    const expiry = new Date(Date.now() + doorMs);
    this.#relay.reservations.set(peer, { addr, expiry, limit, signal: endless() });
    return true;
  }

  /** Nobody new comes in; who is inside stays for as long as it may. */
  close(peer: PeerId): void {
    clearTimeout(this.#open.get(peer.toString()));
    this.#open.delete(peer.toString());
    this.#relay.reservations.delete(peer);
  }

  /** Answers a stranger that asks to be led to a peer; where no door is open, nobody is answered. */
  readonly lead = async (stream: Stream, connection: Connection): Promise<void> => {
    const host = hostOf(connection.remoteAddr);
    const mayAsk = this.#open.size > 0 && this.#rates.take(host);
    if (!mayAsk || this.#handler === undefined) {
      stream.abort(new Error("Not enrolled"));
      return;
    }
    this.#options.extend(connection, doorVisitMs);
    await this.#visits.serve(host, this.#handler, stream, connection);
  };
}
