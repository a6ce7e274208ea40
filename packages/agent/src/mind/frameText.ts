/**
 * What JSON has no word for is a text that begins with NUL and a letter: bytes in base64, numbers without
 * digits and the negative zero, nothing in a list. A text that begins with NUL itself gets one more before it.
 */
const mark = "\u0000";
const markCode = 0;

/** A value as JSON that `readFrameText` gives back equal: with bytes, with every number, without undefined fields. */
export function frameText(value: unknown): string {
  return JSON.stringify(value, say);
}

/** Reads what `frameText` wrote. Throws a SyntaxError on anything that is not JSON. */
export function readFrameText(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"), hear);
}

function say(this: unknown, key: string, said: unknown): unknown {
  // A Buffer has turned itself into a list by now: what counts is what stands there.
  const value = said instanceof Object ? Reflect.get(Object(this), key) : said;
  switch (typeof value) {
    case "string":
      return value.charCodeAt(0) === markCode ? `${mark}s${value}` : value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : `${mark}n${numberText(value)}`;
    case "object":
      return value instanceof Uint8Array ? bytesText(value) : value;
    case "undefined":
      return Array.isArray(this) ? `${mark}u` : undefined;
    default:
      return value;
  }
}

function hear(_key: string, value: unknown): unknown {
  if (typeof value !== "string" || value.charCodeAt(0) !== markCode) return value;
  const rest = value.slice(2);
  switch (value[1]) {
    case "s":
      return rest;
    case "n":
      return Number(rest);
    case "b":
      return new Uint8Array(Buffer.from(rest, "base64"));
    case "u":
      return undefined;
    default:
      throw new SyntaxError("a text of no known meaning");
  }
}

function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function bytesText(bytes: Uint8Array): string {
  return `${mark}b${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64")}`;
}
