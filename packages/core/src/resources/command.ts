import type { ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { Plan, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { durationMs } from "./parts/duration.ts";
import { type CommonPromise, command, commonFields, duration, plainNameProblem } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { lastLineOf, outputCharactersMax } from "./parts/output.ts";

/** Something that only programs can see and change: `check` ends with 0 when it is as it should be. */
export type CommandPromise = CommonPromise & {
  readonly check: readonly string[];
  readonly apply: readonly string[];
  /** Bounds each of the two runs; mandatory, since nothing else ends a program that hangs. */
  readonly timeout: string;
  /** Takes back what `apply` did: asked for in a barrier, and run there alone. */
  readonly undo?: readonly string[];
};

/** How the last check ended. A check that could not be started, or that outlived its time, is unobservable. */
export type CommandObservation = {
  readonly type: "checked";
  readonly code: number;
  /** The end of what it wrote, at most `outputCharactersMax`. */
  readonly output: string;
};

/** Runs `apply` once. Not idempotent as far as anyone knows, so its intent is on disk before it starts. */
export type CommandVerb = "apply";

const promiseShape: Shape<CommandPromise> = onDemand(() =>
  z
    .strictObject({
      ...commonFields,
      check: command.check(z.describe("Exits with 0 when all is as it should be")),
      apply: command.check(z.describe("Makes it so")),
      timeout: duration.check(z.describe("Bounds each run, such as 10s")),
      undo: z.exactOptional(command).check(z.describe("Takes it back, where its barrier is undone")),
    })
    .check(
      z.refine(
        ({ barrier, undo }) => barrier === undefined || undo !== undefined,
        "a command in a barrier needs undo, which takes back what apply did",
      ),
    ),
);

const observationShape: Shape<CommandObservation> = onDemand(() =>
  z.strictObject({
    type: z.literal("checked"),
    code: z.int(),
    output: z.string().check(z.maxLength(outputCharactersMax)),
  }),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readCommandPromise: (promise: ResourcePromise) => CommandPromise = promiseReader(
  "command",
  promiseShape,
);

/** A check and what to do when it fails. */
export const commandType: ResourceType = defineResource<CommandPromise, CommandObservation>({
  kind: "command",
  observedBy: "body",
  powers: ["command"],
  promiseShape,
  observationShape,
  nameProblem: plainNameProblem,
  diff: (_promise, { code, output }) =>
    code === 0 ? undefined : driftOf({ check: `check ended with ${code}${lastLine(output)}` }),
  plan: applyPlan,
  reverse: () => undefined,
  refresh: applyPlan,
  fake: {
    initial: () => ({ type: "checked", code: 1, output: "" }),
    repaired: () => ({ type: "checked", code: 0, output: "" }),
    damaged: (_promise, _seen, seed) => ({
      type: "checked",
      code: 1 + (seed % 255),
      output: `damage ${seed}`,
    }),
  },
});

function applyPlan(promise: CommandPromise): Plan {
  const timeoutMs = durationMs(promise.timeout);
  return { verb: "apply", idempotent: false, timeoutMs, summary: `run ${promise.apply[0] ?? ""}` };
}

function lastLine(output: string): string {
  const line = lastLineOf(output);
  return line === "" ? "" : `: ${line}`;
}
