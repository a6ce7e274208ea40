import type { Json, PromiseProblem } from "@antibody/policy";
import type * as z from "zod/mini";

/** A fault of a scenario: where it is in its data, and what is expected there. */
export type ScenarioFault = PromiseProblem;

/** What a shape has against a value, for people. */
export function faultsOf(value: Json, issues: readonly z.core.$ZodIssue[]): readonly ScenarioFault[] {
  return issues.map((issue) => faultOf(value, issue));
}

function faultOf(value: Json, issue: z.core.$ZodIssue): ScenarioFault {
  const path = issue.path.map(String);
  const where = path.length === 0 ? "" : `${path.join(".")}: `;
  const fault = (message: string, at: readonly string[] = path): ScenarioFault => ({
    path: at,
    message: where + message,
  });
  switch (issue.code) {
    case "unrecognized_keys":
      return fault(`unknown field ${issue.keys.join(", ")}`, [...path, ...issue.keys.slice(0, 1)]);
    case "invalid_type":
      return fault(isMissing(value, path) ? "missing" : `expected ${words(issue.expected)}`);
    case "too_small":
      return fault(`expected at least ${issue.minimum}${unit(issue.origin)}`);
    case "too_big":
      return fault(`expected at most ${issue.maximum}${unit(issue.origin)}`);
    case "invalid_value":
      return fault(isMissing(value, path) ? "missing" : `expected ${issue.values.map(String).join(" or ")}`);
    default:
      return fault(isMissing(value, path) ? "missing" : issue.message);
  }
}

function words(expected: string): string {
  switch (expected) {
    case "int":
    case "number":
      return "a whole number";
    case "array":
      return "a list";
    case "object":
    case "record":
      return "a map";
    default:
      return `a ${expected}`;
  }
}

function unit(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" ? " items" : "";
}

function isMissing(value: Json, path: readonly string[]): boolean {
  let at: unknown = value;
  for (const step of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return true;
    at = (at as { readonly [field: string]: unknown })[step];
  }
  return false;
}
