import fc from "fast-check";
import { expect, it } from "vitest";
import { type OwnerGrant, type OwnerWord, ownerStands, ownersWord } from "../src/index.ts";
import { authorOf } from "./support.ts";

const authors = ["alice", "bob"].map((label) => authorOf(label).author);
const owners = ["aa".repeat(32), "bb".repeat(32)];
const [own = ""] = owners;

const grants: fc.Arbitrary<OwnerGrant> = fc.record({
  scope: fc.constant(["**"]),
  rank: fc.integer({ min: 1, max: 2 }),
  mode: fc.constant("enforce" as const),
  powers: fc.constant([]),
  bytesMax: fc.constant(1),
});

const words: fc.Arbitrary<readonly OwnerWord[]> = fc.array(
  fc
    .record({
      owner: fc.constantFrom(...owners),
      subject: fc.constantFrom(...authors),
      sequence: fc.integer({ min: 1, max: 4 }),
      grant: fc.option(grants, { nil: undefined }),
    })
    .map(({ grant, ...word }) => ({ v: 1, type: "owner", ...word, ...(grant && { grant }) }) as const),
  { maxLength: 8 },
);

it("what an owner's words say together does not depend on their order, and not on other owners", () => {
  fc.assert(
    fc.property(words, fc.infiniteStream(fc.nat()), (said, keys) => {
      const shuffled = said
        .map((word) => ({ word, key: Number(keys.next().value) }))
        .sort((left, right) => left.key - right.key)
        .map(({ word }) => word);
      const stands = ownerStands(shuffled, own);
      expect(stands).toEqual(ownerStands(said, own));
      expect(stands).toEqual(
        ownerStands(
          said.filter(({ owner }) => owner === own),
          own,
        ),
      );
      for (const author of authors) {
        const about = said.filter(({ owner, subject }) => owner === own && subject === author);
        const sequence = Math.max(0, ...about.map((word) => word.sequence));
        const newest = about.filter((word) => word.sequence === sequence);
        const stand = stands.find((each) => each.author === author);
        expect(stand?.sequence ?? 0).toBe(sequence);
        const [only] = newest.length === 1 ? newest : [];
        const expected = only?.grant && { ...only.grant, author, introducedBy: ownersWord };
        expect(stand?.grant).toEqual(expected);
      }
    }),
    { numRuns: 300 },
  );
});
