import { joinSwarm, memoryInviteBook, type Network, openNetwork } from "@antibody/agent/network";
import { generateKey, nodeCrypto, type PrivateKey } from "@antibody/agent/state";
import { type Input, type Member, sealEntry, verifyEntry } from "@antibody/core";
import { type AgentId, isRejection, type Root, type SwarmId, type VerifiedPolicy } from "@antibody/policy";
import { until } from "./until.ts";

/**
 * A member that means harm: enrolled with a real invite, on the real network, without a mind of its own. It can
 * ask peers for policy like anyone, and push to them whatever bytes it likes. It answers probes: nobody goes on
 * listening to a peer that is silent.
 */
export interface Forger {
  /** Asks a peer for policy by id, and waits until all of it has come. */
  capture(
    from: AgentId,
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Pushes bytes to every peer, as policy. Waits until it has a session with each of them. */
  push(bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/** How long a dial of the forger may take. */
const dialTimeoutMs = 5_000;

/** Joins with a code and connects to every member that it hears of. */
export async function enlistForger(
  code: string,
  peers: readonly { readonly agent: AgentId; readonly addresses: readonly string[] }[],
  root: Root,
  signal: AbortSignal,
): Promise<Forger> {
  const [key, crypto] = [generateKey(), nodeCrypto()];
  const {
    charter,
    certificate,
    members: told,
  } = await joinSwarm({ code, key, name: "mallory", crypto, build: "forged" });
  const own = memberOf(certificate, charter.swarm, key);
  const members = new Map(told.map((member) => [member.certificate.agent, member]));
  const reached = new Set<AgentId>();
  const captured = new Map<string, Uint8Array>();
  const feed = (input: Input): void => {
    if (input.type === "connected") {
      members.set(input.peer, input.member);
      reached.add(input.peer);
    }
    if (input.type === "disconnected") reached.delete(input.peer);
    if (input.type !== "message") return;
    const { from, message } = input;
    if (message.type === "items") for (const { id, bytes } of message.policy) captured.set(id, bytes);
    if (message.type === "probe") {
      const { sequence, digests } = message;
      network.send(from, { type: "ack", sequence, digests, incarnation: own.entry.entry.incarnation });
    }
  };
  const network: Network = await openNetwork({
    ...{ key, charter, certificate, crypto, feed, listen: [], invites: memoryInviteBook() },
    tell: () => undefined,
    knowledge: {
      rootOf: () => root,
      newestRoots: () => [root],
      rootWithDigest: () => root,
      certificateOf: (agent) => members.get(agent)?.certificate,
      evictionOf: () => undefined,
      neighborsOf: () => [],
      ownMember: () => own,
      members: () => [...members.values()],
    },
  });
  const reachAll = async (patience: AbortSignal): Promise<void> => {
    for (const { agent, addresses } of peers) {
      if (!reached.has(agent)) network.dial(agent, addresses, "session", dialTimeoutMs);
    }
    await until("the forger to reach every agent", patience, () =>
      peers.every(({ agent }) => reached.has(agent)),
    );
  };
  try {
    await reachAll(signal);
  } catch (error) {
    await network.stop();
    throw error;
  }
  return {
    capture: async (from, ids, patience) => {
      network.send(from, { type: "want", members: [], policy: ids });
      await until("the forger to get what it asked for", patience, () => ids.every((id) => captured.has(id)));
      return captured;
    },
    push: async (bytes, patience) => {
      await reachAll(patience);
      const policy = [asIfVerified(bytes)];
      for (const { agent } of peers) network.send(agent, { type: "items", members: [], deaths: [], policy });
    },
    stop: () => network.stop(),
  };
}

/** As a member that has just started says of itself, whoever stands behind it. */
function memberOf(certificate: Member["certificate"], swarm: SwarmId, key: PrivateKey): Member {
  const entry = verifyEntry(
    sealEntry(
      {
        v: 1,
        type: "entry",
        swarm,
        agent: certificate.agent,
        incarnation: [certificate.certificate.serial, 1, 0],
        status: "alive",
        addresses: [],
        capabilities: [],
        build: "forged",
      },
      key,
    ),
    certificate,
    nodeCrypto(),
  );
  if (isRejection(entry)) throw new Error(`the forger's own entry: ${entry.detail}`);
  return { certificate, entry };
}

/** Only the bytes of an item travel: that they were verified is exactly what the forger lies about. */
function asIfVerified(bytes: Uint8Array): VerifiedPolicy {
  return { type: "fragment", bytes } as VerifiedPolicy;
}
