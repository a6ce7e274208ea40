import { type AgentId, compareText, toHex } from "@antibody/policy";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accepted } from "../../../../policy/test/support.ts";
import type { VerifiedEviction } from "../../../src/contract/statements.ts";
import { sealEviction, verifyEviction } from "../../../src/enrolment/eviction.ts";
import { evictionsMax, evictionsPerAgentMax } from "../../../src/limits.ts";
import { Evictions } from "../../../src/swarm/members/evictions.ts";
import { foundHome } from "../../enrolment/home.ts";
import { fakeCrypto, signerOf } from "../people.ts";

const { charter, idOf, lineOf } = foundHome(fakeCrypto, signerOf);

/** An eviction of the last of a line of members, founder first. */
function evict(names: readonly string[], by: string, reason: string, keeps: readonly string[] = []) {
  const { chain } = lineOf(names);
  const signer = signerOf(by);
  const body = {
    v: 1,
    type: "eviction",
    swarm: charter.swarm,
    agent: idOf(names.at(-1) ?? ""),
    signer: toHex(signer.publicKey),
    keeps: keeps.map(idOf).sort(compareText),
    reason,
  } as const;
  return accepted(verifyEviction({ chain, eviction: sealEviction(body, signer) }, charter, fakeCrypto));
}

const line = (...names: readonly string[]): readonly AgentId[] => names.map(idOf);

/** More words of a thief on itself than there is room for. */
const lastWords = Array.from({ length: 2 * evictionsPerAgentMax }, (_, index) =>
  evict(["founder", "hall"], "hall", `word ${index}`, ["sybil"]),
);
const answers = [
  evict(["founder", "hall"], "founder", "stolen", ["kitchen"]),
  evict(["founder", "hall"], "recovery", "stolen", ["kitchen", "cellar"]),
];

describe("a thief with an inviter's key", () => {
  test("leaves the answer of the inviter above no less room", () => {
    const evictions = new Evictions([...lastWords, answers[0] as VerifiedEviction]);
    expect(evictions.standing(line("founder", "hall", "sybil"))?.by).toBe(idOf("founder"));
    expect(evictions.standing(line("founder", "hall", "kitchen"))).toBeUndefined();
  });

  test("does not split the swarm: what is held does not depend on what came first", () => {
    const all = [...lastWords, ...answers];
    const held = new Evictions(all);
    expect(held.of(idOf("hall"))).toHaveLength(evictionsPerAgentMax + 1);
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
        const other = new Evictions(shuffled);
        expect(other.digests()).toEqual(held.digests());
        expect(other.mixInto("00".repeat(8))).toBe(held.mixInto("00".repeat(8)));
      }),
    );
  });

  test("cannot fill the set against the inviter above, who empties it by one answer", () => {
    const flood = Array.from({ length: evictionsMax }, (_, index) =>
      evict(["founder", "hall", `sybil-${index}`], "hall", "flood"),
    );
    const evictions = new Evictions(flood);
    expect(evictions.size).toBe(evictionsMax);
    expect(evictions.accept(evict(["founder", "hall", "late"], "hall", "flood"))).toBeTypeOf("boolean");
    expect(evictions.size).toBe(evictionsMax);
    expect(evictions.accept(answers[0] as VerifiedEviction)).toBe(true);
    expect(evictions.standing(line("founder", "hall"))?.by).toBe(idOf("founder"));
    expect(evictions.accept(evict(["founder", "shed"], "founder", "lost"))).toBe(true);
    expect(evictions.size).toBeLessThan(10);
  });
});
