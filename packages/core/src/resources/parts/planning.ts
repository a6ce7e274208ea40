import type { Plan } from "../../contract/resource.ts";
import { durationMs } from "./duration.ts";
import type { CommonPromise } from "./fields.ts";

/** The time that one repair may take, in milliseconds. */
export function timeoutMsOf(promise: CommonPromise, defaultMs: number): number {
  return promise.timeout === undefined ? defaultMs : durationMs(promise.timeout);
}

/** A repair that may be done twice without harm, as nearly all are. */
export function idempotentPlan(verb: string, timeoutMs: number, summary: string): Plan {
  return { verb, idempotent: true, timeoutMs, summary };
}

/** Of types that only report: nothing on the device repairs them, other promises hang on them. */
export const reportOnly: { readonly plan: () => undefined; readonly reverse: () => undefined } = {
  plan: () => undefined,
  reverse: () => undefined,
};
