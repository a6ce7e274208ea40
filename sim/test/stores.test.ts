import {
  type DeathCertificate,
  type DirectoryStore,
  defaultSettings,
  type Inspection,
  type Member,
  type Outline,
  PlainDirectoryStore,
} from "@antibody/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { signStatement } from "../src/identity/statements.ts";
import { listScenarios, runScenario } from "../src/index.ts";
import { agree, agreeInOutline } from "../src/invariants/views.ts";
import { Running } from "../src/running.ts";
import { findScenario } from "../src/scenarios/index.ts";
import type { Scenario } from "../src/scenarios/scenario.ts";
import { DirectoryColumns } from "../src/stores/directoryColumns.ts";
import { createCoreMind, createPlainMind } from "../src/world/coreMind.ts";
import { type Population, populate } from "../src/world/populate.ts";

const count = 5;
const population = populate(count, 1, defaultSettings);
/** By slot: what each member may say, the enrolled entry first. */
const sayings = population.agents.map((agent, slot): readonly Member[] => [
  population.members[slot] as Member,
  ...[1, 2].map((n): Member => {
    const { certificate, signer } = agent;
    const { entry } = (population.members[slot] as Member).entry;
    const said = signStatement(
      { ...entry, incarnation: [1, 1, n] },
      { certificate, signer },
      population.charter,
    );
    if (said.type !== "entry") throw new Error("no entry");
    return { certificate, entry: said.entry };
  }),
]);
/** By slot: two deaths of each that nobody proved, since stores do not look. */
const deaths = sayings.map((members): readonly DeathCertificate[] => {
  const { agent: subject, incarnation } = (members[0] as Member).entry.entry;
  return [
    { subject, incarnation, votes: [] },
    { subject, incarnation, votes: [] },
  ];
});

const agent = fc.nat({ max: count - 1 });
const slot = fc.nat({ max: count - 1 });
const told = fc.record({
  type: fc.constant("put"),
  slot,
  said: fc.nat({ max: 2 }),
  death: fc.nat({ max: 2 }),
});
const change = fc.oneof(
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("end", "start"), agent }) },
  // What one agent hears, all mostly hear: columns fold, and open again.
  { weight: 8, arbitrary: fc.record({ told, agents: fc.oneof(fc.constant(undefined), fc.array(agent)) }) },
);

function startPlain(own: number, { members, directory }: Population): DirectoryStore {
  const store = new PlainDirectoryStore(directory.roster.size);
  for (const [slot, member] of members.entries()) if (slot !== own) store.put(slot, member, undefined);
  return store;
}

interface Pair {
  readonly plain: DirectoryStore;
  readonly columnar: DirectoryStore;
}

/** Everything that a store shows, with entries by what they say. */
function shown(store: DirectoryStore): unknown {
  return {
    dead: [...store.deadSlots()].sort(),
    slots: sayings.map((_, slot) => [
      store.memberAt(slot)?.entry.digest,
      deaths[slot]?.indexOf(store.deathAt(slot) as DeathCertificate),
      store.standingAt(slot),
    ]),
  };
}

