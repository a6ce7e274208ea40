import {
  type Boot,
  type JournalRecord,
  type Member,
  readEvictionRecord,
  readMemberRecord,
  reportingMembers,
  type VerifiedCertificate,
  type VerifiedCharter,
  type VerifiedEviction,
  verifyEviction,
  verifyMember,
} from "@antibody/core";
import {
  type AuthorId,
  type Crypto,
  compareText,
  followRoots,
  isPlainObject,
  isRejection,
  openEnvelope,
  payloadType,
  type Rejection,
  reject,
  rootDigest,
  type VerifiedPolicy,
  type VerifiedReport,
  type VerifiedRoot,
  verifyPolicy,
} from "@antibody/policy";

/** What a journal holds for a mind, with what in it is no longer believed. */
export interface BootReading {
  readonly boot: Boot;
  /** Records that did not verify. They stay in the journal, and the mind does not see them. */
  readonly rejected: readonly { readonly key: string; readonly rejection: Rejection }[];
}

const policyPrefix = "policy/";
/** What members said of generations in stages. */
const reportPrefix = "report/";
/** Manifests that were in force once. */
const evidencePrefix = "evidence/";

/**
 * Reads what a mind is born from. Members and policy are verified again: the disk is no authority, and a rule that
 * this build adds holds for old records too.
 * `own` is the device's own certificate, by which what it said itself is verified.
 */
export function readBoot(
  records: readonly JournalRecord[],
  charter: Pick<VerifiedCharter, "swarm" | "charter">,
  crypto: Crypto,
  own?: VerifiedCertificate,
): BootReading {
  const members: Member[] = [];
  const evictions: VerifiedEviction[] = [];
  const rest: JournalRecord[] = [];
  const envelopes: { readonly key: string; readonly bytes: Uint8Array }[] = [];
  const saidThen: StoredEnvelope[] = [];
  const rejected: { readonly key: string; readonly rejection: Rejection }[] = [];
  for (const record of records) {
    const { key, value } = record;
    const wire = readMemberRecord(record);
    const evictionWire = readEvictionRecord(record);
    if (evictionWire !== undefined) {
      const eviction = isRejection(evictionWire)
        ? evictionWire
        : verifyEviction(evictionWire, charter, crypto);
      if (isRejection(eviction)) rejected.push({ key, rejection: eviction });
      else evictions.push(eviction);
    } else if (wire !== undefined) {
      const member = isRejection(wire) ? wire : verifyMember(wire, charter, crypto);
      if (isRejection(member)) rejected.push({ key, rejection: member });
      else members.push(member);
    } else if (![policyPrefix, evidencePrefix, reportPrefix].some((prefix) => key.startsWith(prefix))) {
      rest.push(record);
    } else if (value instanceof Uint8Array) {
      (key.startsWith(reportPrefix) ? saidThen : envelopes).push({ key, bytes: value });
    } else {
      rejected.push({ key, rejection: reject("malformed", `${key} holds no envelope`) });
    }
  }
  const policies = readPolicies(envelopes, crypto);
  const certificates = [
    ...members.map(({ certificate }) => certificate),
    ...(own === undefined ? [] : [own]),
  ];
  const reports = readReports(saidThen, certificates, crypto);
  return {
    boot: {
      records: rest,
      members,
      evictions,
      policies: policies.verified.filter(isInForce).map(({ policy }) => policy),
      evidence: policies.verified.filter((each) => !isInForce(each)).map(({ policy }) => policy),
      reports: reports.verified,
    },
    rejected: [...rejected, ...policies.rejected, ...reports.rejected],
  };
}

interface StoredEnvelope {
  readonly key: string;
  readonly bytes: Uint8Array;
}

interface StoredPolicy {
  readonly key: string;
  readonly policy: VerifiedPolicy;
}

function isInForce({ key }: StoredPolicy): boolean {
  return key.startsWith(policyPrefix);
}

interface ReadPolicies {
  readonly verified: readonly StoredPolicy[];
  readonly rejected: readonly { readonly key: string; readonly rejection: Rejection }[];
}

/** Roots first, each after the one that it continues; then what they sign. */
function readPolicies(envelopes: readonly StoredEnvelope[], crypto: Crypto): ReadPolicies {
  // By author and digest, in the order of their numbers. Of two of one number both count: see `newestRoots` of Trust.
  const roots = new Map<AuthorId, Map<string, VerifiedRoot>>();
  const stateOf = (author: AuthorId) => followRoots([...(roots.get(author)?.values() ?? [])]);
  const trust = {
    crypto,
    rootOf: (author: AuthorId) => stateOf(author).newest[0],
    newestRoots: (author: AuthorId) => stateOf(author).newest,
    rootWithDigest: (author: AuthorId, digest: string) => roots.get(author)?.get(digest)?.root,
  };
  const verified: StoredPolicy[] = [];
  const rejected: { key: string; rejection: Rejection }[] = [];
  const ordered = envelopes
    .map((envelope) => ({ ...envelope, root: rootNumber(envelope.bytes) }))
    .sort((left, right) => left.root - right.root || compareText(left.key, right.key));
  for (const { key, bytes } of ordered) {
    const policy = verifyPolicy(bytes, trust);
    if (isRejection(policy)) {
      rejected.push({ key, rejection: policy });
      continue;
    }
    verified.push({ key, policy });
    if (policy.type !== "root") continue;
    const known = roots.get(policy.author) ?? new Map<string, VerifiedRoot>();
    roots.set(policy.author, known.set(rootDigest(crypto, policy.root), policy));
  }
  return { verified, rejected };
}

/** Reports by the keys of their members. */
function readReports(
  envelopes: readonly StoredEnvelope[],
  certificates: readonly VerifiedCertificate[],
  crypto: Crypto,
): { readonly verified: readonly VerifiedReport[]; readonly rejected: ReadPolicies["rejected"] } {
  const byAgent = new Map(certificates.map((certificate) => [certificate.agent, certificate]));
  const memberOf = reportingMembers({ certificateOf: (agent) => byAgent.get(agent) });
  const verified: VerifiedReport[] = [];
  const rejected: { key: string; rejection: Rejection }[] = [];
  for (const { key, bytes } of envelopes) {
    const report = verifyPolicy(bytes, { crypto, rootOf: () => undefined, memberOf });
    if (isRejection(report)) rejected.push({ key, rejection: report });
    else if (report.type === "report") verified.push(report);
    else rejected.push({ key, rejection: reject("malformed", `${key} holds a ${report.type}`) });
  }
  return { verified, rejected };
}

/** The number that a root gives itself, not verified; Infinity for anything else. */
function rootNumber(bytes: Uint8Array): number {
  const opened = openEnvelope(bytes);
  if (isRejection(opened) || opened.envelope.payloadType !== payloadType("root"))
    return Number.POSITIVE_INFINITY;
  const number = isPlainObject(opened.body) ? opened.body["number"] : undefined;
  return typeof number === "number" ? number : Number.POSITIVE_INFINITY;
}
