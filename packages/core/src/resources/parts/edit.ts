import * as z from "zod/mini";
import type { Drift, Plan, ResourceType } from "../../contract/resource.ts";
import { defineResource, driftOf } from "./define.ts";
import type { CommonPromise } from "./fields.ts";
import { onDemand, type Shape } from "./onDemand.ts";
import { idempotentPlan, timeoutMsOf } from "./planning.ts";

/** A guess, as for files. */
const timeoutMsDefault = 30_000;

/** How the lines of a file stand to a promise about one of them. Counts only: what they say stays on the device. */
export type EditObservation =
  | { readonly type: "absent" }
  | {
      readonly type: "file";
      /** Lines that say what is promised. */
      readonly same: number;
      /** Lines that say something else in its place. */
      readonly other: number;
    };

/**
 * Both rewrite the file by temporary file and rename, with its mode and owner. `edit` keeps what is promised, and
 * makes a file that is missing; `remove` takes it out again.
 */
export type EditVerb = "edit" | "remove";

/** What promises of both say. */
type EditPromise = CommonPromise & { readonly absent?: true };

/** The shape of what bodies see. */
const editObservationShape: Shape<EditObservation> = onDemand(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("absent") }),
    z.strictObject({ type: z.literal("file"), same: z.int(), other: z.int() }),
  ]),
);

/** Characters of one line that is kept. A guess: room for a long key. */
const lineCharactersMax = 8_192;

/** One line of text. */
export const oneLine: z.ZodMiniType<string, string> = z.string().check(
  z.maxLength(lineCharactersMax),
  z.refine((text) => !/[\n\r\0]/.test(text), "expected one line, without its end"),
);

/** Parts of the name of an edit. */
export interface EditName {
  readonly path: string;
  /** Tells several edits of one file apart. */
  readonly label: string;
}

/** Reads `/path#label`. Undefined when it is no such name. */
export function readEditName(name: string): EditName | undefined {
  const hash = name.lastIndexOf("#");
  const path = name.slice(0, Math.max(hash, 0));
  const label = name.slice(hash + 1);
  if (!/^\/./.test(path) || path.endsWith("/") || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(label))
    return undefined;
  return { path, label };
}

/** Why a name is not one of an edit. */
function editNameProblem(kind: string): (name: string) => string | undefined {
  return (name) =>
    readEditName(name) === undefined
      ? `the name must be a path and a label, such as ${kind}:/etc/hosts#db`
      : undefined;
}

/** What differs, for people: `what` is promised. */
function editDrift(what: string, isAbsent: boolean, seen: EditObservation): Drift | undefined {
  if (isAbsent) {
    const there = seen.type === "absent" ? 0 : seen.same + seen.other;
    return there === 0 ? undefined : driftOf({ [what]: `${there} lines are there, promised none` });
  }
  if (seen.type === "absent") return driftOf({ file: `the file is absent, promised a ${what} in it` });
  if (seen.other > 0) return driftOf({ [what]: `${seen.other} lines say something else than promised` });
  return seen.same > 0 ? undefined : driftOf({ [what]: "missing" });
}

/** The plan of an edit. */
function editPlan(verb: EditVerb, promise: CommonPromise, why: string): Plan {
  return idempotentPlan(verb, timeoutMsOf(promise, timeoutMsDefault), `${verb}: ${why}`);
}

/** The fake of an edit that was made. */
function edited(isAbsent: boolean, seen: EditObservation): EditObservation {
  if (isAbsent) return seen.type === "absent" ? seen : { type: "file", same: 0, other: 0 };
  return { type: "file", same: Math.max(1, seen.type === "file" ? seen.same : 0), other: 0 };
}

/** The fake of damage: more damage mends nothing. */
function damagedEdit(isAbsent: boolean, seen: EditObservation, seed: number): EditObservation {
  if (seed % 5 === 0) return { type: "absent" };
  if (seen.type === "absent") return isAbsent ? { type: "file", same: 1, other: seed % 3 } : seen;
  switch (seed % 5) {
    case 1:
      return { type: "file", same: isAbsent ? 1 : 0, other: seen.other };
    case 2:
      return { type: "file", same: seen.same, other: seen.other + 1 };
    default:
      return { type: "file", same: isAbsent ? seen.same + 1 : 0, other: seen.other + 1 };
  }
}

/** The type of an edit: `kind` is the word for what is promised in the file. */
export function editType<Promised extends EditPromise>(
  kind: string,
  promiseShape: Shape<Promised>,
): ResourceType {
  return defineResource<Promised, EditObservation>({
    kind,
    observedBy: "body",
    powers: [],
    promiseShape,
    observationShape: editObservationShape,
    nameProblem: editNameProblem(kind),
    diff: ({ absent }, seen) => editDrift(kind, absent === true, seen),
    plan: (promise, _seen, { attributes }) => editPlan("edit", promise, attributes.join(", ")),
    // What was promised stays when the promise goes, unless it says so.
    reverse: (promise, asked) =>
      asked && promise.absent !== true ? editPlan("remove", promise, "withdrawn") : undefined,
    fake: {
      initial: () => ({ type: "file", same: 0, other: 0 }),
      repaired: ({ absent }, seen, { verb }) => edited(absent === true || verb === "remove", seen),
      damaged: ({ absent }, seen, seed) => damagedEdit(absent === true, seen, seed),
    },
  });
}
