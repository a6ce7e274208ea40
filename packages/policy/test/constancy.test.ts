import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { constancyOf, whereItHolds } from "../src/guard/constancy.ts";
import { compileGuard, evaluateGuard } from "../src/guard/guard.ts";

function constancy(text: string): "always" | "never" | undefined {
  const guard = compileGuard(text);
  if (!("expression" in guard)) throw new Error(guard.detail);
  return constancyOf(guard);
}

describe("a guard that does not depend on the device is found", () => {
  test.each([
    ['arch == "arm64" && arch == "x64"', "never"],
    ['arch != "arm64" || arch != "x64"', "always"],
    ['!(tags.exists("attic")) || tags.exists("attic")', "always"],
    ['name in ["a", "b"] && name == "c"', "never"],
    ['os == "windows"', "never"],
    ['os == "linux"', "always"],
    ['arch == "arm64" || os != "linux"', undefined],
    ['tags.exists("a") && !tags.exists("b")', undefined],
    ["name == hostname && name != hostname", "never"],
    // Not found out, and nothing is claimed.
    ['name.startsWith("a") && !name.startsWith("a")', undefined],
  ])("%s: %s", (text, expected) => {
    expect(constancy(text)).toBe(expected);
  });
});

describe("a device on which a guard holds is found", () => {
  const usual = { arch: "arm64", hostname: "", name: "", os: "linux", tags: [] };
  test.each([
    ['arch == "arm64"', {}],
    ['arch != "arm64"', { arch: "other" }],
    ['arch == "x64" && tags.exists("shed")', { arch: "x64", tags: ["shed"] }],
    ['name.startsWith("pi") && os == "linux"', { name: "pi" }],
    ['arch == "x64" && arch == "arm"', undefined],
    ["cores >= 4", undefined],
  ])("%s", (text, expected) => {
    const guard = compileGuard(text);
    if (!("expression" in guard)) throw new Error(guard.detail);
    const found = whereItHolds(guard, usual);
    expect(found).toEqual(expected);
    if (found !== undefined) expect(evaluateGuard(guard, { ...usual, ...found })).toBe(true);
  });
});

const texts = ["a", "b", "c"];
const atom = fc.oneof(
  fc
    .record({
      context: fc.constantFrom("arch", "name", "hostname"),
      text: fc.constantFrom(...texts),
      not: fc.boolean(),
    })
    .map(({ context, text, not }) => `${context} ${not ? "!=" : "=="} "${text}"`),
  fc.constantFrom(...texts).map((text) => `tags.exists("${text}")`),
  fc.constantFrom(...texts).map((text) => `name in ["${text}", "z"]`),
);
const guardText = fc.letrec<{ guard: string }>((tie) => ({
  guard: fc.oneof(
    { maxDepth: 3 },
    atom,
    fc.tuple(tie("guard"), tie("guard")).map(([left, right]) => `(${left} && ${right})`),
    fc.tuple(tie("guard"), tie("guard")).map(([left, right]) => `(${left} || ${right})`),
    tie("guard").map((operand) => `!(${operand})`),
  ),
})).guard;

test("what is claimed holds on every device", () => {
  const word = fc.constantFrom(...texts, "z", "other");
  const device = fc.record({
    arch: word,
    name: word,
    hostname: word,
    os: fc.constant("linux"),
    tags: fc.uniqueArray(word, { maxLength: 5 }),
  });
  fc.assert(
    fc.property(guardText, fc.array(device, { minLength: 30, maxLength: 30 }), (text, devices) => {
      const guard = compileGuard(text);
      if (!("expression" in guard)) return;
      const claimed = constancyOf(guard);
      if (claimed === undefined) return;
      for (const contexts of devices) expect(evaluateGuard(guard, contexts)).toBe(claimed === "always");
    }),
    { numRuns: 300 },
  );
});
