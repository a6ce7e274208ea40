import { type AgentId, compareText, type Signer, toHex } from "@antibody/policy";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accepted } from "../../../policy/test/support.ts";
import type { Eviction, VerifiedEviction } from "../../src/contract/statements.ts";
import { evictionOf } from "../../src/enrolment/belonging.ts";
import { sealCharter, verifyCharter } from "../../src/enrolment/charter.ts";
import { sealEviction, verifyEviction } from "../../src/enrolment/eviction.ts";
import { foundHome } from "./home.ts";
import { realCrypto as crypto, signerOf } from "./keys.ts";

const founder = signerOf("founder");
const { charter, idOf, lineOf } = foundHome(crypto, signerOf);

function seal(
  names: readonly string[],
  signer: Signer,
  keeps: readonly string[] = [],
  change: Partial<Eviction> = {},
) {
  const subject = lineOf(names);
  const eviction = sealEviction(
    {
      v: 1,
      type: "eviction",
      swarm: charter.swarm,
      agent: subject.agent,
      signer: toHex(signer.publicKey),
      keeps: keeps.map(idOf).sort(compareText),
      reason: "stolen",
      ...change,
    },
    signer,
  );
  return { chain: subject.chain, eviction };
}

/** An eviction of the last of a chain, by a name of it or by the recovery key. */
function evict(names: readonly string[], by: string, keeps: readonly string[] = []): VerifiedEviction {
  return accepted(verifyEviction(seal(names, signerOf(by), keeps), charter, crypto));
}

/** Whether the last of a chain is out, given a set of evictions. */
function isOut(names: readonly string[], ...evictions: readonly VerifiedEviction[]): boolean {
  const of = (agent: AgentId): readonly VerifiedEviction[] =>
    evictions.filter((eviction) => eviction.agent === agent);
  return evictionOf(names.map(idOf), of) !== undefined;
}

describe("who may evict", () => {
  const chain = ["founder", "hall", "kitchen"];

  test.each(["founder", "hall", "kitchen"])("%s, who stands in the lineage", (name) => {
    expect(evict(chain, name)).toMatchObject({ agent: idOf("kitchen"), name: "kitchen", by: idOf(name) });
  });

  test("the recovery key", () => {
    expect(evict(["founder"], "recovery").by).toBe("recovery");
  });

  test.each([
    ["a stranger", seal(chain, signerOf("mallory")), "missingPower"],
    ["a member beside", seal(["founder", "hall"], signerOf("kitchen")), "missingPower"],
    ["someone with another's name on it", signedByOther(), "badSignature"],
    ["a member of another swarm", seal(chain, founder, [], { swarm: otherSwarm() }), "wrongSwarm"],
    [
      "with another's chain",
      { ...seal(chain, founder), chain: lineOf(["founder", "hall"]).chain },
      "malformed",
    ],
  ])("not %s", (_who, wire, reason) => {
    expect(verifyEviction(wire, charter, crypto)).toMatchObject({ reason });
  });

  function signedByOther() {
    const { chain: bytes } = lineOf(chain);
    const body: Eviction = {
      v: 1,
      type: "eviction",
      swarm: charter.swarm,
      agent: idOf("kitchen"),
      signer: toHex(founder.publicKey),
      keeps: [],
      reason: "stolen",
    };
    return { chain: bytes, eviction: sealEviction(body, signerOf("mallory")) };
  }

  function otherSwarm() {
    const body = { ...charter.charter, nonce: "11".repeat(16) };
    return accepted(verifyCharter(sealCharter(body, founder), crypto)).swarm;
  }
});

describe("who belongs", () => {
  test("everyone of whom nothing is said", () => {
    expect(isOut(["founder", "hall", "kitchen"])).toBe(false);
    expect(isOut(["founder", "hall"], evict(["founder", "hall", "kitchen"], "hall"))).toBe(false);
  });

  test("not who is evicted, nor whom it has invited", () => {
    const eviction = evict(["founder", "hall"], "founder");
    expect(isOut(["founder", "hall"], eviction)).toBe(true);
    expect(isOut(["founder", "hall", "kitchen"], eviction)).toBe(true);
  });

  test("whom the eviction keeps, and whom they invite", () => {
    const eviction = evict(["founder", "hall"], "founder", ["kitchen"]);
    expect(isOut(["founder", "hall", "kitchen"], eviction)).toBe(false);
    expect(isOut(["founder", "hall", "kitchen", "shed"], eviction)).toBe(false);
    expect(isOut(["founder", "hall", "sybil"], eviction)).toBe(true);
  });

  test("whom a stolen inviter's key evicts, and its own inviter keeps", () => {
    const theft = evict(["founder", "hall", "kitchen"], "hall");
    expect(isOut(["founder", "hall", "kitchen"], theft)).toBe(true);
    const answer = evict(["founder", "hall"], "founder", ["kitchen"]);
    expect(isOut(["founder", "hall", "kitchen"], theft, answer)).toBe(false);
  });

  test("a founder whose key is stolen goes by the recovery key, and takes nobody along", () => {
    const names = ["hall", "kitchen"];
    const theft = names.map((name) => evict(["founder", name], "founder"));
    const answer = evict(["founder"], "recovery", names);
    expect(isOut(["founder"], answer, ...theft)).toBe(true);
    for (const name of names) expect(isOut(["founder", name], answer, ...theft)).toBe(false);
  });

  /** Deeds of a thief who holds the key of one inviter: evictions below itself, and a last word on itself. */
  const deeds = fc.subarray(["kitchen", "cellar", "kitchen/shed", "itself", "itself, keeping its own"]);

  function theftOf(deed: string): VerifiedEviction {
    if (deed === "itself") return evict(["founder", "hall"], "hall");
    if (deed === "itself, keeping its own") return evict(["founder", "hall"], "hall", ["sybil"]);
    return evict(["founder", "hall", ...deed.split("/")], "hall");
  }

  test("once answered, a thief with an inviter's key changes nothing that the answer keeps", () => {
    fc.assert(
      fc.property(deeds, fc.boolean(), (done, isFirst) => {
        const theft = done.map(theftOf);
        const answer = evict(["founder", "hall"], "founder", ["cellar", "kitchen"]);
        const all = isFirst ? [answer, ...theft] : [...theft, answer];
        expect(isOut(["founder", "hall", "kitchen"], ...all)).toBe(false);
        expect(isOut(["founder", "hall", "kitchen", "shed"], ...all)).toBe(false);
        expect(isOut(["founder", "hall", "cellar"], ...all)).toBe(false);
        expect(isOut(["founder", "hall"], ...all)).toBe(true);
        expect(isOut(["founder", "hall", "sybil"], ...all)).toBe(true);
      }),
    );
  });
});
