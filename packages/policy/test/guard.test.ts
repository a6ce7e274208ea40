import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Contexts,
  compileGuard,
  evaluateGuard,
  guardCharactersMax,
  isRejection,
  type Rejection,
} from "../src/index.ts";
import { reasonOf } from "./support.ts";

const contexts: Contexts = {
  arch: "arm64",
  hostname: "pi-3",
  name: "greenhouse-3",
  os: "linux",
  tags: ["greenhouse", "sensor"],
  cores: 4,
  headless: true,
  ratio: 0.5,
};

function run(text: string, facts: Contexts = contexts): boolean | Rejection {
  const guard = compileGuard(text);
  return "expression" in guard ? evaluateGuard(guard, facts) : guard;
}

describe("a guard", () => {
  it.each([
    ['arch == "arm64"', true],
    ["arch == 'x64'", false],
    ['arch != "x64"', true],
    ['arch == "arm64" && tags.exists("greenhouse")', true],
    ['arch == "x64" || tags.exists("greenhouse")', true],
    ['!tags.exists("cellar")', true],
    ['"sensor" in tags', true],
    ['arch in ["arm", "arm64"]', true],
    ["3 in [1, 2]", false],
    ['hostname.startsWith("pi-")', true],
    ['hostname.endsWith("-4")', false],
    ['name.contains("house")', true],
    ["cores >= 4", true],
    ["cores < 4", false],
    ["cores > -1 && cores <= 4", true],
    ["headless", true],
    ["headless == false", false],
    ["true", true],
    ['(arch == "x64" || os == "linux") && cores == 4 // as text', true],
    ['"\\u0061rm64" == arch', true],
  ])("%s is %s", (text, expected) => {
    expect(run(text)).toBe(expected);
  });

  it("names the contexts that it asks for", () => {
    const guard = compileGuard('tags.exists("a") && (arch == "x" || arch == "y") && cores > 1');
    expect("expression" in guard && guard.contexts).toEqual(["arch", "cores", "tags"]);
  });

  it("has no answer where the device lacks a context, but for one that does not decide", () => {
    expect(reasonOf(run("gpu"))).toBe("malformed");
    expect(reasonOf(run('gpu == "x" && true'))).toBe("malformed");
    expect(run("gpu && false")).toBe(false);
    expect(run("gpu || true")).toBe(true);
    expect(reasonOf(run("!gpu"))).toBe("malformed");
  });

  it("has no answer where a context is of another type", () => {
    for (const text of [
      "cores",
      "cores && true",
      'cores == "4"',
      "cores.contains('4')",
      "headless < 1",
      "ratio > 0",
    ]) {
      expect(isRejection(run(text))).toBe(true);
    }
  });
});

describe("what is no guard", () => {
  it.each([
    ["", 0],
    ["arch ==", 7],
    ['arch = "x"', 5],
    ["1 + 1 == 2", 0],
    ["cores * 2 == 4", 0],
    ["cores == 1.5", 9],
    ["cores == 9007199254740993", 9],
    ['tags.exists(t, t == "x")', 15],
    ['tags.all("x")', 0],
    ["tags.map(t, t)", 12],
    ["tags.filter(t, true)", 15],
    ['tags[0] == "x"', 0],
    ["tags.size() == 2", 0],
    ["has(arch)", 0],
    ["size(tags) == 2", 0],
    ['arch.matches("(a+)+b")', 0],
    ['arch.constructor == "x"', 0],
    ['tags.exists("x").constructor', 0],
    ["__proto__", 0],
    ["arch ? true : false", 0],
    ['{"a": 1}', 1],
    ['timestamp("2020-01-01T00:00:00Z") < now', 0],
    ["arch", 0],
    ["cores == tags", 9],
    ["arch == 5", 0],
    ['"a" < "b"', 0],
    ["!arch", 1],
    ['arch.exists("x")', 0],
    ['tags.startsWith("x")', 0],
    ["[arch] == [arch]", 1],
    ["null == null", 0],
    ["b'x' == b'x'", 0],
    ["1u == 1u", 0],
  ])("%s is refused at %i", (text, offset) => {
    const guard = compileGuard(text);
    expect(guard).toMatchObject({
      type: "rejection",
      reason: "malformed",
      offset,
    });
  });

  it.each([
    ["a text that is too long", `arch == "${"a".repeat(guardCharactersMax)}"`],
    ["too many nodes", Array.from({ length: 100 }, () => "true").join("&&")],
    ["too deep", `${"(".repeat(100)}true${")".repeat(100)}`],
    ["too many negations", `${"!".repeat(1000)}true`],
    ["too long a list", `cores in [${Array.from({ length: 300 }, () => 1).join()}]`],
  ])("%s is too large", (_, text) => {
    expect(reasonOf(compileGuard(text))).toBe("tooLarge");
  });

  it("does not reach what JavaScript objects inherit", () => {
    for (const name of ["constructor", "toString", "hasOwnProperty", "valueOf"]) {
      expect(run(`${name} == "x"`)).toMatchObject({ detail: `this device has no context ${name}` });
    }
  });
});

describe("any text", () => {
  const word = fc.constantFrom(
    ..."arch tags cores gpu == != && || ! ( ) [ ] . , in exists startsWith matches has \"a\" 'b' 1 -1 1.5 true null ? : { }".split(
      " ",
    ),
  );
  it("gives a boolean or a rejection, and never a throw", () => {
    const anyText = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(word, { maxLength: 25 }).map((words) => words.join(" ")),
    );
    fc.assert(
      fc.property(anyText, (text) => {
        const value = run(text);
        return typeof value === "boolean" || isRejection(value);
      }),
      { numRuns: 2000 },
    );
  });

  it("means what the same JavaScript means", () => {
    const atom = fc.constantFrom(
      "true",
      "false",
      "headless",
      'arch == "arm64"',
      'os != "linux"',
      "cores >= 5",
      'hostname.startsWith("pi")',
    );
    const expression = fc.letrec<{ node: string }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        atom,
        fc
          .tuple(tie("node"), fc.constantFrom("&&", "||"), tie("node"))
          .map(([a, op, b]) => `(${a} ${op} ${b})`),
        tie("node").map((inner) => `!(${inner})`),
      ),
    })).node;
    const { arch, os, cores, hostname, headless } = contexts;
    fc.assert(
      fc.property(expression, (text) => {
        const asScript = new Function("arch", "os", "cores", "hostname", "headless", `return ${text}`);
        return run(text) === asScript(arch, os, cores, hostname, headless);
      }),
      { numRuns: 500 },
    );
  });
});
