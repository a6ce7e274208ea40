import { fromHex, type Json, type Rejection, reject, utf8 } from "@antibody/policy";
import * as z from "zod/mini";
import type { Incarnation } from "../contract/statements.ts";

export type Shape<Value> = z.ZodMiniType<Value, unknown>;

/** A text that `parse` turns into a branded value, or refuses with undefined. */
export function parsed<Value>(parse: (text: string) => Value | undefined, what: string): Shape<Value> {
  return z.pipe(
    z.string(),
    z.transform((text, context) => {
      const value = parse(text);
      if (value !== undefined) return value;
      context.issues.push({ code: "custom", message: `not ${what}`, input: text });
      return z.NEVER;
    }),
  );
}

/** So many bytes, written in lowercase hexadecimal. */
export function hexOf(byteCount: number): Shape<string> {
  return parsed(
    (text) => (text.length === 2 * byteCount && fromHex(text) !== undefined ? text : undefined),
    `${byteCount} bytes in hexadecimal`,
  );
}

/** A text for people: at least one character, at most so many bytes of UTF-8, nothing that moves a terminal. */
export function plainText(bytesMax: number): Shape<string> {
  return parsed(
    (text) => (isPlainText(text, bytesMax) ? text : undefined),
    `a text of 1 to ${bytesMax} bytes`,
  );
}

const count = z.int().check(z.minimum(0));

/** (certificate serial, boot counter, n): safe integers, none negative. */
export const incarnationShape: Shape<Incarnation> = z.tuple([count, count, count]);

/** Two counts that rise: (boot counter, n). */
export const sequenceShape: Shape<[number, number]> = z.tuple([count, count]);

/** Reads a body by its schema. Only the first issue is told; the sender's own words in it are cut. */
export function readShape<Value>(schema: Shape<Value>, body: Json, what: string): Value | Rejection {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = (issue?.path ?? []).map(String).join(".").slice(0, 80);
  const problem = issue === undefined ? "wrong shape" : issue.message.slice(0, 120);
  return reject("malformed", `${what}${path === "" ? "" : ` at ${path}`}: ${problem}`);
}

/** Whether a text is one that `plainText` takes. */
export function isPlainText(text: string, bytesMax: number): boolean {
  if (text.length === 0 || text.length > bytesMax || !text.isWellFormed()) return false;
  if (utf8(text).length > bytesMax) return false;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0);
    // Marks that turn the direction of writing make one name look like another.
    const turnsDirection = code === 0x200e || code === 0x200f || (code >= 0x202a && code <= 0x202e);
    const isolatesDirection = code >= 0x2066 && code <= 0x2069;
    if (isControl || turnsDirection || isolatesDirection) return false;
  }
  return true;
}
