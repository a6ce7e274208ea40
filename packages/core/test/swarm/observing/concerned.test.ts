import fc from "fast-check";
import { expect, test } from "vitest";
import type { Incarnation } from "../../../src/contract/statements.ts";
import { defaultSettings } from "../../../src/settings.ts";
import { Directory } from "../../../src/swarm/members/directory.ts";
import { Roster } from "../../../src/swarm/members/roster.ts";
import { Observers } from "../../../src/swarm/observing/observers.ts";
import { enrol, fakeCrypto, memberOf } from "../people.ts";

/** Enough for rings; so many may be gone that there are long walks, and a full mesh. */
const people = Array.from({ length: 30 }, (_, index) => enrol(`member-${index}`));
const standings = ["dead", "dead", "alive", "away", "left"] as const;

const batches = fc.array(
  fc.array(fc.record({ who: fc.nat({ max: people.length - 1 }), standing: fc.constantFrom(...standings) }), {
    minLength: 1,
    maxLength: 5,
  }),
  { maxLength: 12 },
);

test("whoever is not concerned by changes has the same observers, in the same standing, as before", () => {
  fc.assert(
    fc.property(batches, (all) => {
      const directory = new Directory(Roster.of([], defaultSettings.ringCount, fakeCrypto));
      for (const person of people) directory.accept(memberOf(person, [1, 1, 0]));
      const remembering = new Observers(directory, defaultSettings);
      const view = (): readonly string[] => {
        const fresh = new Observers(directory, defaultSettings);
        return people.map(({ agent }) => {
          const { observers, passed } = fresh.of(agent);
          const seen = [agent, ...observers, ...passed].map((one) => directory.standingOf(one));
          return JSON.stringify([observers, passed, fresh.quorumOf(agent), seen]);
        });
      };
      const everyone = people.map(({ agent }) => agent);
      remembering.takeConcerned(everyone);
      let n = 0;
      for (const batch of all) {
        const before = view();
        for (const { who, standing } of batch) {
          n += 1;
          const person = people[who] ?? people[0];
          if (person === undefined) throw new Error("nobody");
          const incarnation: Incarnation = [1, 1, n];
          directory.accept(memberOf(person, incarnation, standing === "dead" ? {} : { status: standing }));
          if (standing === "dead") directory.declareDead({ subject: person.agent, incarnation, votes: [] });
          // Looked at in the midst of them, as it may be.
          if (n % 3 === 0) remembering.of(person.agent);
        }
        const concerned = remembering.takeConcerned(everyone);
        for (const [index, seen] of view().entries()) {
          const person = people[index] as (typeof people)[number];
          if (concerned?.has(person.agent) === false) expect(seen).toBe(before[index]);
          const { observers, passed } = remembering.of(person.agent);
          expect(seen.startsWith(JSON.stringify([observers, passed]).slice(0, -1))).toBe(true);
        }
      }
    }),
    { numRuns: 100 },
  );
});
