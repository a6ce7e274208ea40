import type { CommonPromise } from "./fields.ts";

/** Something that only programs can see and change: `check` ends with 0 when it is as it should be. */
export type CommandPromise = CommonPromise & {
  readonly check: readonly string[];
  readonly apply: readonly string[];
  /** Bounds each of the two runs; mandatory, since nothing else ends a program that hangs. */
  readonly timeout: string;
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

/** Characters kept of what a check wrote. A guess: the last lines say what failed. */
export const outputCharactersMax = 1_024;
