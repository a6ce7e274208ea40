import fc from "fast-check";
import { expect, test } from "vitest";
import { BlameBook, BoundedMap, HostRates, TokenBucket } from "../../src/network/limiter.ts";

test("a bucket never gives more than its burst and its rate", () => {
  const steps = fc.array(fc.record({ waitMs: fc.nat({ max: 500 }), count: fc.integer({ min: 1, max: 20 }) }));
  fc.assert(
    fc.property(steps, (taken) => {
      let nowMs = 0;
      const bucket = new TokenBucket(10, 50, () => nowMs);
      let given = 0;
      for (const { waitMs, count } of taken) {
        nowMs += waitMs;
        if (bucket.take(count)) given += count;
        expect(given).toBeLessThanOrEqual(50 + nowMs / 100 + 1e-6);
      }
    }),
  );
});

test("a debt is paid by waiting for it", () => {
  let nowMs = 0;
  const bucket = new TokenBucket(10, 5, () => nowMs);
  expect(bucket.owe(5)).toBe(0);
  expect(bucket.owe(3)).toBe(300);
  nowMs = 300;
  expect(bucket.owe(1)).toBe(100);
  nowMs = 10_000;
  expect(bucket.owe(5)).toBe(0);
});

test("offenses within the window ban for a while", () => {
  let nowMs = 0;
  const book = new BlameBook({ offensesMax: 3, windowMs: 100, banMs: 50, namesMax: 2 }, () => nowMs);
  expect(book.blame("a", 2)).toBe(false);
  nowMs = 100;
  expect(book.blame("a", 2)).toBe(false);
  expect(book.banned("a")).toBe(false);
  expect(book.blame("a", 1)).toBe(true);
  expect(book.banned("a")).toBe(true);
  nowMs = 149;
  expect(book.banned("a")).toBe(true);
  nowMs = 150;
  expect(book.banned("a")).toBe(false);
  // Whoever was out begins anew, also within the window.
  expect(book.blame("a", 2)).toBe(false);
  expect(book.blame("b", 1)).toBe(false);
  expect(book.banned("c")).toBe(false);
});

test("a bounded map forgets the oldest", () => {
  const map = new BoundedMap<number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.set("a", 3);
  map.set("c", 4);
  expect([map.get("a"), map.get("b"), map.get("c")]).toEqual([3, undefined, 4]);
  // What is set again takes no other's room.
  map.set("c", 5);
  expect([map.get("a"), map.get("c")]).toEqual([3, 5]);
});

test("one host that asks without end leaves room for the others, and all together have a bound", () => {
  let nowMs = 0;
  const limits = { perSecond: 1, burst: 2, totalPerSecond: 4, totalBurst: 6, hostsMax: 8 };
  const rates = new HostRates(limits, () => nowMs);
  const taken = (host: string, times: number): number =>
    Array.from({ length: times }, () => rates.take(host)).filter((isTaken) => isTaken).length;
  expect(taken("/ip4/192.0.2.1", 1_000)).toBe(2);
  expect(taken("/ip4/192.0.2.2", 2)).toBe(2);
  expect(["3", "4", "5"].map((host) => taken(host, 2))).toEqual([2, 0, 0]);
  nowMs = 1_000;
  expect(taken("/ip4/192.0.2.1", 1_000)).toBe(1);
});
