import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bundleFragmentsMax,
  compileSource,
  fragmentBytesMax,
  isPlainObject,
  isRejection,
  sealBundle,
  sourceSchema,
  verifyPolicy,
} from "../src/index.ts";
import { checkPromise, head, problemsOf, shortly, sound } from "./sourceSupport.ts";
import { authorOf, crypto, trustIn } from "./support.ts";

describe("limits", () => {
  it("hold for a document that would not fit into its envelope", () => {
    const big = `${head}promises:\n  file:/a: { content: "${"x".repeat(fragmentBytesMax - 3000)}" }\n`;
    expect(problemsOf(big)).toEqual([]);
    const bigger = `${head}promises:\n  file:/a: { content: "${"x".repeat(fragmentBytesMax)}" }\n`;
    expect(shortly(bigger)[0]).toMatch(/^1:1 the document has \d+ bytes, at most/);
  });

  it("let the largest document be sealed and opened", () => {
    const by = authorOf("source");
    const big = `${head}promises:\n  file:/a: { content: "${"x".repeat(fragmentBytesMax - 2200)}" }\n`;
    const compiled = compileSource(big, "home.yaml", checkPromise);
    if ("problems" in compiled) throw new Error(compiled.problems[0]?.message);
    const { stream, documents } = compiled;
    const header = { author: by.author, stream, epoch: 1, generation: Number.MAX_SAFE_INTEGER };
    const sealed = sealBundle({ ...header, documents, signer: by.signer, crypto });
    const [bytes] = sealed.fragments;
    expect(bytes?.length).toBeGreaterThan(fragmentBytesMax - 2200);
    expect(isRejection(verifyPolicy(bytes ?? new Uint8Array(), trustIn(by.author, by.root)))).toBe(false);
  });

  it("hold for the number of documents", () => {
    const documents = Array.from(
      { length: bundleFragmentsMax + 1 },
      (_, index) => `stream: home\nname: d${index}\npromises:\n  file:/f${index}: { content: x }\n`,
    );
    expect(shortly(documents.join("---\n"))[0]).toMatch(/^1:1 a bundle has at most 256 fragments/);
  });

  it("end nesting", () => {
    const deep = `${head}promises:\n  file:/a: { content: ${"[".repeat(100)}${"]".repeat(100)} }\n`;
    expect(shortly(deep).some((problem) => problem.includes("nested deeper"))).toBe(true);
  });
});

describe("any text", () => {
  it("gives documents or problems inside the text, and never a throw", () => {
    const word = fc.constantFrom(
      ..."stream name when promises : home a file:/a { } [ ] - & * ! | > ' \" # --- ... \n \t % @ ` ? , 0644 ~".split(
        " ",
      ),
      "\n",
      "\n  ",
      ": ",
    );
    const anyText = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.array(word, { maxLength: 40 }).map((words) => words.join("")),
      fc.nat({ max: sound.length }).map((length) => sound.slice(0, length)),
      fc
        .tuple(fc.nat({ max: sound.length }), word)
        .map(([index, added]) => `${sound.slice(0, index)}${added}${sound.slice(index)}`),
    );
    fc.assert(
      fc.property(anyText, (text) => {
        const compiled = compileSource(text, "home.yaml", checkPromise);
        if ("documents" in compiled) return compiled.documents.length > 0;
        const lines = text.split("\n").length;
        return (
          compiled.problems.length > 0 &&
          compiled.problems.every(({ line, column }) => line >= 1 && line <= lines + 1 && column >= 1)
        );
      }),
      { numRuns: 1000 },
    );
  });
});

describe("the schema for editors", () => {
  const schema = sourceSchema({
    process: { type: "object" },
    file: { type: "object", required: ["content"] },
  });

  it("describes a document, and each promise by its resource type", () => {
    expect(schema).toMatchObject({
      $schema: "http://json-schema.org/draft-07/schema#",
      required: ["stream", "name", "promises"],
      additionalProperties: false,
      properties: {
        promises: {
          patternProperties: { "^file:.": { required: ["content"] }, "^process:.": { type: "object" } },
          additionalProperties: false,
        },
      },
    });
  });

  it("has the patterns that the compiler has, and knows every field", () => {
    const properties =
      isPlainObject(schema) && isPlainObject(schema["properties"]) ? schema["properties"] : {};
    expect(Object.keys(properties).sort()).toEqual(["name", "promises", "stream", "when"]);
    const pattern = isPlainObject(properties["stream"]) ? String(properties["stream"]["pattern"]) : "";
    for (const name of ["home", "a-1", "-a", "A", "", "a".repeat(64)]) {
      const text = `stream: "${name}"\nname: a\npromises:\n  file:/a: { content: x }\n`;
      expect(new RegExp(pattern).test(name)).toBe(problemsOf(text).length === 0);
    }
  });
});
