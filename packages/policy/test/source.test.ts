import { describe, expect, it } from "vitest";
import { compileSource, isRejection, sealBundle, sourceProblemsMax, verifyPolicy } from "../src/index.ts";
import { checkPromise, head, problemsOf, shortly, sound } from "./sourceSupport.ts";
import { authorOf, crypto, trustIn } from "./support.ts";

describe("a sound file", () => {
  it("compiles to one document for each fragment", () => {
    expect(compileSource(sound, "home.yaml", checkPromise)).toEqual({
      stream: "home",
      documents: [
        {
          name: "sensor",
          when: 'arch == "arm64" && tags.exists("greenhouse")',
          promises: {
            "file:/etc/sensor.toml": { content: "rate = 5\n", mode: "0644" },
            "process:sensor": { command: ["/usr/bin/sensor", "--config", "/etc/sensor.toml"] },
          },
        },
        { name: "motd", promises: { "file:/etc/motd": { content: "Grüße\n", mode: "0644" } } },
      ],
    });
  });

  it("becomes a bundle that verifies", () => {
    const by = authorOf("source");
    const compiled = compileSource(sound, "home.yaml", checkPromise);
    if ("problems" in compiled) throw new Error("No problems are expected");
    const { stream, documents } = compiled;
    const header = { author: by.author, stream, epoch: 1, generation: 1 };
    const sealed = sealBundle({ ...header, documents, signer: by.signer, crypto });
    const verified = sealed.fragments.map((bytes) => verifyPolicy(bytes, trustIn(by.author, by.root)));
    expect(verified.some(isRejection)).toBe(false);
  });

  it("may end with an empty document, and may have a guard in each variant of one resource", () => {
    const variants = ["arm64", "x64"]
      .map(
        (arch) =>
          `stream: home\nname: ${arch}\nwhen: arch == "${arch}"\npromises:\n  file:/a: { content: "${arch}" }\n`,
      )
      .join("---\n");
    expect(problemsOf(`${variants}---\n`)).toEqual([]);
  });
});

