import type { ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { type CommonPromise, command, commonFields, duration, plainNameProblem } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { reportOnly } from "./parts/planning.ts";

/** A health probe by a program: it ends with 0. Nothing repairs it; other promises hang on it. */
export type ProbePromise = CommonPromise & {
  /** The program and its arguments; no shell reads them. */
  readonly command: readonly string[];
  /** Bounds one probe; mandatory, since nothing else ends a program that hangs. */
  readonly timeout: string;
};

/** How the last probe ended. */
export type ProbeObservation = {
  readonly type: "ended";
  readonly code: number;
  /** Why it has no code of its own: it outlived its time. */
  readonly timedOut?: true;
};

/** Time between probes where the promise does not say. A guess: a program costs more than a connection. */
const everyMsDefault = 10_000;

const promiseShape: Shape<ProbePromise> = onDemand(() =>
  z.strictObject({
    ...commonFields,
    command: command.check(
      z.describe("Exits with 0 when all is well; no shell reads it, its output is not kept"),
    ),
    timeout: duration.check(z.describe("Bounds one probe, such as 5s; a longer one has failed")),
  }),
);

const observationShape: Shape<ProbeObservation> = onDemand(() =>
  z.strictObject({
    type: z.literal("ended"),
    code: z.int(),
    timedOut: z.exactOptional(z.literal(true)),
  }),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readProbePromise: (promise: ResourcePromise) => ProbePromise = promiseReader(
  "probe",
  promiseShape,
);

/** A health probe. */
export const probeType: ResourceType = defineResource<ProbePromise, ProbeObservation>({
  kind: "probe",
  observedBy: "body",
  powers: ["command"],
  promiseShape,
  observationShape,
  nameProblem: plainNameProblem,
  everyMs: everyMsDefault,
  diff: ({ timeout }, { code, timedOut }) => {
    if (timedOut === true) return driftOf({ answer: `no answer within ${timeout}` });
    return code === 0 ? undefined : driftOf({ answer: `ended with ${code}` });
  },
  ...reportOnly,
  fake: {
    initial: () => ({ type: "ended", code: 0 }),
    repaired: (_promise, seen) => seen,
    // Nothing repairs a probe, so that every second damage is its own recovery.
    damaged: (_promise, _seen, seed) => ({ type: "ended", code: seed % 2 === 0 ? 0 : 1 + (seed % 255) }),
  },
});
