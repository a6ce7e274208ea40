import fc from "fast-check";
import { expect, test } from "vitest";
import { frameText, readFrameText } from "../../src/mind/frameText.ts";

const again = (value: unknown): unknown => readFrameText(Buffer.from(frameText(value)));

test("whatever a mind is given and answers comes back equal", () => {
  const leaf = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string().map((text) => `\u0000${text}`),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array(),
  );
  const values = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      leaf,
      fc.array(tie("value")),
      fc.dictionary(fc.string(), tie("value"), { noNullPrototype: true }),
    ),
  })).value;
  fc.assert(
    fc.property(fc.dictionary(fc.string(), values, { noNullPrototype: true }), (value) => {
      expect(again(value)).toEqual(value);
    }),
  );
});

test("numbers without digits, the negative zero, buffers and gaps keep what they are", () => {
  const value = { list: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, -0, undefined, 1] };
  expect(again(value)).toEqual(value);
  expect(again({ bytes: Buffer.from([1, 2]) })).toStrictEqual({ bytes: new Uint8Array([1, 2]) });
  expect(again({ there: 1, missing: undefined })).toStrictEqual({ there: 1 });
});

test("a text of no known meaning is refused", () => {
  expect(() => readFrameText(Buffer.from(JSON.stringify({ a: "\u0000x" })))).toThrow(SyntaxError);
});
