import {
  type Crypto,
  equalBytes,
  isPlainObject,
  isRejection,
  type Rejection,
  reject,
} from "@antibody/policy";
import type { JournalRecord } from "../contract/output.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import type { Member, VerifiedCertificate } from "../contract/statements.ts";
import { verifyChain } from "./certificate.ts";
import type { VerifiedCharter } from "./charter.ts";
import { verifyEntry } from "./entry.ts";

/** A member as it travels and as it is stored: exact bytes, nothing verified. */
export interface MemberWire {
  /** Certificates, founder first. */
  readonly chain: readonly Uint8Array[];
  /** The newest entry. */
  readonly entry: Uint8Array;
}

const recordPrefix = "member/";

/** A member as its exact bytes. */
export function memberWire(member: Member): MemberWire {
  return { chain: member.certificate.chain, entry: member.entry.bytes };
}

/**
 * Reads a member. `known` is what is already held of it: a chain of the same bytes is not verified twice, since
 * an entry comes far more often than a certificate.
 */
export function verifyMember(
  wire: MemberWire,
  charter: Pick<VerifiedCharter, "swarm" | "charter">,
  crypto: Crypto,
  known?: VerifiedCertificate,
): Member | Rejection {
  const certificate =
    known !== undefined && isSameChain(known.chain, wire.chain)
      ? known
      : verifyChain(wire.chain, charter, crypto);
  if (isRejection(certificate)) return certificate;
  const entry = verifyEntry(wire.entry, certificate, crypto);
  return isRejection(entry) ? entry : { certificate, entry };
}

/** Records of members that were asked for: the minds of a simulator, which share members, share these too. */
const records = new WeakMap<Member, JournalRecord>();

/** The journal's record of a member. */
export function memberRecord(member: Member): JournalRecord {
  const known = records.get(member);
  if (known !== undefined) return known;
  const { chain, entry } = memberWire(member);
  const record = { key: `${recordPrefix}${member.certificate.agent}`, value: { v: 1, chain, entry } };
  records.set(member, record);
  return record;
}

/** What a journal's record holds, to be verified again; undefined when the record is not of a member. */
export function readMemberRecord(record: {
  readonly key: string;
  readonly value: Snapshot;
}): MemberWire | Rejection | undefined {
  if (!record.key.startsWith(recordPrefix)) return undefined;
  const { value } = record;
  if (!isPlainObject(value) || value["v"] !== 1)
    return reject("unknownType", `unknown version of ${record.key}`);
  const { chain, entry } = value as { readonly chain?: unknown; readonly entry?: unknown };
  if (
    !Array.isArray(chain) ||
    !chain.every((bytes) => bytes instanceof Uint8Array) ||
    !(entry instanceof Uint8Array)
  ) {
    return reject("malformed", `${record.key} lacks chain or entry`);
  }
  return { chain, entry };
}

function isSameChain(left: readonly Uint8Array[], right: readonly Uint8Array[]): boolean {
  if (left.length !== right.length) return false;
  return left.every((bytes, index) => equalBytes(bytes, right[index] ?? new Uint8Array()));
}
