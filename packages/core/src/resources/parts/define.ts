import type { Json, Power, ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import { barrierKinds } from "../../barrier/kinds.ts";
import type {
  CommonFields,
  Drift,
  Observation,
  Plan,
  PromiseProblem,
  ResourceContext,
  ResourceType,
} from "../../contract/resource.ts";
import type { CommonPromise } from "./fields.ts";
import { commonOf } from "./metaparameters.ts";
import type { Shape } from "./onDemand.ts";

/** A resource type in its own words: as `ResourceType`, with promise and observation already read. */
export interface Definition<Promised extends CommonPromise, Seen extends Observation> {
  readonly kind: string;
  readonly observedBy: "body" | "mind";
  /** False where it is not said. */
  readonly endsByItself?: true;
  readonly powers: readonly Power[];
  readonly promiseShape: Shape<Promised>;
  readonly observationShape: Shape<Seen>;
  /** Why a name cannot be, or undefined. */
  nameProblem(name: string): string | undefined;
  /** How often to look where the promise does not say. */
  readonly everyMs?: number;
  diff(promise: Promised, seen: Seen, context: ResourceContext): Drift | undefined;
  /** Of a kept promise, where there is more to say than that it is as promised. */
  rest?(seen: Seen): ReturnType<ResourceType["rest"]>;
  plan(promise: Promised, seen: Seen, drift: Drift): Plan | undefined;
  /** What to do when the promise is withdrawn. `asked`: the promise says `reverse: true` itself. */
  reverse(promise: Promised, asked: boolean): Plan | undefined;
  /** What begins it anew when something that it reads was repaired; nothing where it is not there. */
  refresh?(promise: Promised, seen: Seen): Plan | undefined;
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
  // The body's half of the type makes them of this shape: a sweep of thousands does not read each of them again.
  const seen = (observation: Observation): Seen => observation as Seen;
  const common = commonReader(promised, definition.everyMs);
  const wrong = problemReader(definition.kind, definition.promiseShape);
  const { fake } = definition;
  return {
    kind: definition.kind,
    observedBy: definition.observedBy,
    endsByItself: definition.endsByItself ?? false,
    // Made when an editor asks: an agent that starts has no use for it.
    get schema() {
      return editorSchema(definition.promiseShape());
    },
    powers: () => definition.powers,
    check: (name, promise) => {
      const wrongName = definition.nameProblem(name);
      return wrongName === undefined ? wrong(promise) : [{ path: [], message: wrongName }, ...wrong(promise)];
    },
    common,
    diff: (promise, observation, context) => definition.diff(promised(promise), seen(observation), context),
    rest: (observation) => definition.rest?.(seen(observation)),
    plan: (promise, observation, drift) => definition.plan(promised(promise), seen(observation), drift),
    reverse: (promise) => {
      const { reverse } = promised(promise);
      return reverse === false ? undefined : definition.reverse(promised(promise), reverse === true);
    },
    refresh: (promise, observation) => definition.refresh?.(promised(promise), seen(observation)),
    recognizes: (observation) => definition.observationShape().safeParse(observation).success,
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
  shape: Shape<Promised>,
): (promise: ResourcePromise) => Promised {
  const known = new WeakMap<ResourcePromise, { readonly promised: Promised }>();
  return (promise) => {
    const memo = known.get(promise);
    if (memo !== undefined) return memo.promised;
    const read = shape().safeParse(promise);
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

/** Reads what is common of each promise once. */
function commonReader(
  promised: (promise: ResourcePromise) => CommonPromise,
  everyMs: number | undefined,
): (promise: ResourcePromise) => CommonFields {
  const known = new WeakMap<ResourcePromise, CommonFields>();
  return (promise) => {
    let common = known.get(promise);
    if (common === undefined) {
      common = commonOf(promised(promise), everyMs);
      known.set(promise, common);
    }
    return common;
  };
}

/** Looks for what is wrong with each promise once: they never change, and the minds of a simulator share them. */
function problemReader<Promised extends CommonPromise>(
  kind: string,
  shape: Shape<Promised>,
): (promise: ResourcePromise) => readonly PromiseProblem[] {
  const known = new WeakMap<ResourcePromise, readonly PromiseProblem[]>();
  return (promise) => {
    let problems = known.get(promise);
    if (problems === undefined) {
      problems = problemsOf(kind, shape, promise);
      known.set(promise, problems);
    }
    return problems;
  };
}

function problemsOf<Promised extends CommonPromise>(
  kind: string,
  shape: Shape<Promised>,
  promise: ResourcePromise,
): readonly PromiseProblem[] {
  const read = shape().safeParse(promise);
  if (!read.success) return read.error.issues.map((issue) => problemOf(promise, issue));
  return read.data.barrier === undefined ? [] : barrierProblems(kind);
}

/** What cannot be undone must not be switched with others. */
function barrierProblems(kind: string): readonly PromiseProblem[] {
  if (barrierKinds.includes(kind)) return [];
  const message = `a ${kind} cannot be switched back, and so not be in a barrier: only ${barrierKinds.join(", ")}`;
  return [{ path: ["barrier"], message }];
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
