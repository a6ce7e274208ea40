import * as z from "zod/mini";
import type { Selection } from "./step.ts";

/** Virtual time that a scenario may last: a day. A guess: longer ones are many scenarios. */
export const durationMsMax = 86_400_000;
/** Agents of one world. */
export const agentsMax = 100_000;

type Shape<Value> = z.ZodMiniType<Value>;

/** A whole number in a range, told as such. */
export function whole(min: number, max: number, what?: string): Shape<number> {
  const shape = z.int().check(z.minimum(min), z.maximum(max));
  return what === undefined ? shape : shape.check(z.describe(what));
}

/** A time or a span in virtual milliseconds. */
export function spanMs(what: string, min = 1): Shape<number> {
  return whole(min, durationMsMax, what);
}

/** A text of at least one character. */
export function text(charactersMax: number, what: string): Shape<string> {
  return z.string().check(z.minLength(1), z.maxLength(charactersMax), z.describe(what));
}

/** A name as everywhere in the project. */
export function name(what: string): Shape<string> {
  return z
    .string()
    .check(
      z.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "expected 1 to 63 of a-z, 0-9 and -"),
      z.describe(what),
    );
}

/** Some of the numbers of a record, each from 0: differences from its defaults, whose fields these are. */
export function differences<Model extends { readonly [Field in keyof Model]: number }>(
  defaults: Model,
  what: string,
): Shape<Partial<Model>> {
  const fields = Object.fromEntries(
    Object.entries<number>(defaults).map(([field, value]) => [
      field,
      z.exactOptional(whole(0, Number.MAX_SAFE_INTEGER, `${value} where it is absent`)),
    ]),
  );
  return z.strictObject(fields).check(z.describe(what)) as unknown as Shape<Partial<Model>>;
}

const selectionName = z.exactOptional(name("Names the selection, for later steps"));

/** Whom a step concerns. */
export const selection: Shape<Selection> = z
  .union(
    [
      z.strictObject({ named: name("The selection of an earlier step") }),
      z.strictObject({ names: z.array(text(64, "Such as agent-2")).check(z.minLength(1)) }),
      z.strictObject({ percent: whole(0, 100, "Of all agents, chosen at random"), as: selectionName }),
      z.strictObject({ count: whole(0, agentsMax, "Chosen at random"), as: selectionName }),
      z.strictObject({ all: z.literal(true) }),
    ],
    "expected whom: { percent: 30, as: victims }, { count: 3 }, { named: victims }, { names: [agent-2] } or { all: true }",
  )
  .check(z.meta({ id: "selection", description: "Whom the step concerns" }));
