import type { AgentId, SwarmId } from "@antibody/policy";
import { holdEmptyState } from "../state/agentState.ts";
import { nodeCrypto } from "../state/nodeCrypto.ts";

/** What joining needs. */
export interface JoinAgentOptions {
  readonly state: string;
  /** The invite's code. */
  readonly code: string;
  /** What the agent will be called; unique in its swarm. */
  readonly name: string;
  /** Version of the build, told to peers. */
  readonly build: string;
  /** Public key of the owner whose words the device obeys; absent: one of its own. */
  readonly owner?: Uint8Array;
  /** Whether the inviter is looked for on the LAN by mDNS as well; yes where nothing is said. */
  readonly mdns?: boolean;
  readonly timeoutMs?: number;
}

/** What joining gave. */
export interface JoinedAgent {
  readonly agent: AgentId;
  readonly swarm: SwarmId;
  readonly name: string;
  /** Six digits that the inviter shows as well. */
  readonly sas: string;
}

/**
 * Joins a swarm and makes a state directory of it, for `startAgent`. Throws a StateError, or the network's JoinError;
 * nothing but a key is then left, which the next try uses again.
 */
export async function joinAgent(options: JoinAgentOptions): Promise<JoinedAgent> {
  const crypto = nodeCrypto();
  const empty = holdEmptyState(options.state);
  try {
    const { joinSwarm } = await import("../network/joining/joinSwarm.ts");
    const { code, name, build, mdns = true, timeoutMs } = options;
    const asked = { code, name, build, mdns, crypto, key: empty.key };
    const joined = await joinSwarm(timeoutMs === undefined ? asked : { ...asked, timeoutMs });
    const { charter, certificate, members, sas } = joined;
    const owner = options.owner === undefined ? {} : { owner: options.owner };
    empty.store({ charter: charter.bytes, chain: certificate.chain, members, ...owner });
    return { agent: certificate.agent, swarm: charter.swarm, name: certificate.certificate.name, sas };
  } finally {
    empty.release();
  }
}
