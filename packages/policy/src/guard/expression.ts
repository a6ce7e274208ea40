/** A value inside a guard. Integers are bigints, so that nothing is ever rounded. */
export type GuardValue = boolean | bigint | string | readonly GuardScalar[];

/** A value without parts. */
export type GuardScalar = boolean | bigint | string;

/** What a part of a guard yields; `unknown` where only the device's context can tell. */
export type GuardType = "boolean" | "integer" | "text" | "list" | "unknown";

/** The allow-list of the syntax tree: what is not here is no guard. */
export type Expression =
  | { readonly type: "literal"; readonly value: GuardValue }
  | { readonly type: "context"; readonly name: string }
  | { readonly type: "not"; readonly operand: Expression }
  | { readonly type: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | { readonly type: "equal" | "unequal"; readonly left: Expression; readonly right: Expression }
  | {
      readonly type: "order";
      readonly operator: OrderOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly type: "member"; readonly list: Expression; readonly item: Expression }
  | {
      readonly type: "text";
      readonly method: TextMethod;
      readonly subject: Expression;
      readonly part: Expression;
    };

/** Order is for integers only: the order of texts differs between CEL and JavaScript beyond 16 bits. */
export type OrderOperator = "<" | "<=" | ">" | ">=";

/** Methods of texts whose time is linear. `matches` (regular expressions) took 11 s on a hostile input (measured). */
export type TextMethod = "startsWith" | "endsWith" | "contains";

/** The type of a value. */
export function typeOfValue(value: GuardValue): GuardType {
  switch (typeof value) {
    case "boolean":
      return "boolean";
    case "bigint":
      return "integer";
    case "string":
      return "text";
    default:
      return "list";
  }
}
