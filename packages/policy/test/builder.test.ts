import { describe, expect, test } from "vitest";
import { sourceBuilder } from "../src/index.ts";

const made = sourceBuilder({
  lamp: {
    type: "object",
    properties: {
      color: { enum: ["red", "blue"], description: "Any */ of these" },
      levels: { type: "array", items: { type: "integer", minimum: 0 } },
      on: { type: "boolean", const: true },
      labels: { type: "object", additionalProperties: { type: "string" } },
      fields: { type: "object", additionalProperties: {} },
    },
    required: ["color"],
    additionalProperties: false,
  },
});

describe("the types of policy", () => {
  test("say of each field what its schema says", () => {
    // One kind is most of the kinds: what it says is said by all.
    expect(made).toContain('/** Any *\\/ of these */ readonly color: "red" | "blue";');
    expect(made).toContain("readonly levels?: readonly number[];");
    expect(made).toContain("readonly on?: true;");
    expect(made).toContain("readonly labels?: { readonly [name: string]: string; };");
    expect(made).toContain("readonly fields?: { readonly [name: string]: unknown; };");
    expect(made).toContain("readonly [resource: `lamp:$" + "{string}`]: LampPromise;");
    expect(made).toContain(
      'lamp: (name: string, promised: LampPromise): Promises => one("lamp", name, promised),',
    );
  });

  test("are not made of a schema that they cannot follow", () => {
    const strange = { type: "object", properties: { color: { anyOf: [] } } };
    expect(() => sourceBuilder({ lamp: strange })).toThrow("anyOf");
  });
});
