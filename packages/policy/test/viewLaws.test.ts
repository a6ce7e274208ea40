import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  belowFloor,
  compareVersions,
  type Grant,
  matchesAnyGlob,
  raiseFloor,
  type VerifiedPolicy,
  type View,
  type ViewInput,
  view,
} from "../src/index.ts";
import { authorOf, bundleOf, documentOf, grantOf, home, streamOf } from "./support.ts";

// A pool of documents that overlap in every way: authors, streams, generations, forks, guards, powers.
const authors = ["alice", "bob", "carol"].map((label) => authorOf(label));
const lab = streamOf("lab");
const pool: readonly VerifiedPolicy[] = authors.flatMap((by, index) => {
  const motd = (content: string) => documentOf("motd", { "file:/etc/motd": { content } });
  const shared = documentOf("shared", { "file:/etc/shared": { content: "same" }, "process:x": {} });
  const guarded = documentOf(
    "guarded",
    { "file:/srv/a": { content: by.author } },
    'tags.exists("greenhouse")',
  );
  return [
    by.rootPolicy,
    ...bundleOf(by, 1, [motd(`one of ${index}`), shared]).all,
    ...bundleOf(by, 2, [motd(`two of ${index}`), guarded]).all,
    ...bundleOf(by, 2, [motd(`fork of ${index}`)]).all,
    ...bundleOf(by, 3, [shared], { stream: lab }).all,
    ...bundleOf(by, 4, [guarded, documentOf("odd", { "quantum:x": {} })], { stream: lab }).all,
  ];
});

const grants: fc.Arbitrary<readonly Grant[]> = fc.array(
  fc
    .record({
      by: fc.constantFrom(...authors),
      rank: fc.integer({ min: 1, max: 2 }),
      mode: fc.constantFrom<Grant["mode"][]>("enforce", "warn", "observe"),
      scope: fc.subarray(["file:/etc/**", "file:/srv/*", "process:*", "**"]),
      powers: fc.subarray<Grant["powers"][number]>(["process"]),
      bytesMax: fc.constantFrom(500, 2500, 100_000),
    })
    .map(({ by, ...rest }) => grantOf(by.author, rest)),
  { maxLength: 4 },
);

const floors = fc
  .array(fc.record({ by: fc.constantFrom(...authors), generation: fc.integer({ min: 1, max: 4 }) }), {
    maxLength: 2,
  })
  .map((entries) =>
    entries.reduce(
      (all, { by, generation }) => raiseFloor(all, by.author, home, { epoch: 1, generation }),
      new Map() as ViewInput["floors"],
    ),
  );

const scenario = fc.record({
  set: fc.subarray([...pool]),
  grants,
  floors,
  tags: fc.constantFrom<readonly string[]>([], ["greenhouse"]),
});

function inputOf(
  set: Iterable<VerifiedPolicy>,
  rest: { grants: readonly Grant[]; floors: ViewInput["floors"]; tags: readonly string[] },
): ViewInput {
  return {
    set,
    grants: rest.grants,
    floors: rest.floors,
    contexts: { arch: "x64", hostname: "h", name: "n", os: "linux", tags: rest.tags },
    requires: (kind) => (kind === "file" ? [] : kind === "process" ? ["process"] : undefined),
    protectedGlobs: ["file:/srv/secret"],
  };
}

/** A view as one text, in its own order: maps compare with their order, not only their content. */
function textOf(made: View): string {
  return JSON.stringify({ ...made, promises: [...made.promises], frozen: [...made.frozen] });
}

describe("the view", () => {
  it("does not depend on the order of arrival, nor on repetition, nor on the order of grants", () => {
    const shuffle = fc.infiniteStream(fc.nat());
    fc.assert(
      fc.property(scenario, shuffle, shuffle, ({ set, ...rest }, random, other) => {
        const made = textOf(view(inputOf(set, rest)));
        const repeated = set.flatMap((policy) =>
          Number(random.next().value) % 2 === 0 ? [policy, policy] : [policy],
        );
        const shuffled = repeated
          .map((policy) => ({ policy, key: Number(random.next().value) }))
          .sort((left, right) => left.key - right.key)
          .map(({ policy }) => policy);
        const regranted = rest.grants
          .map((grant) => ({ grant, key: Number(other.next().value) }))
          .sort((left, right) => left.key - right.key)
          .map(({ grant }) => grant);
        expect(textOf(view(inputOf(shuffled, { ...rest, grants: regranted })))).toBe(made);
      }),
      { numRuns: 400 },
    );
  });

  it("agrees on two devices that exchange what they have, whoever speaks first", () => {
    fc.assert(
      fc.property(scenario, fc.subarray([...pool]), ({ set, ...rest }, more) => {
        expect(textOf(view(inputOf([...set, ...more], rest)))).toBe(
          textOf(view(inputOf([...more, ...set], rest))),
        );
      }),
      { numRuns: 200 },
    );
  });

  it("puts in force only what a grant allows, of the active generation, never below a floor", () => {
    fc.assert(
      fc.property(scenario, ({ set, ...rest }) => {
        const made = view(inputOf(set, rest));
        for (const [resource, entry] of made.promises) {
          const able = rest.grants.filter(
            (grant) =>
              grant.author === entry.author &&
              grant.rank === entry.rank &&
              matchesAnyGlob(grant.scope, resource) &&
              (!resource.startsWith("process:") || grant.powers.includes("process")),
          );
          expect(able.map((grant) => grant.mode)).toContain(entry.mode);
          expect(belowFloor(rest.floors, entry.author, entry.stream, entry.version)).toBe(false);
          const state = made.streams.find(
            (candidate) => candidate.author === entry.author && candidate.stream === entry.stream,
          );
          expect(state?.held).toBeUndefined();
          expect(state?.active === undefined ? 1 : compareVersions(state.active.version, entry.version)).toBe(
            0,
          );
          expect(set.some((policy) => policy.id === entry.fragment)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("never enforces what is frozen, and says why it is", () => {
    fc.assert(
      fc.property(scenario, ({ set, ...rest }) => {
        const made = view(inputOf(set, rest));
        for (const resource of made.frozen) {
          expect(made.promises.has(resource)).toBe(false);
          const reasons = made.held
            .filter((claim) => claim.resource === resource)
            .map((claim) => claim.reason);
          expect(reasons.some((reason) => ["conflict", "equivocation", "quota"].includes(reason))).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("lets nobody below gain a resource by making a stream equivocate", () => {
    const [alice, bob] = authors;
    if (alice === undefined || bob === undefined) throw new Error("Two authors are expected");
    const grantsOfTwo = [
      grantOf(alice.author, { rank: 2, powers: ["process"] }),
      grantOf(bob.author, { rank: 1 }),
    ];
    fc.assert(
      fc.property(fc.subarray([...pool]), fc.subarray([...pool]), (set, more) => {
        const rest = { grants: grantsOfTwo, floors: new Map(), tags: [] };
        const before = view(inputOf(set, rest));
        const after = view(
          inputOf([...set, ...more.filter((policy) => policy.author === alice.author)], rest),
        );
        const equivocates = after.streams.some(
          (state) => state.held === "equivocation" && state.author === alice.author && state.stream === home,
        );
        fc.pre(equivocates);
        for (const [resource, entry] of before.promises) {
          if (entry.author !== alice.author || entry.stream !== home) continue;
          expect(after.frozen.has(resource)).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});
