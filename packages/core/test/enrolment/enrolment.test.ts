import {
  type AgentId,
  isRejection,
  payloadType,
  type Rejection,
  type Signer,
  sealEnvelope,
  toHex,
} from "@antibody/policy";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type {
  Certificate,
  Charter,
  Entry,
  VerifiedCertificate,
  Vote,
} from "../../src/contract/statements.ts";
import { agentIdOf, sealCertificate, verifyChain } from "../../src/enrolment/certificate.ts";
import { sealCharter, verifyCharter } from "../../src/enrolment/charter.ts";
import { sealEntry, verifyEntry } from "../../src/enrolment/entry.ts";
import { compareIncarnation, isJumpTooLarge } from "../../src/enrolment/incarnation.ts";
import { memberRecord, memberWire, readMemberRecord, verifyMember } from "../../src/enrolment/member.ts";
import { sealSighting, sealVote, verifyDeath, verifySighting, verifyVote } from "../../src/enrolment/vote.ts";
import { bootJumpMax } from "../../src/limits.ts";
import { realCrypto as crypto, signerOf } from "./keys.ts";

const founder = signerOf("founder");
const charterBody: Charter = {
  v: 1,
  type: "charter",
  name: "home",
  founder: toHex(founder.publicKey),
  recovery: toHex(signerOf("recovery").publicKey),
  nonce: "00".repeat(16),
};
const charter = accepted(verifyCharter(sealCharter(charterBody, founder), crypto));

function accepted<T>(result: T | Rejection): T {
  if (isRejection(result)) throw new Error(`${result.reason}: ${result.detail}`);
  return result;
}

function reasonOf(result: unknown): string {
  return isRejection(result) ? result.reason : "accepted";
}

function certificateOf(key: Signer, inviter: Signer, change: Partial<Certificate> = {}): Certificate {
  return {
    v: 1,
    type: "certificate",
    swarm: charter.swarm,
    key: toHex(key.publicKey),
    name: "a name",
    serial: 1,
    nonce: "0f".repeat(16),
    mayInvite: true,
    inviter: toHex(inviter.publicKey),
    ...change,
  };
}

const founderBytes = sealCertificate(certificateOf(founder, founder, { name: "founder" }), founder);
const second = signerOf("second");
const third = signerOf("third");
const secondBytes = sealCertificate(certificateOf(second, founder, { name: "second" }), founder);
const thirdBytes = sealCertificate(certificateOf(third, second, { name: "third", mayInvite: false }), second);
const certificates = new Map<AgentId, VerifiedCertificate>();
for (const chain of [[founderBytes], [founderBytes, secondBytes], [founderBytes, secondBytes, thirdBytes]]) {
  const certificate = accepted(verifyChain(chain, charter, crypto));
  certificates.set(certificate.agent, certificate);
}
const [founderId, secondId, thirdId] = [...certificates.keys()] as [AgentId, AgentId, AgentId];

function entryOf(agent: AgentId, change: Partial<Entry> = {}): Entry {
  return {
    v: 1,
    type: "entry",
    swarm: charter.swarm,
    agent,
    incarnation: [1, 1, 0],
    status: "alive",
    addresses: ["/ip4/127.0.0.1/tcp/1"],
    capabilities: ["a", "b"],
    build: "test",
    ...change,
  };
}

function voteOf(observer: AgentId, change: Partial<Vote> = {}): Vote {
  const subject = thirdId;
  const incarnation = [1, 1, 0] as const;
  return {
    ...{ v: 1, type: "vote", swarm: charter.swarm, subject, incarnation, observer },
    ...{ evidence: "refused", sequence: [1, 1] },
    ...change,
  };
}

describe("charter", () => {
  test("gives the swarm an id that depends on all of it", () => {
    const other = accepted(
      verifyCharter(sealCharter({ ...charterBody, nonce: "01".repeat(16) }, founder), crypto),
    );
    expect(charter.swarm).toMatch(/^swarm_/);
    expect(other.swarm).not.toBe(charter.swarm);
  });

  test("is signed by its founder and nobody else", () => {
    expect(reasonOf(verifyCharter(sealCharter(charterBody, second), crypto))).toBe("badSignature");
  });
});

