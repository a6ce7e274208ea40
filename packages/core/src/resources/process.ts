import { canonicalBytes, type ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { Drift, Plan, ResourceContext, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf, promiseReader } from "./parts/define.ts";
import { durationMs } from "./parts/duration.ts";
import {
  absolutePath,
  type CommonPromise,
  command,
  commonFields,
  duration,
  environment,
  plainNameProblem,
} from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { lastLineOf, outputCharactersMax } from "./parts/output.ts";

/** A program that the agent keeps running, as its child. */
export type ProcessPromise = CommonPromise & {
  /** The program, by absolute path or by name in PATH, and its arguments; no shell reads them. */
  readonly command: readonly string[];
  readonly cwd?: string;
  /** Added to the agent's own environment. */
  readonly env?: { readonly [name: string]: string };
  /** From SIGTERM to SIGKILL; `5s` when not said. */
  readonly stopTimeout?: string;
};

/** Whether the supervised child runs. */
export type ProcessObservation =
  | {
      readonly type: "running";
      readonly pid: number;
      /** Start time from `/proc/<pid>/stat`, in clock ticks: tells a pid from its reuse. */
      readonly startTicks: number;
      /** Digest of `commandBytes` of the promise that it was started by, under the agent's digest key. */
      readonly commandDigest: string;
    }
  | {
      readonly type: "stopped";
      /** How the last child ended, where the agent saw it. */
      readonly exit?: ProcessExit;
    };

/** How a child ended. */
export type ProcessExit = {
  readonly code?: number;
  readonly signal?: string;
  /** The end of what it wrote, at most `outputCharactersMax`. */
  readonly output?: string;
};

/** `start` a child, `restart` one whose command differs, `stop` it on withdrawal. None of them leaves two. */
export type ProcessVerb = "start" | "restart" | "stop";

/** From SIGTERM to SIGKILL where the promise does not say. A guess: most programs end within a second. */
export const stopTimeoutMsDefault = 5_000;
/** Time to start, beyond the time to stop. A guess: a busy Pi takes a second to start an interpreter. */
const timeoutMsDefault = 10_000;

const promiseShape: Shape<ProcessPromise> = onDemand(() =>
  z.strictObject({
    command,
    cwd: z.exactOptional(absolutePath).check(z.describe("Working directory, absolute")),
    env: z.exactOptional(environment).check(z.describe("Environment variables, added to the agent's")),
    stopTimeout: z.exactOptional(duration).check(z.describe("From SIGTERM to SIGKILL, such as 5s")),
    ...commonFields,
  }),
);

const observationShape: Shape<ProcessObservation> = onDemand(() =>
  z.discriminatedUnion("type", [
    z.strictObject({
      type: z.literal("running"),
      pid: z.int(),
      startTicks: z.int(),
      commandDigest: z.string(),
    }),
    z.strictObject({
      type: z.literal("stopped"),
      exit: z.exactOptional(
        z.strictObject({
          code: z.exactOptional(z.int()),
          signal: z.exactOptional(z.string()),
          output: z.exactOptional(z.string().check(z.maxLength(outputCharactersMax))),
        }),
      ),
    }),
  ]),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readProcessPromise: (promise: ResourcePromise) => ProcessPromise = promiseReader(
  "process",
  promiseShape,
);

/** The bytes whose keyed digest says which command a child was started by: canonical JSON of what matters to it. */
export function commandBytes(promise: Pick<ProcessPromise, "command" | "cwd" | "env">): Uint8Array {
  return canonicalBytes({
    command: promise.command,
    ...(promise.cwd === undefined ? {} : { cwd: promise.cwd }),
    ...(promise.env === undefined ? {} : { env: promise.env }),
  });
}

/** One supervised child. */
export const processType: ResourceType = defineResource<ProcessPromise, ProcessObservation>({
  kind: "process",
  observedBy: "body",
  endsByItself: true,
  powers: ["process"],
  promiseShape,
  observationShape,
  nameProblem: plainNameProblem,
  diff: processDrift,
  plan: (promise, seen) => planOf(seen.type === "running" ? "restart" : "start", promise),
  reverse: (promise) => planOf("stop", promise),
  refresh: (promise, seen) => (seen.type === "running" ? planOf("restart", promise) : undefined),
  fake: {
    initial: () => ({ type: "stopped" }),
    repaired: repairedProcess,
    damaged: damagedProcess,
  },
});

function processDrift(
  promise: ProcessPromise,
  seen: ProcessObservation,
  context: ResourceContext,
): Drift | undefined {
  if (seen.type === "stopped") return driftOf({ running: `stopped${exitText(seen.exit)}, promised running` });
  return seen.commandDigest === context.digest(commandBytes(promise))
    ? undefined
    : driftOf({ command: `process ${seen.pid} runs another command than promised` });
}

function exitText({ code, signal, output = "" }: ProcessExit = {}): string {
  const how = signal !== undefined ? ` by ${signal}` : code === undefined ? "" : ` with exit code ${code}`;
  const line = lastLineOf(output);
  return line === "" ? how : `${how} after "${line}"`;
}

function planOf(verb: ProcessVerb, promise: ProcessPromise): Plan {
  const stopMs = promise.stopTimeout === undefined ? stopTimeoutMsDefault : durationMs(promise.stopTimeout);
  const ownMs = promise.timeout === undefined ? timeoutMsDefault : durationMs(promise.timeout);
  return {
    verb,
    // The body never leaves two, so that a second start or stop does nothing.
    idempotent: true,
    timeoutMs: ownMs + (verb === "start" ? 0 : stopMs),
    summary: `${verb} ${promise.command[0] ?? ""}`,
  };
}

function repairedProcess(
  promise: ProcessPromise,
  seen: ProcessObservation,
  plan: Plan,
  context: ResourceContext,
): ProcessObservation {
  if (plan.verb === "stop") return { type: "stopped" };
  const pid = seen.type === "running" ? seen.pid + 1 : 1_000;
  return { type: "running", pid, startTicks: pid, commandDigest: context.digest(commandBytes(promise)) };
}

function damagedProcess(
  _promise: ProcessPromise,
  seen: ProcessObservation,
  seed: number,
): ProcessObservation {
  if (seed % 3 === 0 && seen.type === "running") return { ...seen, commandDigest: "0".repeat(64) };
  return seed % 3 === 1
    ? { type: "stopped", exit: { signal: "SIGKILL" } }
    : { type: "stopped", exit: { code: seed % 256 } };
}
