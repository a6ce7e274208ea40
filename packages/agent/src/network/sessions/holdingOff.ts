import { setTimeout as delay } from "node:timers/promises";
import type { MultiaddrConnection, Transport, Upgrader } from "@libp2p/interface";
import { BoundedMap, type Clock, monotonicMs } from "../limiter.ts";
import {
  garbageHostsMax,
  garbageRememberedMs,
  heldMax,
  heldMs,
  heldPerHostMax,
  helloTimeoutMs,
} from "../limits.ts";
import { HostShares, hostOf } from "./newcomers.ts";

/** What of a connection is held off. */
type Refused = Pick<MultiaddrConnection, "remoteAddr" | "status" | "pause">;

/**
 * Keeps refused connections open for a while, unread, where garbage has come from their host: who sends garbage would
 * else come again at once, and each time cost the setup of a connection. Who is refused on another host hears of it at
 * once, and so does everyone beyond the bounds. Who is let in is never held.
 */
export class HoldingOff {
  readonly #clock: Clock;
  readonly #held = new HostShares<Refused>(heldPerHostMax);
  /** When garbage came from a host last. */
  readonly #garbageMs = new BoundedMap<number>(garbageHostsMax);
  #count = 0;

  constructor(clock: Clock = monotonicMs) {
    this.#clock = clock;
  }

  /** A handshake has failed, which began at a time: by garbage, unless its time was over, the other end left, or it was refused. */
  failed({ remoteAddr, status }: Refused, beganMs: number, error: unknown): void {
    const isDenied = error instanceof Error && error.name === "ConnectionDeniedError";
    if (isDenied || status !== "open" || this.#clock() - beganMs >= helloTimeoutMs) return;
    this.#garbageMs.set(hostOf(remoteAddr), this.#clock());
  }

  /** Resolves when a refused connection may be closed: at once for most, and when the signal aborts. */
  async hold(connection: Refused, signal: AbortSignal): Promise<void> {
    const host = hostOf(connection.remoteAddr);
    const garbageMs = this.#garbageMs.get(host) ?? Number.NEGATIVE_INFINITY;
    if (connection.status !== "open" || this.#clock() - garbageMs > garbageRememberedMs) return;
    if (this.#count >= heldMax || !this.#held.take(host, connection)) return;
    this.#count += 1;
    connection.pause();
    await delay(heldMs, undefined, { signal, ref: false }).catch(() => undefined);
    this.#count -= 1;
    this.#held.release(host, connection);
  }

  /** The same transport, whose listeners hold off whom the upgrade refuses. `refused` is told of each at once. */
  guard<Listening extends Transport>(
    transport: Listening,
    refused: (connection: MultiaddrConnection) => void,
  ): Listening {
    const createListener = transport.createListener.bind(transport);
    transport.createListener = (options) => {
      const { upgrader } = options;
      const upgradeInbound: Upgrader["upgradeInbound"] = async (connection, upgrade) => {
        const beganMs = this.#clock();
        try {
          await upgrader.upgradeInbound(connection, upgrade);
        } catch (error) {
          refused(connection);
          this.failed(connection, beganMs, error);
          await this.hold(connection, upgrade.signal);
          throw error;
        }
      };
      const holding: Upgrader = Object.create(upgrader, { upgradeInbound: { value: upgradeInbound } });
      return createListener({ ...options, upgrader: holding });
    };
    return transport;
  }
}
