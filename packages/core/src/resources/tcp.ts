import type { ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { type CommonPromise, commonFields, plainNameProblem } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { reportOnly } from "./parts/planning.ts";

/** A health probe: a connection opens. Nothing repairs it; other promises hang on it. */
export type TcpPromise = CommonPromise & {
  /** A name or an address. */
  readonly host: string;
  readonly port: number;
  /** `5s` when not said. */
  readonly every?: string;
  /** Bounds one probe; `5s` when not said. */
  readonly timeout?: string;
};

/** How the last probe ended. */
export type TcpObservation =
  | { readonly type: "connected"; readonly tookMs: number }
  | { readonly type: "failed"; readonly error: string };

/** Time between probes where the promise does not say. As for http. */
const everyMsDefault = 5_000;
/** Time for one probe where the promise does not say. As for http. */
export const tcpTimeoutMsDefault = 5_000;

const promiseShape: Shape<TcpPromise> = onDemand(() =>
  z.strictObject({
    ...commonFields,
    host: z
      .string()
      .check(
        z.regex(
          /^[A-Za-z0-9][A-Za-z0-9.:_-]{0,252}$|^::[A-Za-z0-9.:]{0,40}$/,
          "expected a host's name or address",
        ),
        z.describe("A host's name or address"),
      ),
    port: z.int().check(z.minimum(1), z.maximum(65_535), z.describe("The port that is connected to")),
  }),
);

const observationShape: Shape<TcpObservation> = onDemand(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("connected"), tookMs: z.int() }),
    z.strictObject({ type: z.literal("failed"), error: z.string() }),
  ]),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readTcpPromise: (promise: ResourcePromise) => TcpPromise = promiseReader("tcp", promiseShape);

/** A health probe. */
export const tcpType: ResourceType = defineResource<TcpPromise, TcpObservation>({
  kind: "tcp",
  observedBy: "body",
  powers: [],
  promiseShape,
  observationShape,
  nameProblem: plainNameProblem,
  everyMs: everyMsDefault,
  diff: (_promise, seen) =>
    seen.type === "connected" ? undefined : driftOf({ answer: `no answer: ${seen.error}` }),
  ...reportOnly,
  fake: {
    initial: () => ({ type: "connected", tookMs: 1 }),
    repaired: (_promise, seen) => seen,
    // Nothing repairs a probe, so that every second damage is its own recovery.
    damaged: (_promise, _seen, seed) =>
      seed % 2 === 0 ? { type: "connected", tookMs: 1 } : { type: "failed", error: "ECONNREFUSED" },
  },
});
