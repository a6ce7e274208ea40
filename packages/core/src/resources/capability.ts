import type { ResourceId, ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { type CommonPromise, commonFields, plainNameProblem, resourceIds } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { reportOnly } from "./parts/planning.ts";

/** What this device promises to its peers: connections to the capability named by the resource reach the port. */
export type CapabilityPromise = CommonPromise & {
  /** A local TCP port. */
  readonly port: number;
  /** Announced only while the promises of all of these are kept. */
  readonly while?: readonly ResourceId[];
};

/** Whether the mind announces it; the mind itself observes it. */
export type CapabilityObservation =
  | { readonly type: "announced" }
  | { readonly type: "withheld"; readonly because: string };

const promiseShape: Shape<CapabilityPromise> = onDemand(() =>
  z.strictObject({
    ...commonFields,
    port: z
      .int()
      .check(z.minimum(1), z.maximum(65_535), z.describe("The local TCP port that serves the capability")),
    while: z.exactOptional(resourceIds).check(z.describe("Announced only while these are kept")),
  }),
);

const observationShape: Shape<CapabilityObservation> = onDemand(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("announced") }),
    z.strictObject({ type: z.literal("withheld"), because: z.string() }),
  ]),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readCapabilityPromise: (promise: ResourcePromise) => CapabilityPromise = promiseReader(
  "capability",
  promiseShape,
);

/** A service that peers may reach through this agent. */
export const capabilityType: ResourceType = defineResource<CapabilityPromise, CapabilityObservation>({
  kind: "capability",
  observedBy: "mind",
  powers: ["expose"],
  promiseShape,
  observationShape,
  nameProblem: plainNameProblem,
  diff: (_promise, seen) =>
    seen.type === "announced" ? undefined : driftOf({ announced: `withheld: ${seen.because}` }),
  ...reportOnly,
  fake: {
    initial: () => ({ type: "announced" }),
    repaired: (_promise, seen) => seen,
    damaged: (_promise, _seen, seed) =>
      seed % 2 === 0 ? { type: "announced" } : { type: "withheld", because: `damage ${seed}` },
  },
});
