import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultSettings } from "../../../src/settings.ts";
import { Directory } from "../../../src/swarm/members/directory.ts";
import { Roster } from "../../../src/swarm/members/roster.ts";
import { type Assignment, Observers, type Quorum } from "../../../src/swarm/observing/observers.ts";
import { enrol, fakeCrypto, memberOf, type Person, voteOf } from "../people.ts";

const people = Array.from({ length: 60 }, (_, index) => enrol(`member-${index}`));
const certificates = people.map(({ certificate }) => certificate);
const rings = defaultSettings.ringCount;

function directoryOf(members: readonly Person[]): Directory {
  const directory = new Directory(Roster.of([], rings, fakeCrypto));
  for (const member of members) directory.accept(memberOf(member, [1, 1, 0]));
  return directory;
}

function die(directory: Directory, subject: Person, n = 0): void {
  const incarnation = [1, 1, n] as const;
  const voter = people.find((person) => person !== subject) as Person;
  directory.declareDead({
    subject: subject.agent,
    incarnation,
    votes: [voteOf(voter, subject, incarnation)],
  });
}

const assignmentOf = (directory: Directory, { agent }: Person): Assignment =>
  new Observers(directory, defaultSettings).of(agent);
const quorumOf = (directory: Directory, { agent }: Person): Quorum =>
  new Observers(directory, defaultSettings).quorumOf(agent);
const observersOf = (directory: Directory, person: Person): readonly string[] =>
  assignmentOf(directory, person).observers;

describe("roster", () => {
  test("gives everyone the same neighbors, however it came about", () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(certificates, { minLength: 20, maxLength: 20 }),
        fc.nat({ max: 20 }),
        (chosen, cut) => {
          const whole = Roster.of(chosen, rings, fakeCrypto);
          const grown = chosen
            .slice(cut)
            .reduce(
              (roster, certificate) => roster.with([certificate]),
              Roster.of(chosen.slice(0, cut), rings, fakeCrypto),
            );
          for (const { agent } of chosen) {
            for (let ring = 0; ring < rings; ring += 1) {
              const next = [whole, grown].map((roster) =>
                roster.agentAt(roster.neighbor(ring, roster.slotOf(agent) ?? -1, 1)),
              );
              expect(next[0]).toBe(next[1]);
            }
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  test("keeps slots when members are added, and is itself when nothing changes", () => {
    const roster = Roster.of(certificates.slice(0, 10), rings, fakeCrypto);
    const grown = roster.with(certificates);
    for (const { agent } of certificates.slice(0, 10)) expect(grown.slotOf(agent)).toBe(roster.slotOf(agent));
    expect(grown.with(certificates)).toBe(grown);
    expect(roster.with(certificates)).toBe(grown);
    expect(roster.size).toBe(10);
  });

  test("goes both ways round", () => {
    const roster = Roster.of(certificates, rings, fakeCrypto);
    for (let slot = 0; slot < roster.size; slot += 1) {
      for (let ring = 0; ring < rings; ring += 1) {
        expect(roster.neighbor(ring, roster.neighbor(ring, slot, 1), -1)).toBe(slot);
      }
    }
  });

  test("moves a member whose inviter gave it another nonce", () => {
    const roster = Roster.of(certificates, rings, fakeCrypto);
    const [first] = certificates as [(typeof certificates)[number]];
    const again = { ...first, certificate: { ...first.certificate, nonce: "ab".repeat(16) } };
    const moved = roster.with([again]);
    expect(moved.slotOf(first.agent)).toBe(roster.slotOf(first.agent));
    const slot = roster.slotOf(first.agent) ?? -1;
    const neighbors = (of: Roster): number[] =>
      Array.from({ length: rings }, (_, ring) => of.neighbor(ring, slot, 1));
    expect(neighbors(moved)).not.toEqual(neighbors(roster));
    expect(new Set(Array.from({ length: moved.size }, (_, index) => moved.agentAt(index))).size).toBe(
      moved.size,
    );
  });
});

describe("observers", () => {
  test("up to 12 members everyone observes everyone", () => {
    const directory = directoryOf(people.slice(0, 12));
    for (const person of people.slice(0, 12)) expect(observersOf(directory, person)).toHaveLength(11);
  });

  test("above, at most 10 observe one, and whoever observes is observed", () => {
    const directory = directoryOf(people);
    for (const person of people) {
      const observers = observersOf(directory, person);
      expect(observers.length).toBeGreaterThanOrEqual(7);
      expect(observers.length).toBeLessThanOrEqual(10);
      for (const observer of people.filter(({ agent }) => observers.includes(agent))) {
        expect(observersOf(directory, observer)).toContain(person.agent);
      }
    }
  });

  test("stay mutual among the living whoever dies, and the dead in between go on being dialed", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(people, { minLength: 1, maxLength: 40 }), (dying) => {
        const directory = directoryOf(people);
        for (const person of dying) die(directory, person);
        const living = people.filter((person) => !dying.includes(person));
        const dialed = new Set<string>();
        for (const person of living) {
          const { observers, passed } = assignmentOf(directory, person);
          for (const observer of living.filter(({ agent }) => observers.includes(agent))) {
            expect(observersOf(directory, observer)).toContain(person.agent);
          }
          for (const dead of dying) expect(observers).not.toContain(dead.agent);
          for (const agent of passed) dialed.add(agent);
        }
        expect(dialed).toEqual(new Set(dying.map(({ agent }) => agent)));
      }),
      { numRuns: 20 },
    );
  });

  test("a vote counts from whoever is assigned, or was until it died", () => {
    const directory = directoryOf(people);
    const subject = people[0] as Person;
    const before = observersOf(directory, subject);
    const observer = people.find(({ agent }) => agent === before[0]) as Person;
    die(directory, observer);
    const after = assignmentOf(directory, subject);
    expect(after.observers).not.toContain(observer.agent);
    const now = new Observers(directory, defaultSettings);
    expect(now.isAssigned(observer.agent, subject.agent)).toBe(true);
    const stranger = people.find(
      ({ agent }) => !now.isAssigned(agent, subject.agent) && agent !== subject.agent,
    ) as Person;
    expect(now.isAssigned(stranger.agent, subject.agent)).toBe(false);
  });
});

