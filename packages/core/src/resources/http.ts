import type { ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { Drift, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { argumentCharactersMax, type CommonPromise, commonFields, plainNameProblem } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { reportOnly } from "./parts/planning.ts";

/** A health probe: GET answered as promised. Nothing repairs it; other promises hang on it. */
export type HttpPromise = CommonPromise & {
  /** `http:` or `https:`. */
  readonly url: string;
  /** `5s` when not said. */
  readonly every?: string;
  /** Bounds one probe; `5s` when not said. */
  readonly timeout?: string;
  /** The one status that is taken; any of 200 to 299 when not said. Redirects are not followed. */
  readonly status?: number;
};

/** How the last probe ended. */
export type HttpObservation =
  | { readonly type: "answered"; readonly status: number; readonly tookMs: number }
  | { readonly type: "failed"; readonly error: string };

/** Time between probes where the promise does not say. From the design's example. */
const everyMsDefault = 5_000;
/** Time for one probe where the promise does not say. A guess: a service that takes longer is not healthy. */
export const httpTimeoutMsDefault = 5_000;

const promiseShape: Shape<HttpPromise> = onDemand(() =>
  z.strictObject({
    ...commonFields,
    url: z
      .string()
      .check(
        z.maxLength(argumentCharactersMax),
        z.regex(/^https?:\/\/[^\s/?#]+\S*$/, "expected an http or https URL"),
        z.describe("What is asked for with GET"),
      ),
    status: z
      .exactOptional(z.int().check(z.minimum(100), z.maximum(599)))
      .check(z.describe("The one status that is taken; without it, any of 200 to 299")),
  }),
);

const observationShape: Shape<HttpObservation> = onDemand(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("answered"), status: z.int(), tookMs: z.int() }),
    z.strictObject({ type: z.literal("failed"), error: z.string() }),
  ]),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readHttpPromise: (promise: ResourcePromise) => HttpPromise = promiseReader("http", promiseShape);

/** A health probe. */
export const httpType: ResourceType = defineResource<HttpPromise, HttpObservation>({
  kind: "http",
  observedBy: "body",
  powers: [],
  promiseShape,
  observationShape,
  nameProblem: plainNameProblem,
  everyMs: everyMsDefault,
  diff: httpDrift,
  ...reportOnly,
  fake: {
    initial: (promise) => healthy(promise),
    repaired: (_promise, seen) => seen,
    damaged: (promise, seen, seed) => {
      // Nothing repairs a probe, so that every second damage is its own recovery.
      if (seed % 2 === 0) return healthy(promise);
      return seen.type === "failed"
        ? { type: "answered", status: 503, tookMs: 1 }
        : { type: "failed", error: "ECONNREFUSED" };
    },
  },
});

function httpDrift(promise: HttpPromise, seen: HttpObservation): Drift | undefined {
  if (seen.type === "failed") return driftOf({ answer: `no answer: ${seen.error}` });
  const wanted = promise.status === undefined ? "2xx" : `${promise.status}`;
  const taken =
    promise.status === undefined ? seen.status >= 200 && seen.status < 300 : seen.status === promise.status;
  return taken ? undefined : driftOf({ status: `answered ${seen.status}, promised ${wanted}` });
}

function healthy(promise: HttpPromise): HttpObservation {
  return { type: "answered", status: promise.status ?? 200, tookMs: 1 };
}
