import type { CommonPromise } from "./fields.ts";

/** A stable local address whose connections reach living peers that promise the capability named by the resource. */
export type RoutePromise = CommonPromise & {
  /** A loopback address and a port, for example `127.0.0.1:7080` or `[::1]:7080`. */
  readonly listen: string;
};

/** Whether the listener stands. Its backends are the mind's business, and no part of this. */
export type RouteObservation =
  | { readonly type: "listening"; readonly address: string }
  | { readonly type: "closed"; readonly error?: string };

/** `listen` on the promised address (closing another one first), `close` on withdrawal. */
export type RouteVerb = "listen" | "close";
