import { makeId, type Report, sealBundle, sealDirective, sealReport, verifyPolicy } from "@antibody/policy";
import { describe, expect, it } from "vitest";
import { authorOf, crypto, home, signerOf } from "../../packages/policy/test/support.ts";
import { faultsOf, fuzz } from "./fuzz.ts";

const author = authorOf("fuzzed");
const member = signerOf("member");
const swarm = makeId("swarm", new Uint8Array(32).fill(1));
const manifest = makeId("frag", new Uint8Array(32).fill(2));
const trust = {
  crypto,
  rootOf: () => author.root,
  memberOf: () => ({ swarm, publicKey: member.publicKey }),
};
const named = { author: author.author, stream: home, epoch: 1, generation: 2 } as const;

const report: Report = {
  v: 1,
  type: "report",
  swarm,
  agent: makeId("agent", new Uint8Array(32).fill(3)),
  ...named,
  manifest,
  finding: "failed",
  detail: "file:/etc/motd is handed off",
};
const directive = { v: 1, type: "directive", ...named, manifest, reason: "because" } as const;
const waves = [10, 50, 100].map((percent) => ({ percent, reportersMin: 1 }));

const reports = [
  sealReport(report, member),
  sealReport({ ...report, finding: "healthy", detail: "" }, member),
];
const directives = [
  sealDirective({ ...directive, verb: "advance", wave: 1 }, [author.signer]),
  sealDirective({ ...directive, verb: "halt" }, [author.signer]),
];
const stagings = [
  sealBundle({
    ...named,
    documents: [],
    staging: {
      health: { holdMs: 1, withinMs: 2 },
      rollout: { salt: "00ff", waves, failuresMax: 1, stallAfterMs: 1 },
      barrier: { readyMin: 1, readyWithinMs: 1 },
    },
    signer: author.signer,
    crypto,
  }).manifest,
];

describe("what brings a generation into force in stages, a million damaged inputs each", () => {
  it.each<[string, number, readonly Uint8Array[]]>([
    ["reports", 11, reports],
    ["directives", 12, directives],
    ["stagings", 13, stagings],
  ])("%s", (_name, seed, documents) => {
    expect(faultsOf(fuzz(seed, documents, (input) => verifyPolicy(input, trust)))).toEqual([]);
  });
});
