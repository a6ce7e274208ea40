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

test("a rare map and a rare set are what a map and a set would be", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 100 }), (changes) => {
      const [map, rareMap] = [new Map<number | string, number>(), new RareMap<number | string, number>()];
      const [set, rareSet] = [new Set<number | string>(), new RareSet<number | string>()];
      for (const [value, { type, key }] of changes.entries()) {
        if (type === "set") {
          map.set(key, value);
          rareMap.set(key, value);
          set.add(key);
          rareSet.add(key);
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
