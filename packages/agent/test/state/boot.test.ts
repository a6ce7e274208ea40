import {
  agentIdOf,
  type JournalRecord,
  type Member,
  memberRecord,
  sealCertificate,
  sealEntry,
  type VerifiedCharter,
  verifyMember,
} from "@antibody/core";
import {
  createAuthor,
  isRejection,
  keysDigest,
  makeId,
  parseStreamName,
  rotateAuthor,
  sealBundle,
  sealReport,
  toHex,
  verifyPolicy,
} from "@antibody/policy";
import { expect, test } from "vitest";
import { type AgentState, initSwarm, openAgentState } from "../../src/state/agentState.ts";
import { readBoot } from "../../src/state/boot.ts";
import { generateKey } from "../../src/state/keyFile.ts";
import { nodeCrypto } from "../../src/state/nodeCrypto.ts";
import { scratchDirectory } from "./scratch.ts";

const crypto = nodeCrypto();

function foundedState(): AgentState {
  const directory = scratchDirectory();
  initSwarm({ state: directory, name: "a" }, crypto);
  const state = openAgentState(directory, crypto, 0);
  state.close();
  return state;
}

function memberOf(state: AgentState): Member {
  const key = generateKey();
  const swarm = state.charter.swarm;
  const certificate = sealCertificate(
    {
      v: 1,
      type: "certificate",
      swarm,
      key: toHex(key.publicKey),
      name: "b",
      serial: 1,
      nonce: "00".repeat(16),
      mayInvite: false,
      inviter: toHex(state.key.publicKey),
    },
    state.key,
  );
  const agent = agentIdOf(key.publicKey, crypto);
  const entry = sealEntry(
    {
      ...{ v: 1, type: "entry", swarm, agent, incarnation: [1, 1, 0], status: "alive" },
      ...{ addresses: [], capabilities: [], build: "1" },
    },
    key,
  );
  const member = verifyMember(
    { chain: [...state.certificate.chain, certificate], entry },
    state.charter,
    crypto,
  );
  if (isRejection(member)) throw new Error(member.detail);
  return member;
}

function policyRecords(count: number): { readonly records: JournalRecord[]; readonly author: string } {
  const [signer, next] = [generateKey(), generateKey()];
  const { author, bytes } = createAuthor({ signer, nextPublicKeys: [next.publicKey], crypto });
  const stream = parseStreamName("home");
  if (stream === undefined) throw new Error("home is a stream");
  const bundle = sealBundle({
    ...{ author, stream, epoch: 1, generation: 1, signer, crypto },
    documents: Array.from({ length: count }, (_, n) => ({
      name: `f${n}`,
      promises: { [`file:/etc/f${n}`]: { content: String(n) } } as never,
    })),
  });
  const envelopes = [...bundle.fragments, bundle.manifest, bytes];
  // The keys of real records are digests: in any order, and roots not first.
  return { author, records: envelopes.map((value, n) => ({ key: `policy/${n}`, value })) };
}

function boot(records: readonly JournalRecord[], charter: VerifiedCharter): ReturnType<typeof readBoot> {
  return readBoot(records, charter, crypto);
}

test("members and policy come back verified, and everything else as it was", () => {
  const state = foundedState();
  const member = memberOf(state);
  const { records, author } = policyRecords(3);
  const grant: JournalRecord = { key: `grant/${author}`, value: { v: 1, grant: { author } } };
  const { boot: read, rejected } = boot([...records, memberRecord(member), grant], state.charter);
  expect(rejected).toEqual([]);
  expect(read.records).toEqual([grant]);
  expect(read.members).toEqual([member]);
  expect(read.policies.map(({ type }) => type).sort()).toEqual([
    "fragment",
    "fragment",
    "fragment",
    "manifest",
    "root",
  ]);
});

test("roots are read in the order in which they continue each other, whatever their keys are", () => {
  const keys = [generateKey(), generateKey(), generateKey()] as const;
  const created = createAuthor({ signer: keys[0], nextPublicKeys: [keys[1].publicKey], crypto });
  const first = verifyPolicy(created.bytes, { crypto, rootOf: () => undefined });
  if (isRejection(first) || first.type !== "root") throw new Error("root 1 is a root");
  expect(first.root.nextKeysDigest).toBe(keysDigest(crypto, [toHex(keys[1].publicKey)], 1));
  const rotated = rotateAuthor({
    ...{ author: created.author, previous: first.root, crypto },
    ...{ signers: [keys[0]], nextSigners: [keys[1]], nextPublicKeys: [keys[2].publicKey] },
  });
  const { boot: read, rejected } = boot(
    [
      { key: "policy/a", value: rotated },
      { key: "policy/b", value: created.bytes },
    ],
    foundedState().charter,
  );
  expect(rejected).toEqual([]);
  expect(read.policies.map((policy) => policy.type === "root" && policy.root.number)).toEqual([1, 2]);
});

test("what was changed on the disk is not believed, and named", () => {
  const state = foundedState();
  const { records } = policyRecords(1);
  const forged = Uint8Array.from(records[0]?.value as Uint8Array);
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  const member = memberRecord(memberOf(state));
  const stranger = memberRecord(memberOf(foundedState()));
  const { boot: read, rejected } = boot(
    [
      { key: "policy/forged", value: forged },
      ...records.slice(1),
      { key: "policy/none", value: { v: 1 } },
      { key: member.key, value: { v: 2 } },
      stranger,
    ],
    state.charter,
  );
  expect(read.policies.length).toBe(2);
  expect(read.members).toEqual([]);
  expect(rejected.map(({ key, rejection }) => `${key} ${rejection.reason}`).sort()).toEqual(
    [
      `${member.key} unknownType`,
      `${stranger.key} wrongSwarm`,
      "policy/forged badSignature",
      "policy/none malformed",
    ].sort(),
  );
});

test("what members said of a generation comes back by their keys, and the device's own by its own", () => {
  const state = foundedState();
  const { author } = policyRecords(1);
  const report = sealReport(
    {
      ...{ v: 1, type: "report", swarm: state.charter.swarm, agent: state.certificate.agent },
      ...{ author: author as never, stream: parseStreamName("home") as never, epoch: 1, generation: 1 },
      manifest: makeId("frag", new Uint8Array(32)),
      ...{ finding: "failed", detail: "" },
    },
    state.key,
  );
  const forged = Uint8Array.from(report);
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  const records = [
    { key: "report/own", value: report },
    { key: "report/forged", value: forged },
  ];
  const known = readBoot(records, state.charter, crypto, state.certificate);
  expect(known.boot.reports?.map(({ bytes }) => bytes)).toEqual([report]);
  expect(known.rejected).toMatchObject([{ key: "report/forged", rejection: { reason: "badSignature" } }]);
  expect(readBoot(records, state.charter, crypto).boot.reports).toEqual([]);
});