describe("chain", () => {
  test("leads from the founder to a member that was invited by an invited one", () => {
    const certificate = accepted(verifyChain([founderBytes, secondBytes, thirdBytes], charter, crypto));
    expect(certificate.agent).toBe(agentIdOf(third.publicKey, crypto));
    expect(certificate.certificate.name).toBe("third");
  });

  test.each<[string, string, () => Uint8Array[]]>([
    ["empty", "malformed", () => []],
    ["without its founder", "unknownKey", () => [secondBytes, thirdBytes]],
    ["with a link left out", "unknownKey", () => [founderBytes, thirdBytes]],
    [
      "through a member that may not invite",
      "missingPower",
      () => [
        founderBytes,
        secondBytes,
        thirdBytes,
        sealCertificate(certificateOf(signerOf("x"), third), third),
      ],
    ],
    [
      "signed by another than the inviter it names",
      "badSignature",
      () => [founderBytes, sealCertificate(certificateOf(signerOf("x"), founder), third)],
    ],
    [
      "of another swarm",
      "wrongSwarm",
      () => {
        const swarm = accepted(
          verifyCharter(sealCharter({ ...charterBody, name: "other" }, founder), crypto),
        ).swarm;
        return [founderBytes, sealCertificate(certificateOf(second, founder, { swarm }), founder)];
      },
    ],
    ["longer than allowed", "tooLarge", () => new Array<Uint8Array>(9).fill(founderBytes)],
    [
      "of a payload type that is not a certificate's",
      "payloadTypeMismatch",
      () => [sealCharter(charterBody, founder)],
    ],
  ])("is refused when %s", (_name, reason, chain) => {
    expect(reasonOf(verifyChain(chain(), charter, crypto))).toBe(reason);
  });

  test("is refused when one bit of it changed", () => {
    fc.assert(
      fc.property(fc.nat({ max: secondBytes.length - 1 }), fc.nat({ max: 7 }), (index, bit) => {
        const bytes = secondBytes.slice();
        bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
        expect(isRejection(verifyChain([founderBytes, bytes], charter, crypto))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test("names no member whose name would move a terminal", () => {
    expect(() => sealCertificate(certificateOf(second, founder, { name: "a\u001b[2J" }), founder)).toThrow();
    expect(() => sealCertificate(certificateOf(second, founder, { name: "a\u202eb" }), founder)).toThrow();
  });
});

describe("entry", () => {
  const certificate = certificates.get(thirdId) as VerifiedCertificate;

  test("is taken from its subject, exact bytes kept", () => {
    const bytes = sealEntry(entryOf(thirdId), third);
    const signed = accepted(verifyEntry(bytes, certificate, crypto));
    expect(signed.bytes).toEqual(bytes);
    expect(signed.entry).toEqual(entryOf(thirdId));
    expect(signed.digest).toMatch(/^[0-9a-f]{16}$/);
  });

  test("is refused from anyone else, of another serial, or with a second signature", () => {
    expect(reasonOf(verifyEntry(sealEntry(entryOf(thirdId), second), certificate, crypto))).toBe(
      "badSignature",
    );
    expect(reasonOf(verifyEntry(sealEntry(entryOf(secondId), third), certificate, crypto))).toBe(
      "unknownKey",
    );
    const otherSerial = sealEntry(entryOf(thirdId, { incarnation: [2, 1, 0] }), third);
    expect(reasonOf(verifyEntry(otherSerial, certificate, crypto))).toBe("malformed");
    const twice = sealEnvelope(payloadType("entry"), { ...entryOf(thirdId) }, [third, second]);
    expect(reasonOf(verifyEntry(twice, certificate, crypto))).toBe("malformed");
  });

  test.each<[string, Partial<Entry>]>([
    ["too many addresses", { addresses: new Array<string>(9).fill("/ip4/127.0.0.1/tcp/1") }],
    ["an address with a space", { addresses: ["/ip4 /"] }],
    ["unsorted capabilities", { capabilities: ["b", "a"] }],
    ["a negative incarnation", { incarnation: [1, -1, 0] }],
  ])("is refused with %s", (_name, change) => {
    const bytes = sealEnvelope(payloadType("entry"), { ...entryOf(thirdId, change) }, [third]);
    expect(reasonOf(verifyEntry(bytes, certificate, crypto))).toBe("malformed");
  });
});

describe("vote and death", () => {
  const find = (agent: AgentId): VerifiedCertificate | undefined => certificates.get(agent);
  const votes = [
    { observer: founderId, bytes: sealVote(voteOf(founderId), founder) },
    { observer: secondId, bytes: sealVote(voteOf(secondId), second) },
  ].sort((left, right) => (left.observer < right.observer ? -1 : 1));
  const wire = { subject: thirdId, incarnation: [1, 1, 0] as const, votes: votes.map(({ bytes }) => bytes) };

  test("a vote is taken from its enrolled observer only", () => {
    expect(reasonOf(verifyVote(sealVote(voteOf(founderId), founder), find, crypto))).toBe("accepted");
    expect(reasonOf(verifyVote(sealVote(voteOf(founderId), second), find, crypto))).toBe("badSignature");
    expect(reasonOf(verifyVote(sealVote(voteOf(founderId), founder), () => undefined, crypto))).toBe(
      "unknownAuthor",
    );
    expect(reasonOf(verifyVote(sealVote(voteOf(thirdId), third), find, crypto))).toBe("malformed");
  });

  test("a sighting is taken from its enrolled observer only, and is never a vote", () => {
    const { evidence: _evidence, ...word } = voteOf(founderId);
    const sighting = { ...word, type: "sighting", finding: "missing" } as const;
    const bytes = sealSighting(sighting, founder);
    expect(accepted(verifySighting(bytes, find, crypto)).sighting).toEqual(sighting);
    expect(reasonOf(verifySighting(sealSighting(sighting, second), find, crypto))).toBe("badSignature");
    expect(reasonOf(verifySighting(bytes, () => undefined, crypto))).toBe("unknownAuthor");
    const ofItself = sealSighting({ ...sighting, observer: thirdId }, third);
    expect(reasonOf(verifySighting(ofItself, find, crypto))).toBe("malformed");
    expect(reasonOf(verifyVote(bytes, find, crypto))).toBe("payloadTypeMismatch");
    expect(reasonOf(verifyDeath({ ...wire, votes: [bytes] }, find, crypto))).toBe("payloadTypeMismatch");
    expect(reasonOf(verifySighting(votes[0]?.bytes ?? bytes, find, crypto))).toBe("payloadTypeMismatch");
  });

  test("a death is votes of distinct observers, sorted, on one incarnation", () => {
    expect(accepted(verifyDeath(wire, find, crypto)).votes.map(({ vote }) => vote.observer)).toEqual(
      votes.map(({ observer }) => observer),
    );
    expect(reasonOf(verifyDeath({ ...wire, votes: wire.votes.toReversed() }, find, crypto))).toBe(
      "notCanonical",
    );
    const [first] = wire.votes as [Uint8Array];
    expect(reasonOf(verifyDeath({ ...wire, votes: [first, first] }, find, crypto))).toBe("notCanonical");
    expect(reasonOf(verifyDeath({ ...wire, votes: [] }, find, crypto))).toBe("malformed");
    expect(reasonOf(verifyDeath({ ...wire, incarnation: [1, 1, 1] }, find, crypto))).toBe("malformed");
    expect(reasonOf(verifyDeath({ ...wire, subject: founderId }, find, crypto))).toBe("malformed");
  });
});

describe("member", () => {
  const certificate = certificates.get(thirdId) as VerifiedCertificate;
  const member = {
    certificate,
    entry: accepted(verifyEntry(sealEntry(entryOf(thirdId), third), certificate, crypto)),
  };

  test("comes back from its journal record as it was", () => {
    const wire = readMemberRecord(memberRecord(member));
    if (wire === undefined) throw new Error("not a record of a member");
    expect(accepted(verifyMember(accepted(wire), charter, crypto))).toEqual(member);
    expect(readMemberRecord({ key: "floor/x", value: null })).toBeUndefined();
    expect(reasonOf(readMemberRecord({ key: "member/x", value: { v: 2 } }))).toBe("unknownType");
    expect(reasonOf(readMemberRecord({ key: "member/x", value: { v: 1, chain: 1 } }))).toBe("malformed");
  });

  test("whose chain is known is verified by its entry alone", () => {
    let verified = 0;
    const counting = {
      ...crypto,
      verifyEd25519: (...parameters: Parameters<typeof crypto.verifyEd25519>) => {
        verified += 1;
        return crypto.verifyEd25519(...parameters);
      },
    };
    expect(accepted(verifyMember(memberWire(member), charter, counting, certificate)).certificate).toBe(
      certificate,
    );
    expect(verified).toBe(1);
  });
});

describe("incarnation", () => {
  const incarnation = fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 }), fc.nat({ max: 3 }));

  test("is ordered totally", () => {
    fc.assert(
      fc.property(incarnation, incarnation, incarnation, (a, b, c) => {
        expect(compareIncarnation(a, b) + compareIncarnation(b, a)).toBe(0);
        if (compareIncarnation(a, b) <= 0 && compareIncarnation(b, c) <= 0) {
          expect(compareIncarnation(a, c)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });

  test("may not jump further than restarts get", () => {
    expect(isJumpTooLarge([1, 5, 7], [1, 6, 0])).toBe(false);
    expect(isJumpTooLarge([1, 5, 7], [1, 5 + bootJumpMax, 0])).toBe(false);
    expect(isJumpTooLarge([1, 5, 7], [1, 2 ** 32, 0])).toBe(true);
    expect(isJumpTooLarge([1, 5, 7], [1, 5, 2 ** 32])).toBe(true);
    expect(isJumpTooLarge(undefined, [1, 2 ** 32, 0])).toBe(true);
    expect(isJumpTooLarge([1, 2 ** 20, 0], [2, 1, 0])).toBe(false);
  });
});
