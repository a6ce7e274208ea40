import type { ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { Drift, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { type CommonPromise, commonFields, plainNameProblem } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { reportOnly } from "./parts/planning.ts";

/** Whether a program of this device listens on a port, seen without a connection. Nothing repairs it. */
export type PortPromise = CommonPromise & {
  readonly port: number;
  /** `tcp` when not said. */
  readonly protocol?: "tcp" | "udp";
  /** Nobody may listen there. */
  readonly absent?: true;
};

/** Who listens. */
export type PortObservation = {
  readonly type: "port";
  /** Local addresses, sorted, each once, at most `portAddressesMax`. */
  readonly addresses: readonly string[];
};

/** Addresses of listeners that are told. A guess: more interfaces are a router's. */
export const portAddressesMax = 16;
/** Time between looks where the promise does not say. As for http. */
const everyMsDefault = 5_000;

const promiseShape: Shape<PortPromise> = onDemand(() =>
  z.strictObject({
    ...commonFields,
    port: z.int().check(z.minimum(1), z.maximum(65_535), z.describe("The local port")),
    protocol: z.exactOptional(z.enum(["tcp", "udp"])).check(z.describe("tcp when not said")),
    absent: z.exactOptional(z.literal(true)).check(z.describe("Nobody may listen there")),
  }),
);

const observationShape: Shape<PortObservation> = onDemand(() =>
  z.strictObject({
    type: z.literal("port"),
    addresses: z.array(z.string()).check(z.maxLength(portAddressesMax)),
  }),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readPortPromise: (promise: ResourcePromise) => PortPromise = promiseReader("port", promiseShape);

/** A local port that is, or is not, listened on. */
export const portType: ResourceType = defineResource<PortPromise, PortObservation>({
  kind: "port",
  observedBy: "body",
  powers: [],
  promiseShape,
  observationShape,
  nameProblem: plainNameProblem,
  everyMs: everyMsDefault,
  diff: portDrift,
  ...reportOnly,
  fake: {
    initial: ({ absent }) => heard(absent !== true),
    repaired: (_promise, seen) => seen,
    // Nothing repairs it, so that every second damage is its own recovery.
    damaged: ({ absent }, _seen, seed) => heard((seed % 2 === 0) === (absent !== true)),
  },
});

function heard(isHeard: boolean): PortObservation {
  return { type: "port", addresses: isHeard ? ["0.0.0.0"] : [] };
}

function portDrift(
  { port, protocol = "tcp", absent }: PortPromise,
  { addresses }: PortObservation,
): Drift | undefined {
  if (absent !== true)
    return addresses.length > 0 ? undefined : driftOf({ listening: `nobody listens on ${protocol} ${port}` });
  return addresses.length === 0
    ? undefined
    : driftOf({
        listening: `${protocol} ${port} is listened on at ${addresses.join(", ")}, promised by nobody`,
      });
}
