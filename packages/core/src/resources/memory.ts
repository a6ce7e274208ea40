import type { ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { type CommonPromise, commonFields, plainNameProblem } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { reportOnly } from "./parts/planning.ts";
import { formatBytes, quantity, quantityOf } from "./parts/quantity.ts";

/** Memory that programs could still have. Nothing repairs it; other promises hang on it. */
export type MemoryPromise = CommonPromise & {
  /** At least this much is available without swapping, as the kernel estimates. */
  readonly available: string;
};

/** What the kernel says. */
export type MemoryObservation = {
  readonly type: "memory";
  readonly availableBytes: number;
  readonly totalBytes: number;
};

/** Time between looks where the promise does not say. A guess. */
const everyMsDefault = 10_000;

const promiseShape: Shape<MemoryPromise> = onDemand(() =>
  z.strictObject({
    ...commonFields,
    available: quantity.check(z.describe("At least this is available, such as 64MiB or 10%")),
  }),
);

const observationShape: Shape<MemoryObservation> = onDemand(() =>
  z.strictObject({
    type: z.literal("memory"),
    availableBytes: z.int(),
    totalBytes: z.int(),
  }),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readMemoryPromise: (promise: ResourcePromise) => MemoryPromise = promiseReader(
  "memory",
  promiseShape,
);

/** A threshold of available memory. */
export const memoryType: ResourceType = defineResource<MemoryPromise, MemoryObservation>({
  kind: "memory",
  observedBy: "body",
  powers: [],
  promiseShape,
  observationShape,
  nameProblem: plainNameProblem,
  everyMs: everyMsDefault,
  diff: ({ available }, { availableBytes, totalBytes }) =>
    availableBytes >= quantityOf(available, totalBytes)
      ? undefined
      : driftOf({
          available: `${formatBytes(availableBytes)} of ${formatBytes(totalBytes)} are available, promised ${available}`,
        }),
  ...reportOnly,
  fake: {
    initial: () => ({ type: "memory", availableBytes: 1e15, totalBytes: 1e15 }),
    repaired: (_promise, seen) => seen,
    damaged: (_promise, seen, seed) => ({ ...seen, availableBytes: seed % 2 === 0 ? seen.totalBytes : 0 }),
  },
});
