import type { ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { Drift, Plan, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { durationMs } from "./parts/duration.ts";
import { type CommonPromise, commonFields, plainNameProblem } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";

/** A stable local address whose connections reach living peers that promise the capability named by the resource. */
export type RoutePromise = CommonPromise & {
  /** A loopback address and a port, for example `127.0.0.1:7080` or `[::1]:7080`, or a socket: `unix:/run/sensor.sock`. */
  readonly listen: string;
  /** `http`: each request finds its own backend, and safe ones are tried again. `tcp` when not said. */
  readonly protocol?: RouteProtocol;
};

/** What a route understands of what goes through it. */
export type RouteProtocol = "tcp" | "http";

/** Where a route listens. */
export type ListenAddress =
  /** The host is without brackets. */
  | { readonly type: "tcp"; readonly host: string; readonly port: number }
  | { readonly type: "unix"; readonly path: string };

/** Whether the listener stands. Its backends are the mind's business, and no part of this. */
export type RouteObservation =
  | { readonly type: "listening"; readonly address: string; readonly protocol: RouteProtocol }
  | { readonly type: "closed"; readonly error?: string };

/** `listen` on the promised address (closing another one first), `close` on withdrawal. */
export type RouteVerb = "listen" | "close";

/** Time to open a listener. A guess: it is one system call. */
const timeoutMsDefault = 5_000;

const listenPattern = /^(127(?:\.(?:0|[1-9][0-9]{0,2})){3}|\[::1\]):([1-9][0-9]{0,4})$/;

/**
 * A socket lies where sockets of services do, so that a route can neither take the place of other files nor of the
 * agent's own sockets. A path of a Unix socket has at most 107 bytes (sun_path).
 */
const socketPattern = /^unix:(\/run(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)+\.sock)$/;
const socketPathBytesMax = 107;
const ownSockets = "/run/antibody/";

const protocolShape = z.enum(["tcp", "http"]);

const promiseShape: Shape<RoutePromise> = onDemand(() =>
  z.strictObject({
    ...commonFields,
    listen: z.string().check(
      // Only loopback: a route gives a way to local programs, not to the network, and needs no power for that.
      z.refine(
        (text) => readListenAddress(text) !== undefined,
        "expected a loopback address and port, such as 127.0.0.1:7080, or unix:/run/NAME.sock",
      ),
      z.describe("A loopback address and a port, such as 127.0.0.1:7080, or a socket: unix:/run/NAME.sock"),
    ),
    protocol: z
      .exactOptional(protocolShape)
      .check(
        z.describe("http: each request finds its own backend, safe ones are tried again; tcp when not said"),
      ),
  }),
);

const observationShape: Shape<RouteObservation> = onDemand(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("listening"), address: z.string(), protocol: protocolShape }),
    z.strictObject({ type: z.literal("closed"), error: z.exactOptional(z.string()) }),
  ]),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readRoutePromise: (promise: ResourcePromise) => RoutePromise = promiseReader(
  "route",
  promiseShape,
);

/** Reads `127.0.0.1:7080`, `[::1]:7080` or `unix:/run/NAME.sock`, or undefined. */
export function readListenAddress(text: string): ListenAddress | undefined {
  const [, path] = socketPattern.exec(text) ?? [];
  if (path !== undefined) {
    const isFree = path.length <= socketPathBytesMax && !path.startsWith(ownSockets);
    return isFree ? { type: "unix", path } : undefined;
  }
  const [, host, digits] = listenPattern.exec(text) ?? [];
  if (host === undefined || digits === undefined || Number(digits) > 65_535) return undefined;
  const port = Number(digits);
  if (host === "[::1]") return { type: "tcp", host: "::1", port };
  return host.split(".").every((part) => Number(part) <= 255) ? { type: "tcp", host, port } : undefined;
}

/** A local listener to the living peers that promise a capability. */
export const routeType: ResourceType = defineResource<RoutePromise, RouteObservation>({
  kind: "route",
  observedBy: "body",
  powers: [],
  promiseShape,
  observationShape,
  nameProblem: plainNameProblem,
  diff: routeDrift,
  plan: (promise) => planOf("listen", promise),
  reverse: (promise) => planOf("close", promise),
  fake: {
    initial: () => ({ type: "closed" }),
    repaired: (promise, _seen, plan) => (plan.verb === "close" ? { type: "closed" } : listening(promise)),
    damaged: (_promise, _seen, seed) =>
      seed % 2 === 0
        ? { type: "closed", error: "EADDRINUSE" }
        : { type: "listening", address: "127.0.0.1:1", protocol: "tcp" },
  },
});

function routeDrift(promise: RoutePromise, seen: RouteObservation): Drift | undefined {
  if (seen.type === "closed") {
    return driftOf({
      listening: `closed${seen.error === undefined ? "" : ` (${seen.error})`}, promised ${promise.listen}`,
    });
  }
  const promised = listening(promise);
  if (seen.address !== promised.address)
    return driftOf({ listening: `listens on ${seen.address}, promised ${promised.address}` });
  if (seen.protocol === promised.protocol) return undefined;
  return driftOf({ protocol: `listens for ${seen.protocol}, promised ${promised.protocol}` });
}

function listening({
  listen,
  protocol = "tcp",
}: RoutePromise): Extract<RouteObservation, { type: "listening" }> {
  return { type: "listening", address: listen, protocol };
}

function planOf(verb: RouteVerb, promise: RoutePromise): Plan {
  return {
    verb,
    idempotent: true,
    timeoutMs: promise.timeout === undefined ? timeoutMsDefault : durationMs(promise.timeout),
    summary: `${verb} ${promise.listen}`,
  };
}
