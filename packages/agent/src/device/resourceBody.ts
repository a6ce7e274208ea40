import type { ActionResult, Observation, Plan } from "@antibody/core";
import type { ResourceId, ResourcePromise } from "@antibody/policy";
import { codeOf, messageOf } from "./deviceError.ts";

/** One resource with its promise, as the bodies of the resource types are asked about it. */
export interface Subject {
  readonly id: ResourceId;
  /** What follows the kind in the id: a path, or a plain name. */
  readonly name: string;
  readonly promise: ResourcePromise;
}

/** What an action may use while it runs. */
export interface ActionRun {
  /** Aborted when the action is canceled; the body then ends what it started. */
  readonly signal: AbortSignal;
  /** Reports that step `step` of `of` has begun; for actions that people may have to wait for. */
  progress(step: number, of: number, note: string): void;
}

/**
 * The body of a resource type: the half that touches the device. The pure half is the file of the same name in
 * core. Quick bodies answer at once; slow ones (`slow`) wait for other programs and answer with a promise.
 */
export interface ResourceBody {
  /** Looks take long enough that their number at once is bounded, and that they can be aborted. */
  readonly slow: boolean;
  /** Looks at the whole state. Throws, or rejects, where it cannot be seen; the error's code goes to the mind. */
  observe(subject: Subject, signal: AbortSignal): Observation | Promise<Observation>;
  /** Does one plan. Throws, or rejects, where it fails; after an abort a throw counts as canceled. */
  act(subject: Subject, plan: Plan, run: ActionRun): ActionResult | Promise<ActionResult>;
  /**
   * Prepares a plan so that it can be switched together with others, and back. Changes nothing that anybody sees.
   * Undefined for types that cannot be in a barrier. Throws where it cannot be done.
   */
  stage?(subject: Subject, plan: Plan, run: ActionRun): Staged;
  /** Removes what an interrupted action of a killed agent left behind. Throws where it cannot. */
  tidy?(name: string): void;
  /** The absolute path, on the device, whose changes wake the resource; undefined for types without files. */
  watchedPath?(subject: Subject): string | undefined;
}

/** A repair that is prepared: it can be done in an instant, and taken back. */
export interface Staged {
  switch(): void | Promise<void>;
  /** Brings back what was there. May be called after half a switch. */
  undo(): void | Promise<void>;
  /** Removes what was prepared, and what was kept for an undo. Called once, at the end. */
  finish(): void;
}

/** An action that succeeded. */
export function done(detail: string): ActionResult {
  return { type: "done", detail };
}

/** An action that failed, with a cause for people. */
export function failed(code: string, detail: string): ActionResult {
  return { type: "failed", code, detail };
}

/** An action that threw: canceled where it was aborted, else failed. */
export function thrownResult(error: unknown, signal: AbortSignal): ActionResult {
  return signal.aborted ? { type: "canceled" } : failed(codeOf(error), messageOf(error));
}

/** Says something of the device in the agent's log. */
export type Tell = (
  level: "info" | "warn" | "error",
  event: string,
  fields: { readonly [field: string]: string | number },
) => void;
