import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventQueue } from "../src/engine/eventQueue.ts";
import { kinds } from "../src/engine/kinds.ts";

interface Naive {
  readonly atUs: number;
  readonly destination: number;
  readonly source: number;
  readonly kind: number;
  readonly sequence: number;
}

function isBefore(left: Naive, right: Naive): number {
  return (
    left.atUs - right.atUs ||
    left.destination - right.destination ||
    left.source - right.source ||
    left.kind - right.kind ||
    left.sequence - right.sequence
  );
}

const delays = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: 5_000 }),
  fc.integer({ min: 0, max: 60_000_000 }),
  fc.constant(16_384 * 1_024),
  fc.constant(16_384 * 1_024 - 1),
);
const never = Number.POSITIVE_INFINITY;
const moves = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.tuple(delays, fc.nat(3), fc.nat(3), fc.constantFrom(0, 1, kinds.ready)) },
    { weight: 1, arbitrary: fc.record({ alarm: fc.nat(3), delay: fc.oneof(delays, fc.constant(never)) }) },
    { weight: 3, arbitrary: fc.constant("pop" as const) },
  ),
  { maxLength: 200 },
);

describe("the event queue", () => {
  it("pops in the order of a naive sorted list, whatever is pushed in between", () => {
    fc.assert(
      fc.property(moves, (script) => {
        const queue = new EventQueue(4);
        const naive: Naive[] = [];
        let alarms = 0;
        let sequence = 0;
        const setAlarm = (agent: number, atUs: number): void => {
          const place = naive.findIndex(
            ({ kind, destination }) => kind === kinds.wake && destination === agent,
          );
          if (place >= 0) naive.splice(place, 1);
          if (atUs !== never) {
            naive.push({ atUs, destination: agent, source: agent, kind: kinds.wake, sequence: 0 });
          }
          alarms = naive.filter(({ kind }) => kind === kinds.wake).length;
        };
        const popBoth = (): void => {
          naive.sort(isBefore);
          const expected = naive.shift();
          expect(queue.peekUs()).toBe(expected?.atUs ?? Number.POSITIVE_INFINITY);
          expect(queue.pop()).toBe(expected !== undefined);
          if (expected === undefined) return;
          expect(queue.nowUs).toBe(expected.atUs);
          expect([queue.destination, queue.source, queue.kind]).toEqual([
            expected.destination,
            expected.source,
            expected.kind,
          ]);
          if (expected.kind === kinds.wake) alarms -= 1;
          else expect(queue.payload).toBe(expected.sequence);
        };
        for (const move of script) {
          if (move === "pop") popBoth();
          else if ("alarm" in move) {
            const atUs = queue.nowUs + move.delay;
            queue.setAlarm(move.alarm, atUs);
            setAlarm(move.alarm, atUs);
          } else {
            const [delay, destination, source, kind] = move;
            const atUs = queue.nowUs + delay;
            queue.push(atUs, destination, source, kind, 7, sequence);
            naive.push({ atUs, destination, source, kind, sequence });
            sequence += 1;
          }
          expect(queue.size).toBe(naive.length - alarms);
        }
        while (naive.length > 0) popBoth();
        expect(queue.pop()).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("keeps order beyond its first capacity", () => {
    const queue = new EventQueue();
    const count = 70_000;
    for (let index = 0; index < count; index += 1)
      queue.push((index * 7_919) % 1_000_003, 0, 0, 0, index, null);
    let last = -1;
    let popped = 0;
    while (queue.pop()) {
      expect(queue.nowUs >= last).toBe(true);
      last = queue.nowUs;
      popped += 1;
    }
    expect(popped).toBe(count);
  });

  it("refuses the past, and times that are not whole", () => {
    const queue = new EventQueue();
    queue.push(10, 0, 0, 0, 0, null);
    queue.pop();
    expect(() => queue.push(9, 0, 0, 0, 0, null)).toThrow(/cannot be added/);
    expect(() => queue.push(10.5, 0, 0, 0, 0, null)).toThrow(/cannot be added/);
    expect(() => queue.push(Number.NaN, 0, 0, 0, 0, null)).toThrow(/cannot be added/);
  });

  it("moves its clock over empty time, and never over an event", () => {
    const queue = new EventQueue();
    queue.push(100, 0, 0, 0, 0, null);
    queue.advanceTo(100);
    expect(queue.nowUs).toBe(100);
    expect(() => queue.advanceTo(101)).toThrow(/cannot jump/);
    queue.pop();
    queue.advanceTo(50_000_000);
    queue.push(50_000_000, 0, 0, 0, 0, "x");
    expect(queue.pop()).toBe(true);
  });
});
