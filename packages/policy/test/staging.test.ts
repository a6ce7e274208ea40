import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isRejection,
  makeId,
  openEnvelope,
  payloadType,
  planRollout,
  type Report,
  sealBundle,
  sealEnvelope,
  sealReport,
  toHex,
  type VerifiedPolicy,
  verifyPolicy,
  waveOf,
} from "../src/index.ts";
import { crypto, signerOf } from "./support.ts";

const swarm = makeId("swarm", new Uint8Array(32).fill(1));
const agent = makeId("agent", new Uint8Array(32).fill(2));
const author = makeId("author", new Uint8Array(32).fill(3));
const member = signerOf("a member");
const report: Report = {
  v: 1,
  type: "report",
  swarm,
  agent,
  author,
  stream: "home" as Report["stream"],
  epoch: 1,
  generation: 2,
  manifest: makeId("frag", new Uint8Array(32).fill(4)),
  finding: "healthy",
  detail: "",
};

function verdictOn(bytes: Uint8Array, known = true): string | VerifiedPolicy["type"] {
  const memberOf = () => (known ? { swarm, publicKey: member.publicKey } : undefined);
  const read = verifyPolicy(bytes, { crypto, rootOf: () => undefined, memberOf });
  return isRejection(read) ? read.reason : read.type;
}

describe("a report", () => {
  it("is taken from the enrolled member whose key signed it, and from nobody else", () => {
    expect(verdictOn(sealReport(report, member))).toBe("report");
    expect(verdictOn(sealReport(report, signerOf("a stranger")))).toBe("badSignature");
    expect(verdictOn(sealReport(report, member), false)).toBe("unknownAuthor");
    const elsewhere = { ...report, swarm: makeId("swarm", new Uint8Array(32).fill(9)) };
    expect(verdictOn(sealReport(elsewhere, member))).toBe("wrongSwarm");
    const twice = sealEnvelope(payloadType("report"), { ...report }, [member, signerOf("another")]);
    expect(verdictOn(twice)).toBe("malformed");
  });
});

describe("a manifest with a staging", () => {
  const health = { holdMs: 10, withinMs: 100 };
  const rollout = {
    salt: "00ff",
    waves: [{ percent: 100, reportersMin: 0 }],
    failuresMax: 1,
    stallAfterMs: 1,
  };

  function seal(staging: unknown): Uint8Array {
    return sealBundle({
      author,
      stream: report.stream,
      epoch: 1,
      generation: 2,
      documents: [],
      staging: staging as never,
      signer: member,
      crypto,
    }).manifest;
  }

  it("is of version 2, which an agent that knows version 1 alone blames nobody for", () => {
    const opened = openEnvelope(seal({ health }));
    if (isRejection(opened)) throw new Error(opened.detail);
    expect(opened.body).toMatchObject({ v: 2, type: "manifest" });
    const later = sealEnvelopeOfVersion(3);
    expect(isRejection(later) && later.reason).toBe("unknownType");
  });

  it.each([
    ["no time to be healthy in", { health: { holdMs: 100, withinMs: 100 } }],
    ["waves that fall", { health, rollout: { ...rollout, waves: [{ percent: 50 }, { percent: 20 }] } }],
    ["a last wave that is not everybody", { health, rollout: { ...rollout, waves: [wave(50)] } }],
    ["waves that stay", { health, rollout: { ...rollout, waves: [wave(50), wave(50), wave(100)] } }],
    ["half a byte of salt", { health, rollout: { ...rollout, salt: "00f" } }],
    ["a field that nobody knows", { health, more: 1 }],
  ])("has not %s", (_, staging) => {
    expect(verdictOn(seal(staging))).toBe("malformed");
  });

  it("asks for its author's root where it is sound", () => {
    expect(verdictOn(seal({ health, rollout, barrier: { readyMin: 1, readyWithinMs: 1 } }))).toBe(
      "unknownAuthor",
    );
  });
});

describe("waves", () => {
  const percents = [10, 50, 100];
  const waves = percents.map(wave);

  it("hold as many devices as they say, about, and each device in one", () => {
    const agents = Array.from({ length: 3_000 }, (_, index) => makeId("agent", digestOf(`device ${index}`)));
    const places = agents.map((each) => waveOf({ salt: "0a0b", waves }, each, crypto));
    const shares = percents.map(
      (_, index) => places.filter((place) => place <= index).length / agents.length,
    );
    expect(shares[0]).toBeCloseTo(0.1, 1);
    expect(shares[1]).toBeCloseTo(0.5, 1);
    expect(shares[2]).toBe(1);
  });

  it("are planned so that somebody lives in the first one, and nobody is asked for in an empty one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(), (count, seed) => {
        const members = Array.from({ length: count }, (_, index) =>
          makeId("agent", digestOf(`${seed} ${index}`)),
        );
        let tried = 0;
        const nextSalt = (): string => {
          tried += 1;
          return toHex(digestOf(`salt ${seed} ${tried}`));
        };
        const plan = planRollout({ percents, members, nextSalt, stallAfterMs: 1, crypto });
        const places = members.map((each) => waveOf(plan, each, crypto));
        expect(places).toContain(0);
        for (const [index, { reportersMin }] of plan.waves.entries()) {
          const there = places.filter((place) => place === index).length;
          expect(reportersMin === 0).toBe(there === 0);
          expect(reportersMin).toBeLessThanOrEqual(there);
        }
      }),
      { numRuns: 60 },
    );
  });
});

function wave(percent: number): { readonly percent: number; readonly reportersMin: number } {
  return { percent, reportersMin: 0 };
}

function digestOf(text: string): Uint8Array {
  return crypto.sha256(new TextEncoder().encode(text));
}

/** What an agent of today makes of a version that it does not know: as one of yesterday does of version 2. */
function sealEnvelopeOfVersion(version: number): ReturnType<typeof openEnvelope> {
  const sound = sealEnvelope(payloadType("manifest"), { v: 1, type: "manifest" }, [member]);
  const at = new TextDecoder("latin1").decode(sound).indexOf('"v":1');
  const bytes = sound.slice();
  bytes[at + 4] = 0x30 + version;
  return openEnvelope(bytes);
}
