import { isRejection } from "../rejection.ts";
import type { Contexts, ContextValue } from "./contexts.ts";
import type { Expression } from "./expression.ts";
import { evaluateGuard, type Guard } from "./guard.ts";

/** Devices that are tried. A guess: ten texts and tags in one guard; beyond it nothing is claimed. */
const devicesMax = 4_096;

/** A text that no guard compares with: it stands for all others. */
const anyOther = "\u0000";

/** Linux is the platform: no device says anything else. */
const onlyValue: { readonly [context: string]: ContextValue } = { os: "linux" };

/**
 * Whether a guard holds on every device, or on none; undefined where that depends on the device, or is not found out.
 * Guards without order and parts of texts only ask whether texts are equal, so that trying every text in them, and one
 * that is not, is trying all.
 */
export function constancyOf(guard: Guard): "always" | "never" | undefined {
  const found = { texts: new Set<string>(), lists: new Set<string>(), isPlain: true };
  collect(guard.expression, found);
  if (!found.isPlain) return undefined;
  let hasHeld = false;
  let hasNotHeld = false;
  let tried = 0;
  for (const contexts of devices(guard.contexts, [...found.texts], found.lists)) {
    tried += 1;
    if (tried > devicesMax) return undefined;
    const holds = evaluateGuard(guard, { ...noContexts, ...contexts });
    if (isRejection(holds)) return undefined;
    hasHeld ||= holds;
    hasNotHeld ||= !holds;
    if (hasHeld && hasNotHeld) return undefined;
  }
  return hasHeld ? "always" : "never";
}

/**
 * In which facts a device differs from the usual one so that a guard holds on it: none where it holds there; undefined
 * where none is found. Whatever is found holds, also of guards with parts of texts: the texts in them are tried.
 */
export function whereItHolds(guard: Guard, usual: Contexts): Partial<Contexts> | undefined {
  if (evaluateGuard(guard, usual) === true) return {};
  const found = { texts: new Set<string>(), lists: new Set<string>(), isPlain: true };
  collect(guard.expression, found);
  const texts = [...found.texts, textBeside(found.texts)];
  let tried = 0;
  for (const contexts of devices(guard.contexts, texts, found.lists)) {
    tried += 1;
    if (tried > devicesMax) return undefined;
    // What is not said stays as it is usually.
    const said = Object.fromEntries(Object.entries(contexts).filter(([, value]) => value !== anyOther));
    if (guard.contexts.every((name) => name in usual) && evaluateGuard(guard, { ...usual, ...said }) === true)
      return Object.fromEntries(Object.entries(said).filter(([name]) => onlyValue[name] === undefined));
  }
  return undefined;
}

/** A text that can be shown, and that none of these is. */
function textBeside(texts: ReadonlySet<string>): string {
  let text = "other";
  while (texts.has(text)) text = `another-${text}`;
  return text;
}

const noContexts = { arch: anyOther, hostname: anyOther, name: anyOther, os: "linux", tags: [] };

interface Found {
  /** Every text that stands in the guard. */
  readonly texts: Set<string>;
  /** Contexts that are asked for members. */
  readonly lists: Set<string>;
  isPlain: boolean;
}

function collect(expression: Expression, found: Found): void {
  switch (expression.type) {
    case "literal": {
      const values = typeof expression.value === "object" ? expression.value : [expression.value];
      for (const value of values) if (typeof value === "string") found.texts.add(value);
      return;
    }
    case "context":
      return;
    case "not":
      collect(expression.operand, found);
      return;
    case "member":
      if (expression.list.type === "context") found.lists.add(expression.list.name);
      collect(expression.list, found);
      collect(expression.item, found);
      return;
    case "text":
      found.isPlain = false;
      collect(expression.part, found);
      return;
    case "order":
      found.isPlain = false;
      return;
    case "and":
    case "or":
    case "equal":
    case "unequal":
      collect(expression.left, found);
      collect(expression.right, found);
      return;
    default:
      throw new Error(`Not an expression: ${JSON.stringify(expression satisfies never)}`);
  }
}

/** Every device that the guard could tell apart, by its contexts. */
function* devices(
  names: readonly string[],
  texts: readonly string[],
  lists: ReadonlySet<string>,
): Generator<{ readonly [context: string]: ContextValue }> {
  const [name, ...others] = names;
  if (name === undefined) {
    yield {};
    return;
  }
  for (const value of valuesOf(name, texts, lists)) {
    for (const rest of devices(others, texts, lists)) yield { ...rest, [name]: value };
  }
}

function* valuesOf(
  name: string,
  texts: readonly string[],
  lists: ReadonlySet<string>,
): Generator<ContextValue> {
  const only = onlyValue[name];
  if (only !== undefined) yield only;
  else if (!lists.has(name)) yield* [anyOther, ...texts];
  else
    for (let chosen = 0; chosen < 2 ** texts.length; chosen += 1)
      yield texts.filter((_text, index) => chosen & (1 << index));
}
