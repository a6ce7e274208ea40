import fc from "fast-check";
import { expect, test } from "vitest";
import { RareMap, RareSet } from "../../src/keeping/rare.ts";

// More than are held side by side: numbers, and texts of which some differ in their last character alone, or in their first.
const key = fc.oneof(
  fc.nat({ max: 17 }),
  fc.nat({ max: 17 }).map((number) => `agent_${number}_${number % 5}abcd${number % 2}`),
);
const change = fc.oneof(
  { weight: 40, arbitrary: fc.record({ type: fc.constantFrom("set", "delete"), key }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("clear", "deleteWhere"), key }) },
);

test("what nothing was put into is one for all, and stays as it is", () => {
  const [map, set] = [RareMap.of<string, number>(), RareSet.of<string>()];
  expect(RareMap.of([])).toBe(map);
  expect(RareSet.of([])).toBe(set);
  const [filled, other] = [map.with("a", 1), map.with("b", 2)];
  expect([[...filled], [...other], [...map]]).toEqual([[["a", 1]], [["b", 2]], []]);
  expect(filled.with("c", 3)).toBe(filled);
  const [one, two] = [set.with("a"), set.with("b")];
  expect([[...one], [...two], [...set]]).toEqual([["a"], ["b"], []]);
  for (const each of [map, set]) each.clear();
  expect([map.delete("a"), set.delete("a"), map.size, set.size]).toEqual([false, false, 0, 0]);
});

test("a rare map and a rare set are what a map and a set would be", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 100 }), (changes) => {
      const [map, set] = [new Map<number | string, number>(), new Set<number | string>()];
      let rareMap = RareMap.of<number | string, number>();
      let rareSet = RareSet.of<number | string>();
      for (const [value, { type, key }] of changes.entries()) {
        if (type === "set") {
          map.set(key, value);
          rareMap = rareMap.with(key, value);
          set.add(key);
          rareSet = rareSet.with(key);
        } else if (type === "delete") {
          expect(rareMap.delete(key)).toBe(map.delete(key));
          expect(rareSet.delete(key)).toBe(set.delete(key));
        } else if (type === "deleteWhere") {
          const isVoid = (each: number): boolean => each % 3 === 0;
          rareMap.deleteWhere(isVoid);
          for (const [each, of] of map) if (isVoid(of)) map.delete(each);
        } else {
          for (const each of [map, rareMap, set, rareSet]) each.clear();
        }
        expect([...rareMap]).toEqual([...map]);
        expect([...rareMap.keys()]).toEqual([...map.keys()]);
        expect([...rareMap.values()]).toEqual([...map.values()]);
        expect([rareMap.size, rareMap.get(key), rareMap.has(key)]).toEqual([
          map.size,
          map.get(key),
          map.has(key),
        ]);
        expect([...rareSet]).toEqual([...set]);
        expect([rareSet.size, rareSet.has(key)]).toEqual([set.size, set.has(key)]);
      }
    }),
  );
});
