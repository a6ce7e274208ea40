import fc from "fast-check";
import { expect, it } from "vitest";
import { Spread, Spreads } from "../src/gossip/spread.ts";

const agents = 10;
const notOnItsWay = 0xffff_ffff;
const change = fc.record({
  type: fc.constantFrom("reached", "reached", "onItsWay", "leave", "join"),
  agent: fc.nat({ max: agents - 1 }),
  message: fc.nat({ max: 2 }),
  atUs: fc.nat({ max: 1_000 }),
});

it("a message knows whom it has reached and is on its way to, whoever comes and goes", () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 40, maxLength: 120 }), (changes) => {
      const spreads = new Spreads(agents);
      const present = new Set<number>();
      const messages = Array.from({ length: 3 }, () => ({
        spread: new Spread(spreads),
        seen: new Set<number>(),
        underWay: new Map<number, number>(),
      }));
      for (const { type, agent, message, atUs } of changes) {
        const { spread, seen, underWay } = messages[message] as (typeof messages)[number];
        if (type === "join") {
          spreads.joined(agent);
          present.add(agent);
        } else if (type === "leave") {
          spreads.left(agent);
          present.delete(agent);
          for (const each of messages) {
            each.spread.forget(agent);
            each.seen.delete(agent);
            each.underWay.delete(agent);
            if (each.seen.size === present.size) each.underWay.clear();
          }
        } else if (type === "reached" && present.has(agent) && !seen.has(agent)) {
          spread.reached(agent);
          seen.add(agent);
          // Once everyone present has it, what is under way to others is let go: nobody waits for it.
          if (seen.size === present.size) underWay.clear();
        } else if (type === "onItsWay" && !seen.has(agent) && seen.size < present.size) {
          spread.onItsWay(agent, atUs);
          underWay.set(agent, atUs);
        }
        for (const each of messages) {
          for (let one = 0; one < agents; one += 1) {
            expect(each.spread.hasReached(one)).toBe(each.seen.has(one));
            const awaited = present.has(one) && !each.seen.has(one);
            if (awaited) expect(each.spread.arrivesUs(one)).toBe(each.underWay.get(one) ?? notOnItsWay);
          }
        }
      }
    }),
  );
});
