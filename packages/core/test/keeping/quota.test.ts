import { type AuthorId, makeId, type VerifiedPolicy } from "@antibody/policy";
import { describe, expect, it } from "vitest";
import { type Accepted, PolicyQuota } from "../../src/keeping/quota.ts";
import {
  authorRootsMax,
  policyIdsMax,
  rootIdsReserved,
  rootsPerIntroducerMax,
  strangersBytesMax,
  ungrantedBytesMax,
} from "../../src/limits.ts";

const [trusted, stranger] = [1, 2].map((seed) => makeId("author", new Uint8Array(32).fill(seed))) as [
  AuthorId,
  AuthorId,
];
const from = makeId("agent", new Uint8Array(32).fill(3));
const owner = "aa";
const accepted: Accepted = {
  bytesMaxOf: (author) => (author === trusted ? Number.MAX_SAFE_INTEGER : undefined),
  obeys: (key) => key === owner,
};

function document(
  type: "root" | "fragment" | "owner",
  author: AuthorId = trusted,
  by: string = owner,
): VerifiedPolicy {
  return { type, author, word: { owner: by }, bytes: new Uint8Array(1) } as unknown as VerifiedPolicy;
}

describe("a store that holds as many envelopes as it may", () => {
  const quota = new PolicyQuota();
  for (let count = 0; count < policyIdsMax - rootIdsReserved; count += 1)
    quota.add(document("fragment"), from);
  const refused = (policy: VerifiedPolicy, by: "owner" | typeof from = from): boolean =>
    quota.refusalOf(policy, by, accepted, 2) !== undefined;

  it("keeps room for what says whom to trust, and takes nothing else", () => {
    expect(refused(document("fragment"))).toBe(true);
    expect(refused(document("fragment"), "owner")).toBe(true);
    expect(refused(document("root"))).toBe(false);
    expect(refused(document("owner"))).toBe(false);
    expect(refused(document("root", stranger), "owner")).toBe(false);
  });

  it("keeps it for those who are accepted", () => {
    expect(refused(document("root", stranger))).toBe(true);
    expect(refused(document("owner", stranger, "bb"))).toBe(true);
  });

  it("and no more than that", () => {
    for (let count = 0; count < rootIdsReserved; count += 1) quota.add(document("owner"), "owner");
    expect(refused(document("root"))).toBe(true);
    expect(refused(document("root"), "owner")).toBe(true);
  });
});

describe("room", () => {
  const bytesMax = 100;
  const granting: Accepted = {
    ...accepted,
    bytesMaxOf: (author) => (author === trusted ? bytesMax : undefined),
  };
  const sized = (bytes: number, author: AuthorId): VerifiedPolicy =>
    ({ type: "fragment", author, bytes: new Uint8Array(bytes) }) as unknown as VerifiedPolicy;
  const author = (seed: number): AuthorId => makeId("author", new Uint8Array(32).fill(seed));

  it("of a granted author is that of as many generations as are held at once", () => {
    const quota = new PolicyQuota();
    quota.add(sized(bytesMax, trusted), from);
    expect(quota.refusalOf(sized(bytesMax, trusted), from, granting, 2)).toBeUndefined();
    expect(quota.refusalOf(sized(bytesMax + 1, trusted), from, granting, 2)?.reason).toBe("quota");
    expect(quota.refusalOf(sized(bytesMax, trusted), from, granting, 1)?.reason).toBe("quota");
  });

  it("of an author's roots is bounded", () => {
    const quota = new PolicyQuota();
    for (let count = 0; count < authorRootsMax; count += 1) {
      expect(quota.refusalOf(document("root"), from, granting, 2)).toBeUndefined();
      quota.add(document("root"), from);
    }
    expect(quota.refusalOf(document("root"), from, granting, 2)?.reason).toBe("quota");
  });

  it("of authors that one peer introduces is bounded", () => {
    const quota = new PolicyQuota();
    for (let seed = 10; seed < 10 + rootsPerIntroducerMax; seed += 1) {
      expect(quota.refusalOf(document("root", author(seed)), from, granting, 2)).toBeUndefined();
      quota.add(document("root", author(seed)), from);
    }
    expect(quota.refusalOf(document("root", author(200)), from, granting, 2)?.reason).toBe("quota");
    // Who is there already brings its next root.
    expect(quota.refusalOf(document("root", author(10)), from, granting, 2)).toBeUndefined();
  });

  it("of all strangers together is bounded in bytes, however many they are", () => {
    const quota = new PolicyQuota();
    let held = 0;
    for (let seed = 10; held + ungrantedBytesMax <= strangersBytesMax; seed += 1) {
      expect(quota.refusalOf(sized(ungrantedBytesMax, author(seed)), from, granting, 2)).toBeUndefined();
      quota.add(sized(ungrantedBytesMax, author(seed)), from);
      held += ungrantedBytesMax;
    }
    const more = sized(ungrantedBytesMax, author(250));
    expect(quota.refusalOf(more, from, granting, 2)?.reason).toBe("quota");
    expect(quota.refusalOf(sized(bytesMax, trusted), from, granting, 2)).toBeUndefined();
  });
});
