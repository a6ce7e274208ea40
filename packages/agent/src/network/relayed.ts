import type { Connection, PeerId } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import type { Relayed } from "../ports.ts";
import type { Session } from "./gate.ts";

/** What stands between a relay's address and the identity of whom it leads to. */
const circuit = "/p2p-circuit";

/** Whether a connection runs through a third agent. */
export function isRelayed({ remoteAddr }: { readonly remoteAddr: Multiaddr }): boolean {
  return remoteAddr.toString().includes(circuit);
}

/** The libp2p identity of the agent that relays a connection; undefined for a direct one. */
function relayOf({ remoteAddr }: { readonly remoteAddr: Multiaddr }): string | undefined {
  const [head, tail] = remoteAddr.toString().split(circuit);
  return tail === undefined ? undefined : head?.split("/p2p/").at(-1);
}

/** The address of a peer through the other end of a connection. */
export function circuitAddress({ remoteAddr, remotePeer }: Connection, target: PeerId): string {
  const relay = remoteAddr.toString().replace(/\/p2p\/[^/]+$/, "");
  return `${relay}/p2p/${remotePeer}${circuit}/p2p/${target}`;
}

/** The newest connection of a session that needs no relay. */
export function directOf(session: Session | undefined): Connection | undefined {
  return session?.connections.findLast((connection) => !isRelayed(connection));
}

/** The peers among sessions that are reached through another one of them. */
export function relayedAmong(sessions: readonly Session[]): readonly Relayed[] {
  return sessions.flatMap(({ agent, connections }) => {
    const newest = connections.at(-1);
    const relay = newest === undefined ? undefined : relayOf(newest);
    const by = sessions.find(({ peer }) => peer.toString() === relay)?.agent;
    return by === undefined ? [] : [{ peer: agent, by }];
  });
}
