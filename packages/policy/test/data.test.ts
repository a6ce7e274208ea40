import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readData, type SourceData, writeData } from "../src/index.ts";

function read(text: string): SourceData {
  const data = readData(text, "a.yaml");
  if ("problems" in data) throw new Error(JSON.stringify(data.problems));
  return data;
}

describe("a file of data", () => {
  it("says in YAML what it says in JSON", () => {
    const value = { name: "a", steps: [{ atMs: 1, who: { all: true } }] };
    expect(read("name: a\nsteps:\n  - atMs: 1\n    who: { all: true }\n").value).toEqual(value);
    expect(read(JSON.stringify(value, undefined, 2)).value).toEqual(value);
  });

  it("reads back what was written", () => {
    // One key is refused, whoever writes it.
    const texts = fc.string({ unit: "grapheme-ascii" }).filter((text) => text !== "__proto__");
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constant(null),
        fc.boolean(),
        fc.integer(),
        texts,
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(texts, tie("value"), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(texts, json.value), (value) => {
        expect(read(writeData(value as never)).value).toEqual(value);
      }),
    );
  });

  it("tells a fault where it stands", () => {
    const { place } = read("name: a\nsteps:\n  - type: kill\n    atMs: soon\n");
    expect(
      place([
        { path: ["steps", "0", "atMs"], message: "expected number" },
        { path: ["title"], message: "missing" },
      ]),
    ).toEqual([
      { fileName: "a.yaml", line: 1, column: 1, message: "missing" },
      { fileName: "a.yaml", line: 4, column: 11, message: "expected number" },
    ]);
  });

  it.each([
    ["", 1, 1, "the file is empty"],
    ["a: 1\n---\nb: 2\n", 2, 1, "the file has one document, and no second one"],
    ["a: 1\na: 2\n", 2, 1, "Map keys must be unique"],
    ["a: &x 1\nb: *x\n", 2, 4, "aliases are not allowed"],
    ["a: 0.5\n", 1, 4, "0.5 is not a safe integer"],
    ["a: [1, 2\n", 2, 1, "Flow sequence in block collection must be sufficiently indented and end with a ]"],
  ])("refuses %j", (text, line, column, message) => {
    const data = readData(text, "a.yaml");
    expect("problems" in data && data.problems[0]).toMatchObject({ line, column, message });
  });
});