describe("a columnar store of directories", () => {
  it("shows each agent what a plain store of its own would, whoever starts, ends and hears what", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const columns = new DirectoryColumns(population.directory);
        const pairs = new Map<number, Pair>();
        const start = (own: number): void => {
          pairs.set(own, { plain: startPlain(own, population), columnar: columns.start(own) });
        };
        for (let own = 0; own < count; own += 1) start(own);
        for (const one of changes) {
          if ("agent" in one) {
            columns.end(one.agent);
            pairs.delete(one.agent);
            if (one.type === "start") start(one.agent);
          } else {
            const { slot, said, death } = one.told;
            const member = sayings[slot]?.[said] as Member;
            // An entry that an agent signed itself is another object than the one that was enrolled.
            const again = { ...member, entry: { ...member.entry } };
            for (const [own, { plain, columnar }] of pairs) {
              if (one.agents !== undefined && !one.agents.includes(own)) continue;
              plain.put(slot, member, deaths[slot]?.[death]);
              columnar.put(slot, again, deaths[slot]?.[death]);
            }
          }
          for (const { plain, columnar } of pairs.values()) expect(shown(columnar)).toEqual(shown(plain));
        }
      }),
    );
  });

  it("keeps no column for what all hold", () => {
    const columns = new DirectoryColumns(population.directory);
    const stores = Array.from({ length: count }, (_, own) => columns.start(own));
    const [, , newest] = sayings[2] as readonly Member[];
    for (const [index, store] of stores.entries()) {
      store.put(2, newest as Member, deaths[2]?.[0]);
      expect(columns.openCount).toBe(index === count - 1 ? 0 : 1);
    }
    // The last that differs may also end.
    stores[0]?.put(1, (sayings[1] as readonly Member[])[1] as Member, undefined);
    expect(columns.openCount).toBe(1);
    columns.end(0);
    expect(columns.openCount).toBe(0);
  });
});

const returning: Scenario = {
  name: "returning",
  title: "Agents come back from kills and power cuts, twice",
  agents: 40,
  durationMs: 60_000,
  startSpreadMs: 2_000,
  steps: [
    { atMs: 10_000, type: "kill", who: { percent: 20, as: "killed" } },
    { atMs: 15_000, type: "powerOff", who: { percent: 20, as: "dark" } },
    { atMs: 30_000, type: "restart", who: { named: "killed" } },
    { atMs: 35_000, type: "restart", who: { named: "dark" } },
    { atMs: 45_000, type: "kill", who: { named: "killed" } },
    { atMs: 50_000, type: "restart", who: { named: "killed" } },
  ],
  expectations: [],
};

const allSizes = [
  [12, 1],
  [13, 2],
  [30, 3],
  [60, 4],
] as const;

describe("a run with columnar stores", () => {
  it.each([...listScenarios().map(({ name }) => name), returning])(
    "has the hash of one with plain stores: %o",
    async (scenario) => {
      // The one made for stores in many sizes, the others in a full mesh and on rings.
      for (const [agents, seed] of scenario === returning ? allSizes : [allSizes[0], allSizes[2]]) {
        const columnar = await runScenario({ scenario, agents, seed });
        const plain = await runScenario({ scenario, agents, seed, createMind: createPlainMind });
        expect(plain.hash).toBe(columnar.hash);
        expect(plain.violations).toEqual(columnar.violations);
      }
    },
  );
});

describe("an outline", () => {
  it("agrees with another where the whole inspections do", () => {
    const seen = { agreed: 0, differed: 0 };
    for (const scenario of [returning, findScenario("partition-heal")]) {
      const running = new Running(scenario, 16, 5, createCoreMind);
      for (let atMs = 250; atMs <= scenario.durationMs; atMs += 250) {
        while (!running.advance(1_000, atMs));
        const { world } = running;
        const [first, ...others] = world.agents.filter(({ mind }) => mind?.ownMember() !== undefined);
        if (first === undefined) continue;
        const views = [first, ...others].map((one) => ({
          whole: world.inspect(one) as Inspection,
          outline: world.outline(one) as Outline,
        }));
        const [mine] = views;
        for (const theirs of views.slice(1)) {
          if (mine === undefined) continue;
          const expected = agree(mine.whole, theirs.whole);
          expect(agreeInOutline(mine.outline, theirs.outline)).toBe(expected);
          seen[expected ? "agreed" : "differed"] += 1;
          const dead = ({ members }: Pick<Inspection, "members">): readonly string[] =>
            members.filter(({ verdict }) => verdict === "dead").map(({ name, why }) => `${name} ${why}`);
          expect(dead(theirs.outline)).toEqual(dead(theirs.whole));
        }
      }
    }
    expect(Math.min(seen.agreed, seen.differed)).toBeGreaterThan(100);
  });
});
