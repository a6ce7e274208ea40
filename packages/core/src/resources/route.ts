import type { ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { Drift, Plan, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./define.ts";
import { durationMs } from "./duration.ts";
import { type CommonPromise, commonFields, plainNameProblem } from "./fields.ts";

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

/** Time to open a listener. A guess: it is one system call. */
const timeoutMsDefault = 5_000;

const listenPattern = /^(127(?:\.(?:0|[1-9][0-9]{0,2})){3}|\[::1\]):([1-9][0-9]{0,4})$/;

const promiseShape: z.ZodMiniType<RoutePromise> = z.strictObject({
  ...commonFields,
  listen: z.string().check(
    // Only loopback: a route gives a way to local programs, not to the network, and needs no power for that.
    z.refine(
      (text) => readListenAddress(text) !== undefined,
      "expected a loopback address and port, such as 127.0.0.1:7080",
    ),
    z.describe("A loopback address and a port, such as 127.0.0.1:7080"),
  ),
});

const observationShape: z.ZodMiniType<RouteObservation> = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("listening"), address: z.string() }),
  z.strictObject({ type: z.literal("closed"), error: z.exactOptional(z.string()) }),
]);

/** Reads a promise that `check` passed; throws on any other. */
export const readRoutePromise: (promise: ResourcePromise) => RoutePromise = promiseReader(
  "route",
  promiseShape,
);

/** Reads `127.0.0.1:7080` or `[::1]:7080`, or undefined. The host is without brackets. */
export function readListenAddress(
  text: string,
): { readonly host: string; readonly port: number } | undefined {
  const [, host, digits] = listenPattern.exec(text) ?? [];
  if (host === undefined || digits === undefined || Number(digits) > 65_535) return undefined;
  if (host === "[::1]") return { host: "::1", port: Number(digits) };
  return host.split(".").every((part) => Number(part) <= 255) ? { host, port: Number(digits) } : undefined;
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
    repaired: (promise, _seen, plan) =>
      plan.verb === "close" ? { type: "closed" } : { type: "listening", address: promise.listen },
    damaged: (_promise, _seen, seed) =>
      seed % 2 === 0
        ? { type: "closed", error: "EADDRINUSE" }
        : { type: "listening", address: "127.0.0.1:1" },
  },
});

function routeDrift(promise: RoutePromise, seen: RouteObservation): Drift | undefined {
  if (seen.type === "closed") {
    return driftOf({
      listening: `closed${seen.error === undefined ? "" : ` (${seen.error})`}, promised ${promise.listen}`,
    });
  }
  return seen.address === promise.listen
    ? undefined
    : driftOf({ listening: `listens on ${seen.address}, promised ${promise.listen}` });
}

function planOf(verb: RouteVerb, promise: RoutePromise): Plan {
  return {
    verb,
    idempotent: true,
    timeoutMs: promise.timeout === undefined ? timeoutMsDefault : durationMs(promise.timeout),
    summary: `${verb} ${promise.listen}`,
  };
}
