import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyFromSeed, nodeCrypto, statePaths } from "@antibody/agent/state";
import {
  agentIdOf,
  defaultSettings,
  type Input,
  Mind,
  type MindOptions,
  type Now,
  type PeerMessage,
  resourceTypes,
  sealCertificate,
  sealCharter,
  verifyChain,
  verifyCharter,
} from "@antibody/core";
import { type Grant, isRejection, type ResourceId, toHex, type VerifiedPolicy } from "@antibody/policy";
import { encodeMessage } from "../packages/agent/src/network/wire/wire.ts";
import { Journal } from "../packages/agent/src/state/journal.ts";
import type { Turn } from "../packages/core/src/contract/turn.ts";
import { PolicyKeeping } from "../packages/core/src/keeping/policies.ts";
import { Random } from "../packages/core/src/random.ts";
import { itemsPieces } from "../packages/core/src/swarm/reconciling/pieces.ts";

const now: Now = { monoMs: 0, wallMs: 1_767_225_600_000 };

/**
 * From verified documents to a generation that is journaled, by a sync to the disk, and planned: each promise was
 * observed as absent, and what repairs it is decided. One mind with a real journal in a temporary directory.
 */
export function activateMs(documents: readonly VerifiedPolicy[], grant: Grant): number {
  const directory = mkdtempSync(join(tmpdir(), "antibody-bench-"));
  const journal = Journal.open(statePaths(directory), now.wallMs);
  try {
    const mind = Mind.create(mindOptions(), { records: [], members: [], policies: [] });
    const feed = (input: Input): readonly ResourceId[] => {
      const { outputs } = mind.step(input, now);
      for (const output of outputs) {
        if (output.type === "persist") journal.persist(output.durability, output.records);
      }
      return outputs.flatMap((output) => (output.type === "observe" ? [output.resource] : []));
    };
    feed({ type: "started", addresses: [] });
    feed({ type: "command", id: "1", command: { type: "grant", grant } });
    const startedMs = performance.now();
    const observed = documents.flatMap((policy) => feed({ type: "policy", policy, from: "owner" }));
    for (const resource of observed) feed({ type: "observed", resource, observation: { type: "absent" } });
    const tookMs = performance.now() - startedMs;
    const planned = mind.inspect(now).resources.filter(({ drift }) => drift !== undefined).length;
    if (planned !== observed.length || planned === 0)
      throw new Error(`planned ${planned} of ${observed.length}`);
    return tookMs;
  } finally {
    journal.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Bytes on the wire, both ways, until an agent that missed generations has the newest: heads, what it wants, and the
 * documents, as anti-entropy sends them. Without what the transport adds.
 */
export function catchUpBytes(
  before: readonly VerifiedPolicy[],
  missed: readonly (readonly VerifiedPolicy[])[],
  grant: Grant,
): number {
  const [away, there] = [keeping(grant), keeping(grant)];
  for (const policy of before) {
    away.accept(policy, "owner", turn());
    there.accept(policy, "owner", turn());
  }
  for (const policy of missed.flat()) there.accept(policy, "owner", turn());
  let bytes = 0;
  const send = (message: PeerMessage): void => {
    for (const encoded of encodeMessage(message)) bytes += encoded.length;
  };
  send({ type: "digest", buckets: [], policy: away.heads() });
  send({ type: "summary", members: [], buckets: [], policy: there.heads() });
  const wanted = away.wantedFrom(there.heads());
  send({ type: "want", members: [], policy: wanted });
  for (const items of itemsPieces([], [], there.take(wanted))) {
    send(items);
    for (const policy of items.policy) away.accept(policy, "owner", turn());
  }
  if (away.digest() !== there.digest()) throw new Error("the agent has not caught up");
  return bytes;
}

function keeping(grant: Grant): PolicyKeeping {
  const contexts = { arch: "arm64", hostname: "pi", name: "pi", os: "linux", tags: [] };
  const options = { crypto: nodeCrypto(), contexts, resourceTypes, protectedResources: [] };
  const made = PolicyKeeping.create(options, { records: [], members: [], policies: [] });
  made.grant(grant, turn());
  return made;
}

function turn(): Turn {
  return { now, random: Random.fromSeed(1), emit: () => undefined, tell: () => undefined };
}

function mindOptions(): MindOptions {
  const crypto = nodeCrypto();
  const key = keyFromSeed(new Uint8Array(32).fill(3));
  const founder = toHex(key.publicKey);
  const nonce = "0".repeat(32);
  const charter = verifyCharter(
    sealCharter({ v: 1, type: "charter", name: "bench", founder, recovery: founder, nonce }, key),
    crypto,
  );
  if (isRejection(charter)) throw new Error(charter.detail);
  const certificate = verifyChain(
    [
      sealCertificate(
        {
          v: 1,
          type: "certificate",
          swarm: charter.swarm,
          key: founder,
          name: "pi",
          serial: 1,
          nonce,
          mayInvite: true,
          inviter: founder,
        },
        key,
      ),
    ],
    charter,
    crypto,
  );
  if (isRejection(certificate)) throw new Error(certificate.detail);
  return {
    agent: agentIdOf(key.publicKey, crypto),
    swarm: charter.swarm,
    certificate,
    build: "bench",
    contexts: { arch: "arm64", hostname: "pi", name: "pi", os: "linux", tags: [] },
    digestKey: new Uint8Array(32),
    random: [1, 2, 3, 1],
    crypto,
    settings: defaultSettings,
    resourceTypes,
    protectedResources: [],
  };
}