describe("what YAML does in silence is told", () => {
  it("a number that was meant as a text", () => {
    const [problem] = problemsOf(`${head}promises:\n  file:/a: { content: x, mode: 0644 }\n`);
    expect(problem).toEqual({
      fileName: "home.yaml",
      line: 4,
      column: 32,
      message: "file:/a: mode: must be a text",
      hint: 'YAML reads 0644 as the number 644; if a text is meant, write "0644"',
    });
  });

  it.each([
    ["true", "the boolean true"],
    ["~", "nothing"],
    ["0x1F", "the number 31"],
    ["-7", "the number -7"],
  ])("%s that was meant as a text", (written, read) => {
    const [problem] = problemsOf(`${head}promises:\n  file:/a: { content: ${written} }\n`);
    expect(problem).toMatchObject({
      line: 4,
      column: 23,
      hint: expect.stringContaining(`reads ${written} as ${read}`),
    });
  });

  it("and nobody is told to quote a number that is only too large", () => {
    const tooLarge = [{ path: ["mode"], message: "expected at most 65535" }];
    const compiled = compileSource(
      `${head}promises:\n  file:/a: { mode: 70000 }\n`,
      "home.yaml",
      () => tooLarge,
    );
    expect(compiled).toMatchObject({ problems: [{ message: "file:/a: mode: expected at most 65535" }] });
    expect(compiled).not.toHaveProperty(["problems", "0", "hint"]);
  });

  it.each([
    ["a fraction", "1.5", "4:23 1.5 is not a safe integer"],
    ["an exponent", "1e400", "4:23 Infinity is not a safe integer"],
    ["not a number", ".nan", "4:23 NaN is not a safe integer"],
    ["minus zero", "-0", "4:23 -0 is not a safe integer"],
    ["a number that would be rounded", "9007199254740993", "4:23 9007199254740992 is not a safe integer"],
    ["a text that is not NFC", "A\u030a", "4:23 a string that is not in Unicode normalization form C"],
    ["half of a surrogate pair", '"\\ud800"', "4:23 a string with half of a surrogate pair"],
  ])("%s", (_, written, problem) => {
    expect(shortly(`${head}promises:\n  file:/a: { content: ${written} }\n`)).toContain(problem);
  });

  it.each([
    ["a key twice", `${head}name: b\npromises: {}\n`, "3:1 Map keys must be unique"],
    [
      "a key twice, deep inside",
      `${head}promises:\n  file:/a:\n    content: x\n    content: y\n`,
      "6:5 Map keys must be unique",
    ],
    [
      "an alias",
      `${head}promises:\n  file:/a: &x { content: a }\n  file:/b: { content: *x }\n`,
      "5:23 aliases are not allowed",
    ],
    [
      "an alias as a whole promise",
      `${head}promises:\n  file:/a: &x { content: a }\n  file:/b: *x\n`,
      "5:12 the promise of file:/b must be a map",
    ],
    [
      "a tag of nobody",
      `${head}promises:\n  file:/a: { content: !secret x }\n`,
      "4:23 Unresolved tag: !secret",
    ],
    [
      "binary data",
      `${head}promises:\n  file:/a: { content: !!binary aGk= }\n`,
      "4:23 Unresolved tag: tag:yaml.org,2002:binary",
    ],
    [
      "YAML 1.1, where 0644 is octal",
      `%YAML 1.1\n---\n${head}promises:\n  file:/a: { content: x }\n`,
      "2:1 only YAML 1.2 is read",
    ],
    [
      "__proto__",
      `${head}promises:\n  file:/a: { content: x, __proto__: {} }\n`,
      "4:26 the key __proto__ is refused",
    ],
  ])("%s", (_, text, problem) => {
    expect(shortly(text)).toContain(problem);
  });

  it("a billion laughs costs nothing", () => {
    const levels = Array.from({ length: 30 }, (_, index) =>
      index === 0 ? "  a0: &a0 [x, x]" : `  a${index}: &a${index} [*a${index - 1}, *a${index - 1}]`,
    );
    expect(shortly(`${head}promises:\n${levels.join("\n")}\n`).length).toBeGreaterThan(0);
  });
});

