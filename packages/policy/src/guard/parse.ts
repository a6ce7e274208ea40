import { type ASTNode, Environment, ParseError } from "@marcbachmann/cel-js";
import { isPlainObject } from "../json.ts";
import { guardCharactersMax, guardDepthMax, guardNodesMax } from "../limits.ts";
import {
  type Expression,
  type GuardScalar,
  type GuardType,
  type OrderOperator,
  type TextMethod,
  typeOfValue,
} from "./expression.ts";

/** A fault in the text of a guard. */
export interface GuardFault {
  readonly reason: "malformed" | "tooLarge";
  readonly message: string;
  /** In UTF-16 code units, from 0. */
  readonly offset: number;
}

/** Thrown and caught inside this file only: a fault may show at any depth of the tree. */
class Fault extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** What every device knows about itself, and of which type it is. Other contexts may exist on some devices. */
const contextTypes: ReadonlyMap<string, GuardType> = new Map([
  ["arch", "text"],
  ["hostname", "text"],
  ["name", "text"],
  ["os", "text"],
  ["tags", "list"],
]);

/** The contexts that every device has, sorted. */
export const commonContexts: readonly string[] = [...contextTypes.keys()];

const orderOperators: readonly OrderOperator[] = ["<", "<=", ">", ">="];
const textMethods: readonly TextMethod[] = ["startsWith", "endsWith", "contains"];

// The library only parses. Its evaluator is not used: it has macros, regular expressions, doubles and times.
const grammar = new Environment({
  unlistedVariablesAreDyn: true,
  limits: {
    maxAstNodes: guardNodesMax,
    maxDepth: guardDepthMax,
    maxListElements: guardNodesMax,
    maxMapEntries: 0,
    maxCallArguments: 1,
  },
});

/** Parses a guard into an expression of the allow-list that yields a boolean, or tells the first fault. */
export function parseGuard(text: string): Expression | GuardFault {
  if (text.length > guardCharactersMax) {
    const message = `a guard has at most ${guardCharactersMax} characters`;
    return { reason: "tooLarge", message, offset: guardCharactersMax };
  }
  try {
    const tree = grammar.parse(text).ast;
    const expression = translate(tree);
    expect("boolean", expression, tree);
    return expression;
  } catch (error) {
    if (error instanceof Fault) return { reason: "malformed", message: error.message, offset: error.offset };
    if (error instanceof ParseError) return parserFault(error);
    throw error;
  }
}

/** The parser's own fault, in the words of guards. */
function parserFault(error: ParseError): GuardFault {
  const offset = error.range?.start ?? 0;
  // With one argument at most, no macro is ever expanded; maps are cut off in the same way.
  if (error.summary.includes("maxCallArguments")) {
    return { reason: "malformed", message: "a method takes one argument; macros cannot be used", offset };
  }
  if (error.summary.includes("maxMapEntries")) {
    return { reason: "malformed", message: "a map cannot be used in a guard", offset };
  }
  if (error.code !== "limit_exceeded") return { reason: "malformed", message: error.summary, offset };
  const message = `a guard has at most ${guardNodesMax} parts, ${guardDepthMax} deep`;
  return { reason: "tooLarge", message, offset };
}

/** One node of the library's tree, as an expression. */
function translate(node: ASTNode): Expression {
  const { op } = node;
  switch (op) {
    case "value":
      return { type: "literal", value: literal(node) };
    case "id":
      return { type: "context", name: String(node.args) };
    case "list":
      return { type: "literal", value: children(node.args).map(literal) };
    case "-_":
      return { type: "literal", value: literal(node) };
    case "!_":
      return { type: "not", operand: operand("boolean", oneChild(node)) };
    case "&&":
    case "||": {
      const [left, right] = twoChildren(node);
      const type = op === "&&" ? "and" : "or";
      return { type, left: operand("boolean", left), right: operand("boolean", right) };
    }
    case "==":
    case "!=":
      return equality(node, op === "==" ? "equal" : "unequal");
    case "in": {
      const [item, list] = twoChildren(node);
      return { type: "member", list: operand("list", list), item: scalar(item) };
    }
    case "rcall":
      return methodCall(node);
    default: {
      const operator = orderOperators.find((candidate) => candidate === op);
      if (operator === undefined) throw new Fault(`${describe(node)} cannot be used in a guard`, node.start);
      const [left, right] = twoChildren(node);
      return { type: "order", operator, left: operand("integer", left), right: operand("integer", right) };
    }
  }
}

