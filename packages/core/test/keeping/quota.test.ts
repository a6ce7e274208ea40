import { type AuthorId, makeId, type VerifiedPolicy } from "@antibody/policy";
import { describe, expect, it } from "vitest";
import { type Accepted, PolicyQuota } from "../../src/keeping/quota.ts";
import { policyIdsMax, rootIdsReserved } from "../../src/limits.ts";

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
