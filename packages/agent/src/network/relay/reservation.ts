import type { RelayReservation } from "@libp2p/circuit-relay-v2";
import { setMaxListeners } from "@libp2p/interface";

/** The end of a reservation that never runs out by itself. */
export function endless(): RelayReservation["signal"] {
  const { signal } = new AbortController();
  // Each circuit listens to it.
  setMaxListeners(Number.POSITIVE_INFINITY, signal);
  return Object.assign(signal, { reset: () => undefined, clear: () => undefined });
}
