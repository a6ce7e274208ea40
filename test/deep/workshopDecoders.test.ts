import { createAuthor, sealBundle } from "@antibody/policy";
import { readScenario } from "@antibody/sim";
import { describe, expect, it } from "vitest";
import { formatSignedBundle, parseSignedBundle } from "../../packages/cli/src/author/signedBundle.ts";
import { crypto, signerOf, streamOf } from "../../packages/policy/test/support.ts";
import { faultsOf, fuzz } from "./fuzz.ts";

const text = (input: Uint8Array): string => Buffer.from(input).toString("utf8");
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

const signer = signerOf("fuzzed");
const nextPublicKeys = [signerOf("next").publicKey];
const { author, bytes: root } = createAuthor({
  signer,
  otherSigners: [],
  threshold: 1,
  nextPublicKeys,
  crypto,
});
const head = { author, stream: streamOf("home"), epoch: 1, generation: 1 };
const promises = { "file:/etc/motd": { content: "hello\n" } };
const sealed = sealBundle({ ...head, documents: [{ name: "a", promises }] as never, signer, crypto });
const signedBundle = formatSignedBundle({
  ...head,
  manifest: sealed.manifestId,
  roots: [root],
  documents: [...sealed.fragments, sealed.manifest],
});

const common = "title: b\nagents: 4\ndurationMs: 9000\nstartSpreadMs: 0";
const scenarios = [
  "steps: [{ atMs: 9, type: kill, who: { percent: 30, as: v } }, { atMs: 9, type: restart, who: { named: v } }]",
  "steps: [{ atMs: 9, type: loss, who: { all: true }, lossPerMillion: 10, forMs: 5 }]",
  "kinds: [{}, { arch: x64, tags: [wet] }]\nsteps: []",
].map((steps) => bytes(`schema: antibody.scenario/1\nname: a\n${common}\n${steps}\nexpectations: []\n`));

describe("what a policy author's machine reads, a million damaged inputs each", () => {
  it.each<[string, number, readonly Uint8Array[], (input: Uint8Array) => unknown]>([
    ["signed bundle", 21, [bytes(signedBundle)], (input) => parseSignedBundle(text(input))],
    ["scenario", 23, scenarios, (input) => readScenario(text(input), "a.yaml")],
  ])("%s", (_name, seed, examples, decode) => {
    expect(faultsOf(fuzz(seed, examples, decode))).toEqual([]);
  });
});
