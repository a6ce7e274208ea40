import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NEVER } from "../../src/contract/time.ts";
import { Deadlines } from "../../src/keeping/deadlines.ts";

/** Few keys are looked through, many are kept in a heap: both must agree with the model. */
const few = fc.constantFrom("a", "b", "c", "d", "e");
const many = fc.integer({ min: 0, max: 60 }).map((number) => `key-${number}`);

const commandOn = (keys: fc.Arbitrary<string>) =>
  fc.oneof(
    fc.record({
      type: fc.constant("set" as const),
      key: keys,
      at: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant(NEVER)),
    }),
    fc.record({ type: fc.constant("delete" as const), key: keys }),
    fc.record({ type: fc.constant("take" as const), now: fc.integer({ min: 0, max: 60 }) }),
  );

/** The same law over a plain map: slow and obvious. */
function takeFromModel(model: Map<string, number>, now: number): string | undefined {
  const due = [...model].filter(([, at]) => at <= now);
  due.sort(([leftKey, left], [rightKey, right]) => left - right || (leftKey < rightKey ? -1 : 1));
  const first = due[0];
  if (first !== undefined) model.delete(first[0]);
  return first?.[0];
}

describe("deadlines", () => {
  it.each([
    ["few", few],
    ["many", many],
  ])("agree with a plain map under any sequence of commands on %s keys", (_name, keys) => {
    fc.assert(
      fc.property(fc.array(commandOn(keys), { maxLength: 500, size: "max" }), (commands) => {
        const deadlines = new Deadlines();
        const model = new Map<string, number>();
        for (const step of commands) {
          if (step.type === "set") {
            deadlines.set(step.key, step.at);
            if (step.at === NEVER) model.delete(step.key);
            else model.set(step.key, step.at);
          } else if (step.type === "delete") {
            deadlines.delete(step.key);
            model.delete(step.key);
          } else {
            expect(deadlines.takeDue(step.now)).toBe(takeFromModel(model, step.now));
          }
          expect(deadlines.earliest()).toBe(Math.min(NEVER, ...model.values()));
          expect(deadlines.size).toBe(model.size);
        }
        expect(new Map(new Deadlines(deadlines.entries()).entries())).toEqual(model);
      }),
    );
  });
});
