import * as z from "zod/mini";
import type { Json } from "./json.ts";
import { type Rejection, reject } from "./rejection.ts";

/** A schema for a text that `parse` turns into a branded value, or refuses with undefined. */
export function parsed<Value>(
  parse: (text: string) => Value | undefined,
  what: string,
): z.ZodMiniType<Value, unknown> {
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

/** Reads a body by its schema. The first issue is told; its path is part of the sender's bytes, so it is cut. */
export function readShape<Value>(
  schema: z.ZodMiniType<Value, unknown>,
  body: Json,
  what: string,
): Value | Rejection {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = (issue?.path ?? []).map(String).join(".").slice(0, 80);
  return reject("malformed", `${what}${path === "" ? "" : ` at ${path}`}: ${issueText(issue)}`);
}

function issueText(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return "wrong shape";
  if (issue.code === "invalid_type") return `expected ${issue.expected}`;
  if (issue.code === "unrecognized_keys") return `unknown field ${(issue.keys[0] ?? "").slice(0, 40)}`;
  return issue.code === "custom" ? issue.message : issue.code.replaceAll("_", " ");
}

/** Whether texts are in strictly rising order: the one way to write a set. */
export function isSortedSet(texts: readonly string[]): boolean {
  return texts.every((text, index) => index === 0 || (texts[index - 1] ?? "") < text);
}
