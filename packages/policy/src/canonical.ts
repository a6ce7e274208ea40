import canonicalize from "canonicalize";
import { equalBytes, utf8 } from "./bytes.ts";
import { isPlainObject, type Json } from "./json.ts";
import { jsonDepthMax } from "./limits.ts";
import { isRejection, type Rejection, reject } from "./rejection.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * RFC 8785 (JCS) of any JSON value, without the restrictions of policy. Only for values of our own making;
 * what is signed goes through `canonicalBytes`.
 */
export function canonicalText(value: Json): string {
  const text = canonicalize(value);
  if (text === undefined) throw new Error("No JSON value");
  return text;
}

/**
 * The one encoding of a value: RFC 8785 in UTF-8. Throws on a value outside the domain of policy (numbers that
 * are not safe integers, strings that are not NFC, `__proto__`, what JSON cannot say): who signs has checked.
 */
export function canonicalBytes(value: Json): Uint8Array {
  const problem = domainProblem(value, 0);
  if (problem !== undefined) throw new Error(`Outside the domain of canonical JSON: ${problem.detail}`);
  return utf8(canonicalText(value));
}

/**
 * Reads canonical JSON and nothing else: fatal UTF-8, then the domain, then `canonicalize(parse(bytes)) == bytes`,
 * so that no two byte strings say the same and no parser can understand another value.
 */
export function parseCanonical(bytes: Uint8Array): Json | Rejection {
  let text: string;
  let value: Json;
  try {
    text = decoder.decode(bytes);
    value = JSON.parse(text) as Json;
  } catch {
    return reject("malformed", "not JSON in UTF-8");
  }
  if (isPlainCanonical(text, value)) return value;
  const problem = domainProblem(value, 0);
  if (problem !== undefined) return problem;
  // Also where duplicate keys, `1.0`, `-0` and needless escapes end.
  if (!equalBytes(utf8(canonicalText(value)), bytes)) {
    return reject("notCanonical", "not the canonical form (RFC 8785) of its value");
  }
  return value;
}

/** What needs no look at single characters: ASCII without escapes of code units, which could be half a pair. */
const plainText = /^[\x20-\x7e]*$/;

/**
 * The common case, for a quarter of the price. RFC 8785 writes strings and numbers as ECMAScript does (3.2.2), so that
 * a text is canonical where `JSON.stringify` gives it back and its keys are in order. False proves nothing.
 */
function isPlainCanonical(text: string, value: Json): boolean {
  if (!plainText.test(text) || text.includes("\\u")) return false;
  return isPlainValue(value, 0) && JSON.stringify(value) === text;
}

/** Whether a value has only safe integers, keys in order, none of them `__proto__`, and is not nested too deep. */
function isPlainValue(value: unknown, depth: number): boolean {
  if (typeof value === "number") return Number.isSafeInteger(value) && !Object.is(value, -0);
  if (typeof value !== "object" || value === null) return true;
  if (depth >= jsonDepthMax) return false;
  if (Array.isArray(value)) return value.every((item) => isPlainValue(item, depth + 1));
  let last: string | undefined;
  for (const [key, item] of Object.entries(value)) {
    if (key === "__proto__" || (last !== undefined && key <= last)) return false;
    if (!isPlainValue(item, depth + 1)) return false;
    last = key;
  }
  return true;
}

/** Why a value is outside the domain of policy, or undefined. */
export function domainProblem(value: unknown, depth: number): Rejection | undefined {
  if (value === null || typeof value === "boolean") return undefined;
  if (typeof value === "number") return numberProblem(value);
  if (typeof value === "string") return textProblem(value);
  if (depth >= jsonDepthMax) return reject("tooLarge", `nested deeper than ${jsonDepthMax}`);
  if (Array.isArray(value)) {
    // By index: a hole in a sparse array must be seen, not skipped.
    for (let index = 0; index < value.length; index += 1) {
      const problem = domainProblem(value[index], depth + 1);
      if (isRejection(problem)) return problem;
    }
    return undefined;
  }
  if (!isPlainObject(value)) return reject("malformed", `${typeof value} is not JSON`);
  for (const key of Object.keys(value)) {
    // Assigning it would change the prototype in any consumer that copies key by key.
    if (key === "__proto__") return reject("malformed", "the key __proto__ is refused");
    const problem = textProblem(key) ?? domainProblem(value[key], depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function numberProblem(value: number): Rejection | undefined {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return undefined;
  return reject("unsafeNumber", `${Object.is(value, -0) ? "-0" : value} is not a safe integer`);
}

function textProblem(text: string): Rejection | undefined {
  if (!text.isWellFormed()) return reject("malformed", "a string with half of a surrogate pair");
  if (text === text.normalize("NFC")) return undefined;
  return reject("notNormalized", "a string that is not in Unicode normalization form C");
}
