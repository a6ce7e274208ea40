import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NEVER } from "../../src/contract/time.ts";
import { Deadlines } from "../../src/keeping/deadlines.ts";
import { DeadlinesByKind } from "../../src/keeping/deadlinesByKind.ts";

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
        let deadlines = Deadlines.of();
        const model = new Map<string, number>();
        for (const step of commands) {
          if (step.type === "set") {
            deadlines = deadlines.with(step.key, step.at);
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
        expect(new Map(Deadlines.of(deadlines.entries()).entries())).toEqual(model);
      }),
    );
  });

  it("by kind are those of one whose keys name the kind", () => {
    const kinds = ["act", "look", "pause"] as const;
    const keys = fc.tuple(fc.constantFrom(...kinds), few).map(([kind, name]) => `${kind}/${name}`);
    fc.assert(
      fc.property(fc.array(commandOn(keys), { maxLength: 200, size: "max" }), (commands) => {
        const byKind = new DeadlinesByKind(kinds);
        let joined = Deadlines.of();
        for (const step of commands) {
          if (step.type === "take") {
            expect(byKind.takeDue(step.now)?.join("/")).toBe(joined.takeDue(step.now));
            continue;
          }
          const [kind, name] = step.key.split("/") as [(typeof kinds)[number], string];
          if (step.type === "set") {
            byKind.set(kind, name, step.at);
            joined = joined.with(step.key, step.at);
          } else {
            byKind.delete(kind, name);
            joined.delete(step.key);
          }
          expect(byKind.get(kind, name)).toBe(joined.get(step.key));
          expect(byKind.earliest()).toBe(joined.earliest());
        }
        expect(byKind.entries()).toEqual(joined.entries());
        expect(new DeadlinesByKind(kinds, byKind.entries()).entries()).toEqual(joined.entries());
      }),
    );
    expect(() => new DeadlinesByKind(kinds, [["wake/a", 1]])).toThrow("unknown deadline wake/a");
  });
});
