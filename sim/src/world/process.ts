import {
  type Boot,
  type JournalRecord,
  type Member,
  type MindOptions,
  readMemberRecord,
  reportingMembers,
  resourceTypes,
  verifyMember,
} from "@antibody/core";
import {
  type AgentId,
  type AuthorId,
  type Contexts,
  compareText,
  type Root,
  type Trust,
  type VerifiedPolicy,
  type VerifiedReport,
  verifyPolicy,
} from "@antibody/policy";
import { simulatedBuild } from "../identity/enroll.ts";
import { modelCrypto } from "../identity/modelCrypto.ts";
import { valid } from "../identity/statements.ts";
import type { DeviceKind } from "../scenarios/scenario.ts";
import type { SimAgent } from "./agent.ts";
import type { Population } from "./populate.ts";

const policyPrefix = "policy/";
const reportPrefix = "report/";

const noTags: readonly string[] = [];
const protectedResources: readonly string[] = ["file:/var/lib/antibody/**"];

/** What a process of the agent gives its mind. Each gets a random stream of its own. */
export function mindOptionsOf(
  agent: SimAgent,
  { swarm, settings, kinds, directory, columns, sharing }: Population,
): MindOptions {
  return {
    agent: agent.id,
    swarm,
    certificate: agent.certificate,
    build: simulatedBuild,
    contexts: contextsOf(agent, kinds),
    digestKey: agent.digestKey,
    random: agent.random.fork().position(),
    crypto: modelCrypto,
    settings,
    founding: { directory, store: columns.start(agent.index) },
    sharing,
    resourceTypes,
    protectedResources,
  };
}

function contextsOf({ index, name }: SimAgent, kinds: readonly DeviceKind[]): Contexts {
  const kind = kinds[index % Math.max(1, kinds.length)];
  return { arch: "arm64", hostname: name, name, os: "linux", tags: noTags, ...kind };
}

/**
 * What a process finds beyond the directory of the enrolled swarm: at the first start nothing, later what the journal
 * holds, with members and policy verified again.
 */
export function bootOf(agent: SimAgent, population: Population): Boot {
  if (agent.journal.isEmpty) return { records: [], members: [], policies: [] };
  const records: JournalRecord[] = [];
  const members: Member[] = [];
  const envelopes: Uint8Array[] = [];
  const reports: VerifiedReport[] = [];
  for (const record of agent.journal.records()) {
    const wire = readMemberRecord(record);
    if (wire !== undefined) {
      const known = population.directory.get(record.key.slice(record.key.indexOf("/") + 1) as AgentId);
      members.push(valid(verifyMember(valid(wire), population.charter, modelCrypto, known?.certificate)));
    } else if (record.key.startsWith(policyPrefix) && record.value instanceof Uint8Array) {
      envelopes.push(record.value);
    } else if (record.key.startsWith(reportPrefix) && record.value instanceof Uint8Array) {
      const report = valid(verifyPolicy(record.value, trustIn(population)));
      if (report.type === "report") reports.push(report);
    } else records.push(record);
  }
  return { records, members, policies: verifyAll(envelopes), reports };
}

/** Reports are signed by members, of whom everybody is known here. */
function trustIn({ directory }: Population): Trust {
  const memberOf = reportingMembers({ certificateOf: (agent) => directory.get(agent)?.certificate });
  return { crypto: modelCrypto, rootOf: () => undefined, memberOf };
}

/** Roots first, by number, since everything else is verified with them. */
function verifyAll(envelopes: readonly Uint8Array[]): readonly VerifiedPolicy[] {
  const roots = new Map<AuthorId, Root>();
  const verified: VerifiedPolicy[] = [];
  const trust = { crypto: modelCrypto, rootOf: (author: AuthorId): Root | undefined => roots.get(author) };
  let rest = [...envelopes];
  for (;;) {
    const unread: Uint8Array[] = [];
    for (const bytes of rest) {
      const policy = verifyPolicy(bytes, trust);
      if (policy.type === "rejection") unread.push(bytes);
      else {
        verified.push(policy);
        if (policy.type === "root") roots.set(policy.author, policy.root);
      }
    }
    if (unread.length === rest.length) return verified.sort((left, right) => compareText(left.id, right.id));
    rest = unread;
  }
}
