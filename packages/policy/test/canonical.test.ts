import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalText, domainProblem } from "../src/canonical.ts";
import {
  canonicalBytes,
  isRejection,
  type Json,
  jsonDepthMax,
  parseCanonical,
  toHex,
  utf8,
} from "../src/index.ts";
import { reasonOf, vectorsAbsent, vectorsFolder } from "./support.ts";

const safeText = fc
  .string({ unit: "binary" })
  .filter((text) => text.isWellFormed() && text === text.normalize("NFC"));
const safeKey = safeText.filter((text) => text !== "__proto__");
const domain = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger().map((number) => (Object.is(number, -0) ? 0 : number)),
    safeText,
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(safeKey, tie("value"), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value;

describe("RFC 8785", () => {
  it("writes the example of 3.2.2", () => {
    const input = JSON.parse(`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
      "literals": [null, true, false]
    }`) as Json;
    expect(canonicalText(input)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it("sorts as the example of 3.2.3", () => {
    const input = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    const order = Object.values(JSON.parse(canonicalText(input)) as Record<string, string>);
    // JavaScript puts the integer key first when it reads; the text has it second.
    expect(canonicalText(input).indexOf('"\\r"')).toBeLessThan(canonicalText(input).indexOf('"1"'));
    expect(order.filter((value) => value !== "One")).toEqual([
      "Carriage Return",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ]);
  });

  it.each([
    ["0000000000000000", "0"],
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"],
    ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af5", "9.999999999999997e+22"],
    ["44b52d02c7e14af6", "1e+23"],
    ["444b1ae4d6e2ef4f", "999999999999999900000"],
    ["444b1ae4d6e2ef50", "1e+21"],
    ["41b3de4355555553", "333333333.3333332"],
    ["43143ff3c1cb0959", "1424953923781206.2"],
  ])("writes the number %s of appendix B as %s", (hex, text) => {
    expect(canonicalText(Buffer.from(hex, "hex").readDoubleBE())).toBe(text);
  });
});

describe.skipIf(vectorsAbsent)("JCS vectors (skipped where they are not beside the repository)", () => {
  const read = (folder: string, name: string): Buffer =>
    readFileSync(`${vectorsFolder}/jcs/testdata/${folder}/${name}`);
  const names = ["arrays", "french", "structures", "unicode", "values", "weird"];

  it.each(names)("the canonicalizer agrees with %s", (name) => {
    const text = canonicalText(JSON.parse(read("input", `${name}.json`).toString("utf8")) as Json);
    expect(text).toBe(read("output", `${name}.json`).toString("utf8"));
    expect(toHex(utf8(text))).toBe(read("outhex", `${name}.txt`).toString("utf8").replaceAll(/\s/g, ""));
  });

  it("the strict decoder accepts three, and rejects three with the reason", () => {
    const verdicts = names.map((name) => [name, reasonOf(parseCanonical(read("output", `${name}.json`)))]);
    expect(Object.fromEntries(verdicts)).toEqual({
      arrays: undefined,
      french: undefined,
      structures: undefined,
      unicode: "notNormalized",
      values: "unsafeNumber",
      weird: "notNormalized",
    });
  });
});

describe("the strict decoder", () => {
  it("gives back what was encoded", () => {
    fc.assert(
      fc.property(domain, (value) => {
        const bytes = canonicalBytes(value);
        const again = parseCanonical(bytes);
        expect(again).toEqual(value);
        expect(toHex(canonicalBytes(again as Json))).toBe(toHex(bytes));
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ["white space", '{"a": 1}', "notCanonical"],
    ["keys out of order", '{"b":1,"a":1}', "notCanonical"],
    ["a key twice", '{"a":1,"a":2}', "notCanonical"],
    ["a needless escape", '"\\u0041"', "notCanonical"],
    ["an escape in capitals", '"\\u000F"', "notCanonical"],
    ["an integer with a fraction", "1.0", "notCanonical"],
    ["an integer that a parser rounds", "1.00000000000000000001", "notCanonical"],
    ["an exponent", "1e2", "notCanonical"],
    ["a fraction", "0.5", "unsafeNumber"],
    ["minus zero", "-0", "unsafeNumber"],
    ["2^53", "9007199254740992", "unsafeNumber"],
    ["2^53 + 1", "9007199254740993", "unsafeNumber"],
    ["infinity", "1e999", "unsafeNumber"],
    ["__proto__", '{"__proto__":{}}', "malformed"],
    ["__proto__ by an escape", '{"__proto\\u005f_":{}}', "malformed"],
    ["half of a surrogate pair", '"\\ud800"', "malformed"],
    ["a text that is not NFC", '"A\u030a"', "notNormalized"],
    ["a key that is not NFC", '{"A\u030a":1}', "notNormalized"],
    ["a byte order mark", "\ufeff1", "malformed"],
    ["nothing", "", "malformed"],
    ["two values", "1 2", "malformed"],
    ["a comment", "1//", "malformed"],
    ["NaN", "NaN", "malformed"],
  ])("rejects %s", (_, text, reason) => {
    expect(reasonOf(parseCanonical(utf8(text)))).toBe(reason);
  });

  it("rejects bytes that are no UTF-8", () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
    ]) {
      expect(reasonOf(parseCanonical(Uint8Array.from(bytes)))).toBe("malformed");
    }
  });

  it("bounds nesting, however deep", () => {
    const nested = (depth: number): Uint8Array => utf8("[".repeat(depth) + "]".repeat(depth));
    expect(reasonOf(parseCanonical(nested(jsonDepthMax)))).toBeUndefined();
    expect(reasonOf(parseCanonical(nested(jsonDepthMax + 1)))).toBe("tooLarge");
    expect(reasonOf(parseCanonical(nested(30_000)))).toBe("tooLarge");
  });

  it("never throws, whatever the bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => parseCanonical(bytes) !== undefined));
  });
});

describe("the encoder", () => {
  it.each([
    ["a fraction", 0.5],
    ["minus zero", -0],
    ["2^53", 2 ** 53],
    ["a text that is not NFC", "A\u030a"],
    ["half of a surrogate pair", "\ud800"],
    ["a sparse array", Object.assign(new Array<Json>(2), { 0: 1 })],
    ["an object of a class", new Map() as unknown as Json],
    ["undefined inside", { a: undefined } as unknown as Json],
    ["__proto__", JSON.parse('{"__proto__":1}') as Json],
  ])("throws on %s", (_, value) => {
    expect(() => canonicalBytes(value)).toThrow(/Outside the domain/);
  });
});

it("takes a text exactly where the library writes its value so, and its value is in the domain", () => {
  const key = fc.constantFrom("a", "b", "10", "9", "é", "__proto__", "\u0007", "\ud800", "");
  const leaf = fc.oneof(
    fc.integer(),
    fc.double(),
    key,
    fc.string({ unit: "binary", maxLength: 4 }),
    fc.constant(null),
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(key, tie("value"), { maxKeys: 4 }),
    ),
  }));
  const spelled = fc.tuple(value, fc.constantFrom("canonical", "as it comes", "spaced"));
  fc.assert(
    fc.property(spelled, ([made, spelling]) => {
      const parsedValue = JSON.parse(JSON.stringify(made)) as Json;
      const canonical = isWellFormedAll(parsedValue) ? canonicalText(parsedValue) : undefined;
      const text =
        spelling === "canonical" && canonical !== undefined
          ? canonical
          : JSON.stringify(parsedValue, undefined, spelling === "spaced" ? 1 : 0);
      const expected = text === canonical && domainProblem(parsedValue, 0) === undefined;
      expect(isRejection(parseCanonical(utf8(text)))).toBe(!expected);
    }),
    { numRuns: 500 },
  );
});

/** The library throws on halves of surrogate pairs. */
function isWellFormedAll(made: unknown): boolean {
  if (typeof made === "string") return made.isWellFormed();
  if (typeof made !== "object" || made === null) return true;
  return Object.entries(made).every(([name, item]) => name.isWellFormed() && isWellFormedAll(item));
}
