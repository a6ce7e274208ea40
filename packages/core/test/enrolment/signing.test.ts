import { isRejection } from "@antibody/policy";
import { describe, expect, test } from "vitest";
import type { SignedStatement, UnsignedStatement } from "../../src/contract/statements.ts";
import { verifyEviction } from "../../src/enrolment/eviction.ts";
import { verifyMember } from "../../src/enrolment/member.ts";
import { signStatement } from "../../src/enrolment/signing.ts";
import { verifySighting, verifyVote } from "../../src/enrolment/vote.ts";
import { foundHome } from "./home.ts";
import { realCrypto as crypto, signerOf } from "./keys.ts";

const { charter, idOf, lineOf } = foundHome(crypto, signerOf);
const certificate = lineOf(["founder", "hall"]);
const member = { certificate, signer: signerOf("hall") };
const certificateOf = (agent: string) => (agent === certificate.agent ? certificate : undefined);
const { swarm } = charter;

const entry = (name: string): UnsignedStatement => ({
  ...{ v: 1, type: "entry", swarm, agent: idOf(name), incarnation: [1, 1, 0], status: "alive" },
  ...{ addresses: ["/ip4/1.2.3.4/tcp/5"], capabilities: [], build: "1" },
});
const word = { v: 1, swarm, subject: idOf("kitchen"), incarnation: [1, 1, 0], sequence: [1, 1] } as const;
const vote = (name: string): UnsignedStatement => ({
  ...word,
  ...{ type: "vote", observer: idOf(name), evidence: "refused" },
});
const sighting = (name: string): UnsignedStatement => ({
  ...word,
  ...{ type: "sighting", observer: idOf(name), finding: "missing" },
});
const eviction = (by: string): UnsignedStatement => ({
  type: "eviction",
  eviction: {
    ...{ v: 1, type: "eviction", swarm, agent: idOf("kitchen") },
    ...{ signer: Buffer.from(signerOf(by).publicKey).toString("hex"), keeps: [], reason: "stolen" },
  },
  chain: lineOf(["founder", "hall", "kitchen"]).chain,
});

function sign(statement: UnsignedStatement): SignedStatement {
  return signStatement(statement, member, charter, crypto);
}

describe("what a member signs", () => {
  test("its peers verify", () => {
    const said = [entry("hall"), vote("hall"), sighting("hall"), eviction("hall")].map(sign);
    const read = said.map((signed) => {
      if (signed.type === "entry")
        return verifyMember({ chain: certificate.chain, entry: signed.entry.bytes }, charter, crypto);
      if (signed.type === "vote") return verifyVote(signed.vote.bytes, certificateOf, crypto);
      if (signed.type === "sighting") return verifySighting(signed.sighting.bytes, certificateOf, crypto);
      if (signed.type === "eviction") {
        const { chain, bytes } = signed.eviction;
        return verifyEviction({ chain, eviction: bytes }, charter, crypto);
      }
      throw new Error(`not tried here: ${signed.type}`);
    });
    expect(read.filter(isRejection)).toEqual([]);
    expect(said.map(({ type }) => type)).toEqual(["entry", "vote", "sighting", "eviction"]);
  });

  test.each([
    ["the entry of another", entry("kitchen")],
    ["the vote of another", vote("garage")],
    ["the sighting of another", sighting("garage")],
    ["an eviction in another's name", eviction("founder")],
  ])("%s is refused before it is said", (_, statement) => {
    expect(() => sign(statement)).toThrow(/The agent's own \w+ is not sound/);
  });
});
