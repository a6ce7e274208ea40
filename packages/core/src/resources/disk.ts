import type { ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { Drift, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { absolutePath, type CommonPromise, commonFields, plainNameProblem } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { reportOnly } from "./parts/planning.ts";
import { formatBytes, quantity, quantityOf } from "./parts/quantity.ts";

/** Room on a file system. Nothing repairs it; other promises hang on it. */
export type DiskPromise = CommonPromise & {
  /** Any path on it. Not the name: no grant reaches the paths above the agent's own, and looking does no harm. */
  readonly path: string;
  /** At least this much is free for users without privileges. */
  readonly free?: string;
  /** At least this part of the files that it can hold is free. File systems without a number of files have always. */
  readonly files?: string;
};

/** What the file system says. */
export type DiskObservation = {
  readonly type: "space";
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly freeFiles: number;
  /** 0 where there is no bound. */
  readonly totalFiles: number;
};

/** Time between looks where the promise does not say. A guess: disks fill in minutes, not in seconds. */
const everyMsDefault = 30_000;

const promiseShape: Shape<DiskPromise> = onDemand(() =>
  z
    .strictObject({
      path: absolutePath.check(z.describe("Any path on the file system")),
      free: z.exactOptional(quantity).check(z.describe("At least this is free, such as 1GiB or 10%")),
      files: z
        .exactOptional(z.string().check(z.regex(/^[1-9][0-9]?%$/, "expected a part, such as 5%")))
        .check(z.describe("At least this part of the files that it can hold is free, such as 5%")),
      ...commonFields,
    })
    .check(
      z.refine(({ free, files }) => free !== undefined || files !== undefined, "expected free or files"),
    ),
);

const observationShape: Shape<DiskObservation> = onDemand(() =>
  z.strictObject({
    type: z.literal("space"),
    freeBytes: z.int(),
    totalBytes: z.int(),
    freeFiles: z.int(),
    totalFiles: z.int(),
  }),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readDiskPromise: (promise: ResourcePromise) => DiskPromise = promiseReader("disk", promiseShape);

/** A threshold of room on a disk. */
export const diskType: ResourceType = defineResource<DiskPromise, DiskObservation>({
  kind: "disk",
  observedBy: "body",
  powers: [],
  promiseShape,
  observationShape,
  nameProblem: plainNameProblem,
  everyMs: everyMsDefault,
  diff: diskDrift,
  ...reportOnly,
  fake: {
    initial: () => roomy,
    repaired: (_promise, seen) => seen,
    damaged: (promise, _seen, seed) => {
      // Nothing repairs it, so that every second damage is its own recovery.
      if (seed % 2 === 0) return roomy;
      return promise.free === undefined ? { ...roomy, freeFiles: 0 } : { ...roomy, freeBytes: 0 };
    },
  },
});

const roomy: DiskObservation = {
  type: "space",
  freeBytes: 1e15,
  totalBytes: 1e15,
  freeFiles: 1e6,
  totalFiles: 1e6,
};

function diskDrift({ free, files }: DiskPromise, seen: DiskObservation): Drift | undefined {
  return driftOf({
    free:
      free !== undefined && seen.freeBytes < quantityOf(free, seen.totalBytes)
        ? `${formatBytes(seen.freeBytes)} of ${formatBytes(seen.totalBytes)} are free, promised ${free}`
        : undefined,
    files:
      files !== undefined && seen.totalFiles > 0 && seen.freeFiles < quantityOf(files, seen.totalFiles)
        ? `${seen.freeFiles} of ${seen.totalFiles} files are free, promised ${files}`
        : undefined,
  });
}
