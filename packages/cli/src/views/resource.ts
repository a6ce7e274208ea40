import { type AttemptView, formatDuration, type ResourcePhase, type ResourceView } from "@antibody/core";
import { relative, type Times, wallTime } from "../text/times.ts";

/** A running repair, in the times that scripts read. */
export interface ActionFields {
  readonly id: string;
  readonly verb: string;
  readonly startedAt?: string;
  readonly step: number;
  readonly of: number;
  readonly note: string;
  readonly progressAt?: string;
  readonly deadlineAt?: string;
}

/** One resource as `status` and `why` tell of it. */
export interface ResourceFields {
  readonly resource: string;
  readonly phase: ResourcePhase;
  readonly since?: string;
  readonly why: string;
  readonly next: string;
  readonly nextAt?: string;
  readonly action?: ActionFields;
}

/** One repair that was tried. */
export interface AttemptFields {
  readonly id: string;
  readonly verb: string;
  readonly startedAt?: string;
  readonly tookMs: number;
  readonly result: AttemptView["result"];
  readonly detail: string;
}

/** A field with a time, or none for a time that never comes. */
export function timeField<Name extends string>(
  name: Name,
  time: string | undefined,
): { [N in Name]?: string } {
  return (time === undefined ? {} : { [name]: time }) as { [N in Name]?: string };
}

/** A resource in the times that scripts read. */
export function resourceFields(view: ResourceView, times: Times): ResourceFields {
  return {
    resource: view.resource,
    phase: view.phase,
    ...timeField("since", times.at(view.sinceMs)),
    why: view.why,
    next: view.next,
    ...(view.nextMs === undefined ? {} : timeField("nextAt", times.at(view.nextMs))),
    ...(view.action === undefined ? {} : { action: actionFields(view.action, times) }),
  };
}

function actionFields(action: NonNullable<ResourceView["action"]>, times: Times): ActionFields {
  return {
    id: action.id,
    verb: action.verb,
    ...timeField("startedAt", times.at(action.sinceMs)),
    step: action.step,
    of: action.of,
    note: action.note,
    ...timeField("progressAt", times.at(action.progressMs)),
    ...timeField("deadlineAt", times.at(action.deadlineMs)),
  };
}

/** An attempt in the times that scripts read. */
export function attemptFields(attempt: AttemptView): AttemptFields {
  return {
    id: attempt.id,
    verb: attempt.verb,
    ...timeField("startedAt", wallTime(attempt.wallMs)),
    tookMs: attempt.tookMs,
    result: attempt.result,
    detail: attempt.detail,
  };
}

/** Tells stuck from slow: which step, since when, how old the last progress is, and until when. */
export function actionText(action: ActionFields, now: string): string {
  const note = action.note === "" ? "" : ` (${action.note})`;
  return [
    `${action.verb} ${action.id}: step ${action.step} of ${action.of}${note}`,
    `started ${relative(action.startedAt, now)}`,
    `last progress ${relative(action.progressAt, now)}`,
    `gives up ${relative(action.deadlineAt, now)}`,
  ].join(", ");
}

/** `looks again in 37s` */
export function nextText(fields: Pick<ResourceFields, "next" | "nextAt">, now: string): string {
  if (fields.next === "" || fields.nextAt === undefined) return fields.next;
  return `${fields.next} ${relative(fields.nextAt, now)}`;
}

/** `1m ago, start took 12ms, failed: exited with 1` */
export function attemptText(attempt: AttemptFields, now: string): string {
  const detail = attempt.detail === "" ? "" : `: ${attempt.detail}`;
  return `${relative(attempt.startedAt, now)}, ${attempt.verb} took ${formatDuration(attempt.tookMs)}, ${attempt.result}${detail}`;
}
