import { createHash } from "node:crypto";
import {
  type AgentId,
  type Crypto,
  concatBytes,
  isRejection,
  type Rejection,
  type Signer,
  toHex,
  utf8,
} from "@antibody/policy";
import type { JournalRecord } from "../../src/contract/output.ts";
import type {
  Entry,
  EvictionDraft,
  Incarnation,
  Member,
  Sighting,
  SignedSighting,
  SignedStatement,
  SignedVote,
  UnsignedStatement,
  VerifiedCertificate,
  VerifiedEviction,
  Vote,
} from "../../src/contract/statements.ts";
import { sealCertificate, verifyChain } from "../../src/enrolment/certificate.ts";
import { sealCharter, verifyCharter } from "../../src/enrolment/charter.ts";
import { sealEntry, verifyEntry } from "../../src/enrolment/entry.ts";
import { readEvictionRecord, sealEviction, verifyEviction } from "../../src/enrolment/eviction.ts";
import { sealSighting, sealVote, verifySighting, verifyVote } from "../../src/enrolment/vote.ts";

/** Signatures are modeled: whoever knows the public key could sign. Everything else is real. */
export const fakeCrypto: Crypto = {
  sha256,
  verifyEd25519: (publicKey, message, signature) =>
    toHex(signature) === toHex(signatureOf(publicKey, message)),
};

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

/** Below the prime and the order of the curve, so that the pinned predicate takes it. */
function canonicalPoint(bytes: Uint8Array): Uint8Array {
  const point = bytes.slice();
  point[31] = (point[31] ?? 0) & 0x0f;
  return point;
}

function signatureOf(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const tag = sha256(concatBytes([publicKey, message]));
  return concatBytes([canonicalPoint(tag), canonicalPoint(sha256(tag))]);
}

export function signerOf(name: string): Signer {
  const publicKey = canonicalPoint(sha256(utf8(`key of ${name}`)));
  return { publicKey, sign: (message) => signatureOf(publicKey, message) };
}

function accepted<T>(result: T | Rejection): T {
  if (isRejection(result)) throw new Error(`${result.reason}: ${result.detail}`);
  return result;
}

const founder = signerOf("founder");
const charter = accepted(
  verifyCharter(
    sealCharter(
      {
        v: 1,
        type: "charter",
        name: "test",
        founder: toHex(founder.publicKey),
        recovery: toHex(signerOf("recovery").publicKey),
        nonce: "00".repeat(16),
      },
      founder,
    ),
    fakeCrypto,
  ),
);

/** Someone who is enrolled in the one swarm of these tests. */
export interface Person {
  readonly name: string;
  readonly agent: AgentId;
  readonly certificate: VerifiedCertificate;
  readonly signer: Signer;
}

const inviterBytes = sealCertificate(certificateBody("founder", founder), founder);

function certificateBody(name: string, key: Signer): Parameters<typeof sealCertificate>[0] {
  return {
    v: 1,
    type: "certificate",
    swarm: charter.swarm,
    key: toHex(key.publicKey),
    name,
    serial: 1,
    nonce: toHex(sha256(utf8(`nonce of ${name}`))).slice(0, 32),
    mayInvite: true,
    inviter: toHex(founder.publicKey),
  };
}

export const swarmId = charter.swarm;

export function enrol(name: string): Person {
  const signer = signerOf(name);
  const chain = [inviterBytes, sealCertificate(certificateBody(name, signer), founder)];
  const certificate = accepted(verifyChain(chain, charter, fakeCrypto));
  return { name, agent: certificate.agent, certificate, signer };
}

/** Someone whom another has invited. */
export function enrolBelow(name: string, inviter: Person): Person {
  const signer = signerOf(name);
  const body = { ...certificateBody(name, signer), inviter: toHex(inviter.signer.publicKey) };
  const chain = [...inviter.certificate.chain, sealCertificate(body, inviter.signer)];
  const certificate = accepted(verifyChain(chain, charter, fakeCrypto));
  return { name, agent: certificate.agent, certificate, signer };
}

/** What a person says of itself, signed. */
export function memberOf(person: Person, incarnation: Incarnation, change: Partial<Entry> = {}): Member {
  const entry: Entry = {
    v: 1,
    type: "entry",
    swarm: swarmId,
    agent: person.agent,
    incarnation,
    status: "alive",
    addresses: [`/test/${person.name}`],
    capabilities: [],
    build: "test",
    ...change,
  };
  return signMember(person, entry);
}

export function signMember(person: Person, entry: Entry): Member {
  const bytes = sealEntry(entry, person.signer);
  return {
    certificate: person.certificate,
    entry: accepted(verifyEntry(bytes, person.certificate, fakeCrypto)),
  };
}

export function signVote(person: Person, vote: Vote): SignedVote {
  return accepted(verifyVote(sealVote(vote, person.signer), () => person.certificate, fakeCrypto));
}

export function signSighting(person: Person, sighting: Sighting): SignedSighting {
  const bytes = sealSighting(sighting, person.signer);
  return accepted(verifySighting(bytes, () => person.certificate, fakeCrypto));
}

/** What a body makes of an eviction that its mind asks it to sign. */
export function signEviction(person: Person, { eviction, chain }: EvictionDraft): VerifiedEviction {
  const wire = { chain, eviction: sealEviction(eviction, person.signer) };
  return accepted(verifyEviction(wire, charter, fakeCrypto));
}

/** The eviction in a record of a journal, verified as a body does; nothing for any other record. */
export function readEviction(record: JournalRecord): readonly VerifiedEviction[] {
  const wire = readEvictionRecord(record);
  return wire === undefined ? [] : [accepted(verifyEviction(accepted(wire), charter, fakeCrypto))];
}

/** A person's vote on a subject. */
export function voteOf(person: Person, subject: Person, incarnation: Incarnation, n = 1): SignedVote {
  return signVote(person, {
    v: 1,
    type: "vote",
    swarm: swarmId,
    subject: subject.agent,
    incarnation,
    observer: person.agent,
    evidence: "refused",
    sequence: [1, n],
  });
}

/** What a person says of a subject that it observes. */
export function sightingOf(
  person: Person,
  subject: Person,
  incarnation: Incarnation,
  finding: Sighting["finding"] = "missing",
  n = 1,
): SignedSighting {
  return signSighting(person, {
    v: 1,
    type: "sighting",
    swarm: swarmId,
    subject: subject.agent,
    incarnation,
    observer: person.agent,
    finding,
    sequence: [1, n],
  });
}

/** What a body makes of a statement that its mind asks it to sign. */
export function sign(person: Person, statement: UnsignedStatement): SignedStatement {
  switch (statement.type) {
    case "entry":
      return { type: "entry", entry: signMember(person, statement).entry };
    case "vote":
      return { type: "vote", vote: signVote(person, statement) };
    case "sighting":
      return { type: "sighting", sighting: signSighting(person, statement) };
    case "eviction":
      return { type: "eviction", eviction: signEviction(person, statement) };
    case "report":
      throw new Error("nobody here reports");
    default:
      throw new Error(`unknown statement ${statement satisfies never}`);
  }
}
