import {
  type Eviction,
  memberRecord,
  memberWire,
  readEvictionRecord,
  readListenAddress,
  readMemberRecord,
  sealEviction,
  sealSighting,
  sealVote,
  verifyChain,
  verifyCharter,
  verifyDeath,
  verifyEntry,
  verifyEviction,
  verifyMember,
  verifySighting,
  verifyVote,
} from "@antibody/core";
import { parseId, parseResourceId, parseStreamName, toHex } from "@antibody/policy";
import { describe, expect, it } from "vitest";
import { parseEviction } from "../../packages/agent/src/control/command.ts";
import {
  encodeFrame,
  readRecording,
  recordingHeader,
} from "../../packages/agent/src/mind/recordingFormat.ts";
import { formatInviteCode, parseInviteCode } from "../../packages/agent/src/network/joining/inviteCode.ts";
import {
  decodeJoinAnswer,
  decodeJoinChallenge,
  decodeJoinEntry,
  decodeJoinRequest,
  decodeJoinReveal,
  encodeJoinAnswer,
  encodeJoinChallenge,
  encodeJoinEntry,
  encodeJoinRequest,
  encodeJoinReveal,
} from "../../packages/agent/src/network/joining/joinWire.ts";
import { parseAddress } from "../../packages/agent/src/network/node.ts";
import { decodeMap, encodeMap } from "../../packages/agent/src/network/wire/cbor.ts";
import { readEviction, readMember } from "../../packages/agent/src/network/wire/wireDecode.ts";
import { decodeSnapshot, encodeSnapshot } from "../../packages/agent/src/state/snapshotBytes.ts";
import { crypto, enroll, found, memberOf, sound } from "../../packages/agent/test/network/swarm.ts";
import { faultsOf, fuzz } from "./fuzz.ts";

const founded = found();
const { charter } = founded;
const other = enroll(founded, "other");
const member = memberOf(other, ["/ip4/192.0.2.1/tcp/4001"]);
const chain = other.certificate.chain;
const word = {
  v: 1,
  swarm: charter.swarm,
  subject: founded.certificate.agent,
  incarnation: [1, 1, 1],
  observer: other.certificate.agent,
  sequence: [1, 1],
} as const;
const vote = sealVote({ ...word, type: "vote", evidence: "refused" }, other.key);
const sighting = sealSighting({ ...word, type: "sighting", finding: "missing" }, other.key);
const evicted: Eviction = {
  v: 1,
  type: "eviction",
  swarm: charter.swarm,
  agent: other.certificate.agent,
  signer: toHex(founded.key.publicKey),
  keeps: [],
  reason: "lost",
};
const eviction = { chain, eviction: sealEviction(evicted, founded.key) };
sound(verifyEviction(eviction, charter, crypto));

const certificateOf = (): typeof other.certificate => other.certificate;
const asText = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7);

const joinRequest = { swarm: charter.swarm, secret: bytes(16), name: "pi", commitment: bytes(32) };
const joinAnswer = {
  type: "accepted" as const,
  charter: charter.bytes,
  chain,
  members: [memberWire(member)],
};
const invite = {
  swarm: charter.swarm,
  inviter: founded.key.publicKey,
  addresses: ["/ip4/192.0.2.1/tcp/4001"],
  secret: bytes(16),
};
const recording = Buffer.concat([
  encodeFrame({ type: "header", header: recordingHeader("0.1.0", 0, {} as never) }),
  encodeFrame({ type: "dump", dump: { v: 1, list: [1, "a", null] } }),
  encodeFrame({ type: "digests", pairs: [["a", "b"]] }),
  encodeFrame({ type: "step", input: { type: "wake" }, now: { monoMs: 1, wallMs: 2 }, outputs: [] }),
]);

/** What is verified of a statement that is well-formed: bytes, or a rejection. */
function eachOf(...decoders: readonly ((input: Uint8Array) => unknown)[]): (input: Uint8Array) => unknown {
  return (input) => decoders.map((decode) => decode(input));
}

