import { resourceTypes } from "@antibody/core";
import { compileGuard, compileSource, openEnvelope, parseCanonical, verifyPolicy } from "@antibody/policy";
import { describe, expect, it } from "vitest";
import { parseInviteRequest, parseOwnerCommand } from "../../packages/agent/src/control/command.ts";
import { decodeMap, encodeMap } from "../../packages/agent/src/network/wire/cbor.ts";
import { decodeMessage, decodeRumor } from "../../packages/agent/src/network/wire/wireDecode.ts";
import { keyBlob, readKeys, readSignature } from "../../packages/cli/src/author/sshAgent/messages.ts";
import { keysAnswer, signatureAnswer } from "../../packages/cli/test/sshAgentDouble.ts";
import { authorOf, bundleOf, crypto, documentOf } from "../../packages/policy/test/support.ts";
import { faultsOf, fuzz } from "./fuzz.ts";

const author = authorOf("fuzzed");
const documents = [documentOf("a", { "file:/etc/a": { content: "x\n" } }, 'arch == "x64"')];
const envelopes = [author.rootBytes, ...bundleOf(author, 1, documents).bytes];
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const asText = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

const messages = [
  { v: 1, type: "probe", sequence: 1, digests: { members: new Uint8Array(8), policy: new Uint8Array(8) } },
  { v: 1, type: "probeRequest", sequence: 1, subject: new Uint8Array(32) },
  { v: 1, type: "want", members: new Uint8Array(64), policy: [] },
  { v: 1, type: "items", members: [], deaths: [], policy: envelopes },
].map(encodeMap);
const rumors = [
  { type: "deaths", nonce: new Uint8Array(8), deaths: [] },
  { type: "sightings", nonce: new Uint8Array(8), sightings: envelopes },
].map(encodeMap);

const guards = [
  'arch == "arm64" && tags.exists("greenhouse")',
  '!(name in ["a", "b"]) || cores >= 4',
  'hostname.startsWith("pi") && os == "linux"',
].map(text);

const sources = [
  'stream: home\nname: a\nwhen: arch == "x64"\npromises:\n  file:/etc/a: { content: "x\\n", mode: "0644" }\n---\nstream: home\nname: b\npromises:\n  process:s: { command: ["/bin/s"] }\n',
].map(text);

const commands = [
  { type: "pause", target: "*", reason: "why", forMs: 1_000 },
  {
    type: "grant",
    grant: { author: author.author, scope: ["**"], rank: 1, mode: "enforce", powers: [], bytesMax: 1 },
  },
].map((command) => text(JSON.stringify(command)));

// What an agent says, without the length before it.
const agentAnswers = [
  keysAnswer([
    [keyBlob(author.signer.publicKey), "one"],
    [keyBlob(author.nextSigner.publicKey), "two"],
  ]),
  signatureAnswer(new Uint8Array(64)),
].map((answer) => new Uint8Array(answer.subarray(4)));

const byKind = new Map(resourceTypes.map((type) => [type.kind, type]));

describe("decoders under a million damaged inputs each: none throws, none is slow, memory stays flat", () => {
  it.each<[string, readonly Uint8Array[], (input: Uint8Array) => unknown]>([
    ["canonical JSON", envelopes.map((bytes) => bytes.slice(60)), parseCanonical],
    ["envelope", envelopes, (input) => openEnvelope(input)],
    ["verified policy", envelopes, (input) => verifyPolicy(input, { crypto, rootOf: () => author.root })],
    ["guard", guards, (input) => compileGuard(asText(input))],
    [
      "policy source",
      sources,
      (input) =>
        compileSource(
          asText(input),
          "fuzzed.yaml",
          (kind, promise, name) => byKind.get(kind)?.check(name, promise) ?? [],
        ),
    ],
    ["CBOR map", messages, decodeMap],
    ["peer message", messages, decodeMessage],
    ["rumor", [...messages, ...rumors], decodeRumor],
    ["owner's command", commands, parseOwnerCommand],
    ["invite request", commands, parseInviteRequest],
    ["ssh-agent's keys", agentAnswers, readKeys],
    ["ssh-agent's signature", agentAnswers, readSignature],
  ])("%s", (name, examples, decode) => {
    const seed = [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 2 ** 31;
    expect(faultsOf(fuzz(seed, examples, decode))).toEqual([]);
  });
});