describe("quorum", () => {
  const quorum = (count: number): number => {
    const directory = directoryOf(people.slice(0, count));
    return quorumOf(directory, people[0] as Person).votes;
  };

  test("is max(2, ⌊m/2⌋+1) of the m others up to 12 members", () => {
    expect([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map(quorum)).toEqual([2, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
  });

  test("is seven tenths of the assigned observers above", () => {
    const directory = directoryOf(people);
    for (const person of people) {
      const { observers, votes } = quorumOf(directory, person);
      expect(votes).toBe([0, 0, 0, 0, 0, 0, 0, 5, 6, 7, 7][observers]);
    }
  });

  test("counts who is neither dead nor left", () => {
    const directory = directoryOf(people.slice(0, 7));
    die(directory, people[1] as Person);
    directory.accept(memberOf(people[2] as Person, [1, 1, 1], { status: "left" }));
    directory.accept(memberOf(people[3] as Person, [1, 1, 1], { status: "away" }));
    expect(quorumOf(directory, people[0] as Person)).toEqual({ observers: 4, votes: 3 });
  });

  test("stays the same for agents that have heard of different deaths", () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(people.slice(1), { minLength: 1, maxLength: 30 }),
        fc.nat(),
        (dying, cut) => {
          const subject = people[0] as Person;
          const [some, all] = [directoryOf(people), directoryOf(people)];
          for (const person of dying) die(all, person);
          for (const person of dying.slice(0, cut % dying.length)) die(some, person);
          expect(quorumOf(some, subject).votes).toBe(quorumOf(all, subject).votes);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe("what is remembered of observers", () => {
  test("is what would be found anew, whoever dies and returns", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ index: fc.nat({ max: 39 }), dies: fc.boolean() }), { maxLength: 60 }),
        (changes) => {
          const members = people.slice(0, 40);
          const directory = directoryOf(members);
          const remembering = new Observers(directory, { ...defaultSettings, fullMeshMembersMax: 30 });
          for (const { index, dies } of changes) {
            const person = members[index] as Person;
            const [, , n] = directory.get(person.agent)?.entry.entry.incarnation ?? [0, 0, 0];
            if (dies) die(directory, person, n);
            else directory.accept(memberOf(person, [1, 1, n + 1]));
            const asked = [members[0], members[7], person] as Person[];
            const found = asked.map(({ agent }) => remembering.of(agent));
            const anew = new Observers(Directory.restore(directory.roster, directory.dump()), {
              ...defaultSettings,
              fullMeshMembersMax: 30,
            });
            expect(found).toEqual(asked.map(({ agent }) => anew.of(agent)));
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe("what is proven at once", () => {
  test("is proven by a count of all votes too, whoever is dead, away, or unknown", () => {
    const seen = { proven: 0, not: 0 };
    const standing = fc.constantFrom("alive", "alive", "alive", "dead", "dead", "away", "left", "unknown");
    fc.assert(
      fc.property(
        fc.oneof(fc.constant([]), fc.array(standing, { minLength: 60, maxLength: 60 })),
        fc.array(fc.nat({ max: 59 }), { maxLength: 40 }),
        fc.nat({ max: 59 }),
        fc.nat({ max: 10 }),
        fc.nat({ max: 60 }),
        (standings, dead, own, near, far) => {
          const directory = new Directory(Roster.of(certificates, rings, fakeCrypto));
          for (const [index, person] of people.entries()) {
            const at = standings[index] ?? "alive";
            if (at === "unknown" && index !== own) continue;
            const status = at === "away" || at === "left" ? at : "alive";
            directory.accept(memberOf(person, [1, 1, 0], { status }));
            if (at === "dead") die(directory, person);
          }
          for (const index of dead) if (index !== own) die(directory, people[index] as Person);
          const subject = people[own] as Person;
          const observers = new Observers(directory, defaultSettings);
          const neighbors = directory.roster
            .neighborsOf(own)
            .slice(0, near)
            .map((slot) => people[slot] as Person);
          const voters = new Set([...neighbors, ...people.slice(0, far)]);
          voters.delete(subject);
          const votes = [...voters].map((voter) => voteOf(voter, subject, [1, 1, 0]));
          const isProven = observers.isProvenAtOnce({
            subject: subject.agent,
            incarnation: [1, 1, 0],
            votes,
          });
          seen[isProven ? "proven" : "not"] += 1;
          const { counted, quorum } = observers.weigh(subject.agent, votes);
          if (isProven) expect(counted.length).toBeGreaterThanOrEqual(quorum.votes);
        },
      ),
    );
    expect(Math.min(seen.proven, seen.not)).toBeGreaterThan(5);
  });

  test("is never one vote, however few are asked for", () => {
    const directory = directoryOf(people);
    const [subject] = people as [Person];
    const observers = new Observers(directory, { ...defaultSettings, quorumVotes: 1 });
    const voters = directory.roster.neighborsOf(0).map((slot) => people[slot] as Person);
    const isProven = (count: number): boolean => {
      const votes = voters.slice(0, count).map((voter) => voteOf(voter, subject, [1, 1, 0]));
      return observers.isProvenAtOnce({ subject: subject.agent, incarnation: [1, 1, 0], votes });
    };
    expect([isProven(1), isProven(2)]).toEqual([false, true]);
    expect(observers.quorumOf(subject.agent).votes).toBe(2);
  });
});
