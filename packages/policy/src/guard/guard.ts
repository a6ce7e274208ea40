import { isRejection, type Rejection, reject } from "../rejection.ts";
import type { Contexts, ContextValue } from "./contexts.ts";
import { type Expression, type GuardValue, typeOfValue } from "./expression.ts";
import { parseGuard } from "./parse.ts";

/** A rejection that says where in the text the fault is. */
export interface GuardRejection extends Rejection {
  /** In UTF-16 code units, from 0. */
  readonly offset: number;
}

/**
 * A compiled guard: a subset of CEL without macros, regular expressions, arithmetic, fields and conditionals.
 * `==`, `!=`, `&&`, `||`, `!`, `in`, order of integers, `tags.exists("greenhouse")`, `startsWith`, `endsWith`,
 * `contains`. Its time is bounded by its nodes times the length of the device's contexts.
 */
export interface Guard {
  readonly text: string;
  readonly expression: Expression;
  /** The contexts that it asks for, sorted. */
  readonly contexts: readonly string[];
}

/** Compiles a guard; the author's tools and every device do it alike. */
export function compileGuard(text: string): Guard | GuardRejection {
  const parsed = parseGuard(text);
  if ("offset" in parsed) return { ...reject(parsed.reason, parsed.message), offset: parsed.offset };
  const names = new Set<string>();
  collectContexts(parsed, names);
  return { text, expression: parsed, contexts: [...names].sort() };
}

/**
 * Compiled guards that are kept, each at most once: every view asks for those of all fragments again. Guess: the
 * fragments of a device; their texts and trees are below 1 MB in all.
 */
const guardsKeptMax = 64;
const compiled = new Map<string, Guard | GuardRejection>();

/** What `compileGuard` gives, remembered; the oldest is forgotten first. */
export function compiledGuard(text: string): Guard | GuardRejection {
  const known = compiled.get(text);
  if (known !== undefined) return known;
  const guard = compileGuard(text);
  const oldest = compiled.size >= guardsKeptMax ? compiled.keys().next().value : undefined;
  if (oldest !== undefined) compiled.delete(oldest);
  compiled.set(text, guard);
  return guard;
}

/**
 * Whether a guard holds on a device. Rejected where it asks for a context that the device does not have, or uses
 * one against its type: neither true nor false is then the author's word.
 */
export function evaluateGuard(guard: Guard, contexts: Contexts): boolean | Rejection {
  const value = evaluate(guard.expression, contexts);
  if (isRejection(value) || typeof value === "boolean") return value;
  return reject("malformed", `the guard yields a ${typeOfValue(value)}, not a boolean`);
}

function evaluate(expression: Expression, contexts: Contexts): GuardValue | Rejection {
  switch (expression.type) {
    case "literal":
      return expression.value;
    case "context":
      return contextValue(expression.name, contexts);
    case "not": {
      const operand = evaluate(expression.operand, contexts);
      if (isRejection(operand)) return operand;
      return typeof operand === "boolean" ? !operand : wrongType("!", operand);
    }
    case "and":
      return both(expression.left, expression.right, contexts, false);
    case "or":
      return both(expression.left, expression.right, contexts, true);
    case "equal":
    case "unequal": {
      const pair = evaluatePair(expression.left, expression.right, contexts);
      if (isRejection(pair)) return pair;
      if (typeof pair[0] !== typeof pair[1] || typeof pair[0] === "object") return wrongType("==", pair[1]);
      return (pair[0] === pair[1]) === (expression.type === "equal");
    }
    case "order": {
      const pair = evaluatePair(expression.left, expression.right, contexts);
      if (isRejection(pair)) return pair;
      const [left, right] = pair;
      if (typeof left !== "bigint" || typeof right !== "bigint") return wrongType(expression.operator, left);
      return inOrder(expression.operator, left, right);
    }
    case "member": {
      const pair = evaluatePair(expression.list, expression.item, contexts);
      if (isRejection(pair)) return pair;
      const [list, item] = pair;
      if (typeof list !== "object" || typeof item === "object") return wrongType("in", list);
      return list.includes(item);
    }
    case "text": {
      const pair = evaluatePair(expression.subject, expression.part, contexts);
      if (isRejection(pair)) return pair;
      const [subject, part] = pair;
      if (typeof subject !== "string" || typeof part !== "string")
        return wrongType(expression.method, subject);
      return hasPart(expression.method, subject, part);
    }
    default:
      return unreachable(expression);
  }
}

function evaluatePair(
  left: Expression,
  right: Expression,
  contexts: Contexts,
): readonly [GuardValue, GuardValue] | Rejection {
  const leftValue = evaluate(left, contexts);
  if (isRejection(leftValue)) return leftValue;
  const rightValue = evaluate(right, contexts);
  return isRejection(rightValue) ? rightValue : [leftValue, rightValue];
}

/** CEL's `&&` and `||`: one side that decides is enough, also where the other side has no value. */
function both(
  left: Expression,
  right: Expression,
  contexts: Contexts,
  deciding: boolean,
): boolean | Rejection {
  const values = [evaluate(left, contexts), evaluate(right, contexts)];
  if (values.includes(deciding)) return deciding;
  for (const value of values) {
    if (isRejection(value)) return value;
    if (typeof value !== "boolean") return wrongType(deciding ? "||" : "&&", value);
  }
  return !deciding;
}

function contextValue(name: string, contexts: Contexts): GuardValue | Rejection {
  const value: ContextValue | undefined = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (value === undefined) return reject("malformed", `this device has no context ${name.slice(0, 40)}`);
  if (typeof value !== "number") return value;
  if (Number.isSafeInteger(value)) return BigInt(value);
  return reject("unsafeNumber", `the context ${name.slice(0, 40)} is not a safe integer`);
}

function inOrder(operator: "<" | "<=" | ">" | ">=", left: bigint, right: bigint): boolean {
  switch (operator) {
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    default:
      return unreachable(operator);
  }
}

function hasPart(method: "startsWith" | "endsWith" | "contains", subject: string, part: string): boolean {
  switch (method) {
    case "startsWith":
      return subject.startsWith(part);
    case "endsWith":
      return subject.endsWith(part);
    case "contains":
      return subject.includes(part);
    default:
      return unreachable(method);
  }
}

function collectContexts(expression: Expression, names: Set<string>): void {
  if (expression.type === "context") names.add(expression.name);
  for (const part of Object.values(expression)) {
    if (typeof part === "object" && part !== null && "type" in part) collectContexts(part, names);
  }
}

function wrongType(operator: string, value: GuardValue): Rejection {
  return reject("malformed", `${operator} cannot be used with a ${typeOfValue(value)}`);
}

function unreachable(value: never): never {
  throw new Error(`Not an expression: ${JSON.stringify(value)}`);
}
