import type { Json, Power, ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type {
  CommonFields,
  Drift,
  Observation,
  Plan,
  PromiseProblem,
  ResourceContext,
  ResourceType,
} from "../contract/resource.ts";
import { durationMs } from "./duration.ts";
import { type CommonPromise, isRole } from "./fields.ts";

/** A resource type in its own words: as `ResourceType`, with promise and observation already read. */
export interface Definition<Promised extends CommonPromise, Seen extends Observation> {
  readonly kind: string;
  readonly observedBy: "body" | "mind";
  readonly powers: readonly Power[];
  readonly promiseShape: z.ZodMiniType<Promised>;
  readonly observationShape: z.ZodMiniType<Seen>;
  /** Why a name cannot be, or undefined. */
  nameProblem(name: string): string | undefined;
  /** How often to look where the promise does not say. */
  readonly everyMs?: number;
  diff(promise: Promised, seen: Seen, context: ResourceContext): Drift | undefined;
  /** Of a kept promise, where there is more to say than that it is as promised. */
  rest?(seen: Seen): ReturnType<ResourceType["rest"]>;
  plan(promise: Promised, seen: Seen, drift: Drift): Plan | undefined;
  reverse(promise: Promised): Plan | undefined;
  readonly fake: {
    initial(promise: Promised, context: ResourceContext): Seen;
    repaired(promise: Promised, seen: Seen, plan: Plan, context: ResourceContext): Seen;
    damaged(promise: Promised, seen: Seen, seed: number, context: ResourceContext): Seen;
  };
}

/** Makes a resource type whose functions read promises and observations before they look at them. */
export function defineResource<Promised extends CommonPromise, Seen extends Observation>(
  definition: Definition<Promised, Seen>,
): ResourceType {
  const promised = promiseReader(definition.kind, definition.promiseShape);
  const seen = (observation: Observation): Seen => {
    const read = definition.observationShape.safeParse(observation);
    if (!read.success)
      throw new Error(`${definition.kind}: the body observed what cannot be: ${JSON.stringify(observation)}`);
    return read.data;
  };
  const { fake } = definition;
  return {
    kind: definition.kind,
    observedBy: definition.observedBy,
    // Made when an editor asks: an agent that starts has no use for it.
    get schema() {
      return editorSchema(definition.promiseShape);
    },
    powers: () => definition.powers,
    check: (name, promise) => problems(definition, name, promise),
    common: (promise) => commonOf(promised(promise), definition.everyMs),
    diff: (promise, observation, context) => definition.diff(promised(promise), seen(observation), context),
    rest: (observation) => definition.rest?.(seen(observation)),
    plan: (promise, observation, drift) => definition.plan(promised(promise), seen(observation), drift),
    reverse: (promise) => definition.reverse(promised(promise)),
    fake: {
      initial: (promise, context) => fake.initial(promised(promise), context),
      repaired: (promise, observation, plan, context) =>
        fake.repaired(promised(promise), seen(observation), plan, context),
      damaged: (promise, observation, seed, context) =>
        fake.damaged(promised(promise), seen(observation), seed, context),
    },
  };
}

/**
 * Reads promises of one type, once each: they never change, and a device looks at them again and again. The
 * reader throws on a promise that `check` would not pass.
 */
export function promiseReader<Promised>(
  kind: string,
  shape: z.ZodMiniType<Promised>,
): (promise: ResourcePromise) => Promised {
  const known = new WeakMap<ResourcePromise, { readonly promised: Promised }>();
  return (promise) => {
    const memo = known.get(promise);
    if (memo !== undefined) return memo.promised;
    const read = shape.safeParse(promise);
    if (!read.success) throw new Error(`${kind}: a promise that was not checked`);
    known.set(promise, { promised: read.data });
    return read.data;
  };
}

/** The drift of the attributes that differ, or undefined when none does. */
export function driftOf(differences: {
  readonly [attribute: string]: string | undefined;
}): Drift | undefined {
  const attributes = Object.keys(differences)
    .filter((attribute) => differences[attribute] !== undefined)
    .sort();
  if (attributes.length === 0) return undefined;
  return { attributes, summary: attributes.map((attribute) => differences[attribute]).join("; ") };
}

function commonOf(promise: CommonPromise, defaultEveryMs: number | undefined): CommonFields {
  const everyMs = promise.every === undefined ? defaultEveryMs : durationMs(promise.every);
  return {
    after: promise.after ?? [],
    while: (promise.while ?? []).filter(isRole),
    ...(everyMs === undefined ? {} : { everyMs }),
  };
}

function problems<Promised extends CommonPromise, Seen extends Observation>(
  definition: Definition<Promised, Seen>,
  name: string,
  promise: ResourcePromise,
): readonly PromiseProblem[] {
  const wrongName = definition.nameProblem(name);
  const read = definition.promiseShape.safeParse(promise);
  return [
    ...(wrongName === undefined ? [] : [{ path: [], message: wrongName }]),
    ...(read.success ? [] : read.error.issues.map((issue) => problemOf(promise, issue))),
  ];
}

function problemOf(promise: ResourcePromise, issue: z.core.$ZodIssue): PromiseProblem {
  const path = issue.path.map(String);
  switch (issue.code) {
    case "unrecognized_keys":
      return { path: [...path, ...issue.keys.slice(0, 1)], message: `unknown field ${issue.keys[0] ?? ""}` };
    case "invalid_type":
      return { path, message: isMissing(promise, path) ? "missing" : `expected ${issue.expected}` };
    case "too_small":
      return { path, message: `expected at least ${issue.minimum}` };
    case "too_big":
      return { path, message: `expected at most ${issue.maximum}` };
    case "invalid_value":
      return { path, message: `expected ${issue.values.map(String).join(" or ")}` };
    case "invalid_key":
      return { path, message: issue.issues[0]?.message ?? issue.message };
    default:
      return { path, message: issue.message };
  }
}

function isMissing(promise: ResourcePromise, path: readonly string[]): boolean {
  const [field] = path;
  return path.length === 1 && field !== undefined && !Object.hasOwn(promise, field);
}

/** The schema that editors complete and explain by. */
function editorSchema(shape: z.ZodMiniType): Json {
  return JSON.parse(JSON.stringify(z.toJSONSchema(shape))) as Json;
}