/** A reader that throws an Error of its own says so; what the engine throws is a fault. */
function throwing(read: (input: Uint8Array) => unknown): (input: Uint8Array) => unknown {
  return (input) => {
    try {
      return read(input);
    } catch (error) {
      if (!(error instanceof Error) || error.constructor !== Error) throw error;
      return error;
    }
  };
}

/** A record as a journal holds it; bytes that are no CBOR are told apart by the journal's own checksum. */
function recordOf(
  key: string,
  input: Uint8Array,
): { readonly key: string; readonly value: never } | undefined {
  try {
    return { key, value: decodeSnapshot(input) as never };
  } catch {
    return undefined;
  }
}

describe("decoders of members and joins under a million damaged inputs each", () => {
  it.each<[string, readonly Uint8Array[], (input: Uint8Array) => unknown]>([
    ["charter", [charter.bytes], (input) => verifyCharter(input, crypto)],
    ["certificate", chain, (input) => verifyChain([chain[0] ?? input, input], charter, crypto)],
    ["entry", [member.entry.bytes], (input) => verifyEntry(input, other.certificate, crypto)],
    ["vote", [vote], (input) => verifyVote(input, certificateOf, crypto)],
    ["sighting", [sighting], (input) => verifySighting(input, certificateOf, crypto)],
    ["death", [vote], (input) => verifyDeath({ votes: [vote, input] } as never, certificateOf, crypto)],
    ["eviction", [eviction.eviction], (input) => verifyEviction({ chain, eviction: input }, charter, crypto)],
    [
      "hello",
      [encodeMap({ type: "hello", ...memberWire(member) })],
      (input) => {
        const { type: _type, ...fields } = decodeMap(input) ?? {};
        const wire = readMember(fields);
        return wire === undefined ? undefined : verifyMember(wire, charter, crypto);
      },
    ],
    ["eviction on the wire", [encodeMap({ ...eviction })], (input) => readEviction(decodeMap(input))],
    ["join request", [encodeJoinRequest(joinRequest)], decodeJoinRequest],
    [
      "join answers",
      [
        encodeJoinChallenge({ type: "challenge", nonce: bytes(16) }),
        encodeJoinReveal(bytes(16)),
        encodeJoinAnswer(joinAnswer),
        encodeJoinAnswer({ type: "refused", reason: "used" }),
        encodeJoinEntry(member.entry.bytes),
      ],
      eachOf(decodeJoinChallenge, decodeJoinReveal, decodeJoinAnswer, decodeJoinEntry),
    ],
    [
      "invite code",
      [text(formatInviteCode(invite as never, crypto))],
      (input) => parseInviteCode(asText(input), crypto),
    ],
    [
      "eviction of an owner",
      [
        text(
          JSON.stringify({
            chain: chain.map((each) => Buffer.from(each).toString("base64")),
            eviction: Buffer.from(eviction.eviction).toString("base64"),
          }),
        ),
      ],
      parseEviction,
    ],
    [
      "journal record",
      [encodeSnapshot(memberRecord(member).value), encodeSnapshot({ v: 1, ...eviction })],
      (input) => {
        const [first, second] = ["member/a", "eviction/a"].map((key) => recordOf(key, input));
        return [first && readMemberRecord(first), second && readEvictionRecord(second)];
      },
    ],
    ["recording", [recording], throwing(readRecording)],
    [
      "names and addresses",
      [
        text("file:/etc/motd"),
        text("/ip4/192.0.2.1/tcp/4001"),
        text(charter.swarm),
        text("127.0.0.1:8080"),
        text("home"),
      ],
      (input) => {
        const name = asText(input);
        return [
          parseResourceId(name),
          parseAddress(name),
          parseId("swarm", name),
          readListenAddress(name),
          parseStreamName(name),
        ];
      },
    ],
  ])("%s", (name, examples, decode) => {
    const seed = [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 2 ** 31;
    for (const example of examples) decode(example);
    expect(faultsOf(fuzz(seed, examples, decode))).toEqual([]);
  });
});
