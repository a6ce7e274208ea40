import { type AgentId, compareText } from "@antibody/policy";
import fc from "fast-check";
import { expect, test } from "vitest";
import { NEVER } from "../../../src/contract/time.ts";
import { Watch } from "../../../src/swarm/observing/watch.ts";
import { Watches } from "../../../src/swarm/observing/watches.ts";

const name = fc.constantFrom("ann", "bob", "cy", "dan", "eve", "fay").map((text) => text as AgentId);
const command = fc.oneof(
  fc.record({ type: fc.constant("replace" as const), names: fc.uniqueArray(name) }),
  fc.record({
    type: fc.constant("set" as const),
    name,
    at: fc.oneof(fc.nat({ max: 9 }), fc.constant(NEVER)),
  }),
  fc.record({ type: fc.constant("take" as const), now: fc.nat({ max: 9 }) }),
);

test("deadlines of watches agree with a plain map under any sequence of commands", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      const watches = new Watches();
      let model = new Map<AgentId, number>();
      for (const one of commands) {
        if (one.type === "replace") {
          watches.replace(one.names.map((agent) => watches.get(agent) ?? new Watch(agent, "observe", 0)));
          model = new Map(one.names.map((agent) => [agent, model.get(agent) ?? NEVER]));
        } else if (one.type === "set") {
          const watch = watches.get(one.name);
          expect(watch !== undefined).toBe(model.has(one.name));
          if (watch === undefined) continue;
          watches.setDue(watch, one.at);
          model.set(one.name, one.at);
        } else {
          const due = [...model].filter(([, at]) => at <= one.now);
          const [first] = due.sort(([a, at], [b, other]) => at - other || compareText(a, b));
          expect(watches.takeDue(one.now)?.agent).toBe(first?.[0]);
          if (first !== undefined) model.set(first[0], NEVER);
        }
        expect(watches.earliest()).toBe(Math.min(NEVER, ...model.values()));
        expect([...watches].map(({ agent }) => agent)).toEqual([...model.keys()].sort(compareText));
      }
    }),
  );
});