function equality(node: ASTNode, type: "equal" | "unequal"): Expression {
  const [leftNode, rightNode] = twoChildren(node);
  const left = scalar(leftNode);
  const right = scalar(rightNode);
  const [leftType, rightType] = [typeOf(left), typeOf(right)];
  if (leftType !== rightType && leftType !== "unknown" && rightType !== "unknown") {
    throw new Fault(`compares ${named(leftType)} with ${named(rightType)}`, node.start);
  }
  return { type, left, right };
}

/** `tags.exists("greenhouse")`, and the methods of texts. */
function methodCall(node: ASTNode): Expression {
  const [name, subject, callArguments] = Array.isArray(node.args) ? (node.args as readonly unknown[]) : [];
  const [argument, ...others] = children(callArguments);
  const method = textMethods.find((candidate) => candidate === name);
  if ((method === undefined && name !== "exists") || !isNode(subject)) {
    throw new Fault(`the method ${String(name).slice(0, 40)} cannot be used in a guard`, node.start);
  }
  if (argument === undefined || others.length > 0) {
    throw new Fault(`${String(name)} takes one argument`, node.start);
  }
  if (method === undefined) return { type: "member", list: operand("list", subject), item: scalar(argument) };
  return { type: "text", method, subject: operand("text", subject), part: operand("text", argument) };
}

/** A literal text, boolean or safe integer, also a negative one. */
function literal(node: ASTNode): GuardScalar {
  const negative = node.op === "-_";
  const value: unknown = negative ? oneChild(node).args : node.op === "value" ? node.args : undefined;
  if (typeof value === "bigint") {
    const integer = negative ? -value : value;
    if (Number.isSafeInteger(Number(integer))) return integer;
  } else if (!negative && (typeof value === "string" || typeof value === "boolean")) {
    return value;
  }
  throw new Fault("expected a text in quotes, an integer, true or false", node.start);
}

function operand(type: GuardType, node: ASTNode): Expression {
  const expression = translate(node);
  expect(type, expression, node);
  return expression;
}

function scalar(node: ASTNode): Expression {
  const expression = translate(node);
  if (typeOf(expression) === "list") throw new Fault("a list can only be asked for its members", node.start);
  return expression;
}

function expect(type: GuardType, expression: Expression, node: ASTNode): void {
  const actual = typeOf(expression);
  if (actual === type || actual === "unknown") return;
  throw new Fault(`expected ${named(type)}, found ${named(actual)}`, node.start);
}

function typeOf(expression: Expression): GuardType {
  if (expression.type === "literal") return typeOfValue(expression.value);
  if (expression.type === "context") return contextTypes.get(expression.name) ?? "unknown";
  return "boolean";
}

function named(type: GuardType): string {
  return type === "integer" || type === "unknown" ? `an ${type} value` : `a ${type}`;
}

function describe(node: ASTNode): string {
  const words: { readonly [op: string]: string } = {
    ".": "access to a field",
    "[]": "access by index",
    "?:": "a conditional",
    call: "a function",
    map: "a map",
  };
  return words[node.op] ?? `the operator ${node.op}`;
}

function isNode(value: unknown): value is ASTNode {
  return (
    typeof value === "object" && value !== null && !isPlainObject(value) && "op" in value && "args" in value
  );
}

function children(value: unknown): readonly ASTNode[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

function oneChild(node: ASTNode): ASTNode {
  const child: unknown = node.args;
  if (!isNode(child)) throw new Error(`The parser made ${node.op} without an operand`);
  return child;
}

function twoChildren(node: ASTNode): readonly [ASTNode, ASTNode] {
  const [left, right] = children(node.args);
  if (left === undefined || right === undefined)
    throw new Error(`The parser made ${node.op} without operands`);
  return [left, right];
}
