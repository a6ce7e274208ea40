import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DeathCertificate, Incarnation, Member } from "../../../src/contract/statements.ts";
import { bootJumpMax } from "../../../src/limits.ts";
import { Directory } from "../../../src/swarm/members/directory.ts";
import { Roster } from "../../../src/swarm/members/roster.ts";
import { differingBuckets, differingMembers, summaryOf } from "../../../src/swarm/reconciling/compare.ts";
import { enrol, fakeCrypto, memberOf, type Person, voteOf } from "../people.ts";

const people = Array.from({ length: 6 }, (_, index) => enrol(`member-${index}`));
const [first, second] = people as [Person, Person];
const empty = (): Directory => new Directory(Roster.of([], 5, fakeCrypto));

function deathOf(subject: Person, incarnation: Incarnation): DeathCertificate {
  const voter = people.find((person) => person !== subject) as Person;
  return { subject: subject.agent, incarnation, votes: [voteOf(voter, subject, incarnation)] };
}

type Heard = { readonly member: Member } | { readonly death: DeathCertificate };

function hear(directory: Directory, heard: Heard): void {
  if ("member" in heard) directory.accept(heard.member);
  else directory.declareDead(heard.death);
}

const person = fc.constantFrom(...people);
const incarnation: fc.Arbitrary<Incarnation> = fc.tuple(
  fc.constant(1),
  fc.integer({ min: 1, max: 2 }),
  fc.nat({ max: 2 }),
);
/** An honest subject says one thing in one incarnation. */
const statuses = ["alive", "away", "left"] as const;
const member = fc.record({ person, incarnation }).map(({ person: subject, incarnation: at }): Heard => {
  return { member: memberOf(subject, at, { status: statuses[(at[1] + at[2]) % 3] ?? "alive" }) };
});
const death = fc
  .record({ person, incarnation })
  .map(({ person: subject, incarnation: at }): Heard => ({ death: deathOf(subject, at) }));

describe("directory", () => {
  test("refuses an incarnation that jumps further than restarts get", () => {
    const directory = empty();
    expect(directory.accept(memberOf(first, [1, 1, 0]))).toBe("joined");
    expect(directory.accept(memberOf(first, [1, 2 ** 32, 0]))).toBe("refused");
    expect(directory.accept(memberOf(first, [1, 1, 2 ** 32]))).toBe("refused");
    expect(directory.accept(memberOf(second, [1, 2 ** 32, 0]))).toBe("refused");
    expect(directory.get(first.agent)?.entry.entry.incarnation).toEqual([1, 1, 0]);
    expect(directory.accept(memberOf(first, [1, 1 + bootJumpMax, 0]))).toBe("renewed");
  });

  test("takes a death on the incarnation that it holds, and on no other", () => {
    const directory = empty();
    expect(directory.declareDead(deathOf(first, [1, 1, 0]))).toBe(false);
    directory.accept(memberOf(first, [1, 1, 1]));
    expect(directory.declareDead(deathOf(first, [1, 1, 0]))).toBe(false);
    expect(directory.declareDead(deathOf(first, [1, 1, 2]))).toBe(false);
    expect(directory.declareDead(deathOf(first, [1, 1, 1]))).toBe(true);
    expect(directory.standingOf(first.agent)).toBe("dead");
    expect(directory.accept(memberOf(first, [1, 1, 1]))).toBe("known");
    expect(directory.accept(memberOf(first, [1, 1, 2]))).toBe("renewed");
    expect(directory.standingOf(first.agent)).toBe("alive");
  });

  test("says apart an older statement and another one of the same incarnation", () => {
    const directory = empty();
    directory.accept(memberOf(first, [1, 2, 0]));
    expect(directory.accept(memberOf(first, [1, 1, 5]))).toBe("older");
    expect(directory.accept(memberOf(first, [1, 2, 0], { addresses: ["/test/elsewhere"] }))).toBe(
      "conflicting",
    );
  });

  test("has a digest of its contents alone, whatever came in which order", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(member, death), { maxLength: 30 }), (heard) => {
        const directory = empty();
        for (const one of heard) hear(directory, one);
        const again = empty();
        for (const held of directory.members().reverse()) again.accept(held);
        for (const held of directory.deaths().toReversed()) again.declareDead(held);
        expect(again.digest).toBe(directory.digest);
        expect(again.bucketDigests).toEqual(directory.bucketDigests);
        expect(again.livingCount).toBe(directory.livingCount);
        expect(again.size).toBe(directory.size);
        const restored = Directory.restore(Roster.of([], 5, fakeCrypto), directory.dump());
        expect(restored.digest).toBe(directory.digest);
      }),
      { numRuns: 100 },
    );
  });

  test("digests differ when one incarnation or one death differs", () => {
    const directory = empty();
    const seen = new Set([directory.digest]);
    for (const at of [
      [1, 1, 0],
      [1, 1, 1],
      [1, 2, 0],
      [1, 2, 1],
    ] as const) {
      directory.accept(memberOf(first, at));
      seen.add(directory.digest);
      directory.declareDead(deathOf(first, at));
      seen.add(directory.digest);
    }
    expect(seen.size).toBe(9);
  });

  test("of one member has one bucket, which says what the whole says, whoever was asked before", () => {
    const directories = ([1, 2] as const).map((boot) => {
      const directory = empty();
      directory.accept(memberOf(first, [1, boot, 0]));
      return directory;
    });
    const [one, other] = directories as [Directory, Directory];
    for (const directory of [one, other, one, empty(), other]) {
      const filled = directory.bucketDigests.filter((text) => text !== "");
      expect(filled).toEqual(directory.size === 0 ? [] : [directory.digest]);
    }
    expect(one.digest).toMatch(/^[0-9a-f]{16}$/);
    expect(one.digest).not.toBe(other.digest);
  });

  test("two of them hold the same after one exchange in each direction", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(member, death), { maxLength: 25 }),
        fc.array(fc.oneof(member, death), { maxLength: 25 }),
        (mine, theirs) => {
          const [left, right] = [empty(), empty()];
          for (const one of mine) hear(left, one);
          for (const one of theirs) hear(right, one);
          exchange(left, right);
          // A death that came before its entry was void; what is held now is carried over.
          exchange(left, right);
          expect(left.digest).toBe(right.digest);
        },
      ),
      { numRuns: 200 },
    );
  });
});

/** Anti-entropy without messages: the left one leads. */
function exchange(left: Directory, right: Directory): void {
  const summary = summaryOf(right, differingBuckets(right, left.bucketDigests));
  const { wanted, lacked } = differingMembers(left, summary.buckets, summary.members);
  const pushed = lacked.map((one) => ({ one, death: left.deathOf(one.certificate.agent) }));
  for (const agent of wanted) copy(right, agent, left);
  for (const { one, death: held } of pushed) {
    right.accept(one);
    if (held !== undefined) right.declareDead(held);
  }
}

function copy(from: Directory, agent: Person["agent"], to: Directory): void {
  const held = from.get(agent);
  const dead = from.deathOf(agent);
  if (held !== undefined) to.accept(held);
  if (dead !== undefined) to.declareDead(dead);
}