describe("problems are told where they are", () => {
  it.each([
    ["nothing at all", "", "1:1 the file has no document"],
    ["a comment alone", "# nothing\n", "1:1 the file has no document"],
    ["a list", "- a\n", "1:1 a document must be a map"],
    ["no name", "stream: home\npromises:\n  file:/a: { content: x }\n", "1:1 name is missing"],
    ["no stream", "name: a\npromises:\n  file:/a: { content: x }\n", "1:1 stream is missing"],
    ["no promises", head, "1:1 promises must be a map"],
    ["empty promises", `${head}promises: {}\n`, "3:11 promises is empty"],
    [
      "a field that is unknown",
      `${head}promisses: {}\npromises:\n  file:/a: { content: x }\n`,
      "3:1 unknown field promisses",
    ],
    [
      "a stream that is no name",
      "stream: My Home\nname: a\npromises:\n  file:/a: { content: x }\n",
      "1:9 My Home is not the name of a stream",
    ],
    [
      "a name that is a number",
      "stream: home\nname: 12\npromises:\n  file:/a: { content: x }\n",
      "2:7 name must be a text",
    ],
    ["no resource", `${head}promises:\n  /etc/motd: { content: x }\n`, "4:3 /etc/motd is not a resource"],
    [
      "a path around a scope",
      `${head}promises:\n  file:/etc/../a: { content: x }\n`,
      "4:3 file:/etc/../a is not a resource",
    ],
    [
      "a resource type that is unknown",
      `${head}promises:\n  flie:/a: { content: x }\n`,
      "4:3 flie:/a: unknown resource type flie",
    ],
    [
      "a promise without fields",
      `${head}promises:\n  file:/a:\n`,
      "4:11 the promise of file:/a must be a map",
    ],
    [
      "a promise that is a text",
      `${head}promises:\n  file:/a: hello\n`,
      "4:12 the promise of file:/a must be a map",
    ],
    [
      "a field that a type does not have",
      `${head}promises:\n  file:/a: { content: x, colour: red }\n`,
      "4:34 file:/a: colour: is not a field of a file",
    ],
    [
      "a field that is missing",
      `${head}promises:\n  file:/a: { mode: x }\n`,
      "4:3 file:/a: content: is missing",
    ],
    [
      "an element of a list",
      `${head}promises:\n  process:a:\n    command:\n      - /bin/a\n      - 7\n`,
      "7:9 process:a: command.1: must be a text",
    ],
    ["bad indentation", `${head}promises:\n\tfile:/a: {}\n`, "4:1 Tabs are not allowed as indentation"],
    [
      "an open bracket",
      `${head}promises:\n  file:/a: { content: [x\n`,
      "5:1 Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
    ["an open quote", `${head}promises:\n  file:/a: { content: "x }\n`, '5:1 Missing closing "quote'],
  ])("%s", (_, text, problem) => {
    expect(shortly(text)).toContain(problem);
  });

  it.each([
    ["plain", 'when: arch == "x" && gpu', "3:22 the guard: unknown context gpu"],
    ["in single quotes", "when: 'arch == \"x\" && gpu'", "3:23 the guard: unknown context gpu"],
    [
      "with escapes, at its beginning",
      'when: "arch == \\"x\\" && gpu"',
      "3:7 the guard: unknown context gpu",
    ],
    ["against a type", "when: arch == 5", "3:7 the guard: compares a text with an integer value"],
    ["cut off", 'when: arch == "x" &&', "3:21 the guard: Unexpected token: EOF"],
    [
      "with a regular expression",
      'when: arch.matches("a+")',
      "3:7 the guard: the method matches cannot be used in a guard",
    ],
    ["that is no text", "when: true", "3:7 when must be a text"],
    ["that is empty", "when:", "3:6 when must be a text"],
  ])("a guard %s", (_, line, problem) => {
    expect(shortly(`${head}${line}\npromises:\n  file:/a: { content: x }\n`)).toContain(problem);
  });

  it("in the second document, and across documents", () => {
    const second = (name: string, stream: string): string =>
      `${head}promises:\n  file:/a: { content: x }\n---\nstream: ${stream}\nname: ${name}\npromises:\n  file:/a: { content: y }\n`;
    expect(shortly(second("a", "home"))).toEqual([
      "7:7 another document is named a already",
      "9:3 file:/a is promised in two documents",
    ]);
    expect(shortly(second("b", "lab"))).toContain(
      "6:9 the documents of one file share one stream, and the first is of home",
    );
  });

  it("all of them, in the order of the text, up to a bound", () => {
    const lines = Array.from({ length: sourceProblemsMax + 20 }, (_, index) => `  bad${index}: {}`);
    const problems = problemsOf(`${head}promises:\n${lines.join("\n")}\n`);
    expect(problems).toHaveLength(sourceProblemsMax);
    expect(problems.map((problem) => problem.line)).toEqual(problems.map((_, index) => index + 4));
  });
});

describe("what shows only when all documents are seen together", () => {
  const two = `${head}promises:
  file:/a: { content: "" }
---
stream: home
name: b
promises:
  file:/b:
    content: "x"
`;
  it("is told at its place in the text", () => {
    const compiled = compileSource(two, "home.yaml", checkPromise, (documents) =>
      documents.flatMap(({ promises }, document) =>
        Object.keys(promises).map((resource) => ({
          document,
          resource,
          path: ["content"],
          message: "is odd",
          hint: "even it",
        })),
      ),
    );
    expect(compiled).toEqual({
      problems: [
        { fileName: "home.yaml", line: 4, column: 23, message: "file:/a: is odd", hint: "even it" },
        { fileName: "home.yaml", line: 10, column: 14, message: "file:/b: is odd", hint: "even it" },
      ],
    });
  });

  it("is not asked for while a document has problems of its own", () => {
    const asked = compileSource(`${head}promises: {}\n`, "home.yaml", checkPromise, () => {
      throw new Error("nobody asks");
    });
    expect(asked).toHaveProperty("problems");
  });
});
