import type { Server } from "node:net";

/** Connections of one route at once; more are refused by closing them. A guess, within the usual limit of descriptors. */
export const routeConnectionsMax = 256;

/** The local end of one route. */
export interface Listener {
  /** What is to be opened; it takes connections of its own accord. */
  readonly server: Server;
  /** Other backends may be used from now on, fewer perhaps. */
  backendsChanged(): void;
  /** Closes every connection at once. */
  destroyConnections(): void;
}
