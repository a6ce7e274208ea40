import type { Connection, PeerId } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import type { Multiaddr } from "@multiformats/multiaddr";

/** What stands between a relay's address and the identity of whom it leads to. */
const circuit = "/p2p-circuit";

/** Whether a connection runs through a third agent. */
export function isRelayed({ remoteAddr }: { readonly remoteAddr: Multiaddr }): boolean {
  return remoteAddr.toString().includes(circuit);
}

/** The libp2p identity of the agent that relays a connection; undefined for a direct one. */
export function relayOf({ remoteAddr }: { readonly remoteAddr: Multiaddr }): string | undefined {
  const [head, tail] = remoteAddr.toString().split(circuit);
  return tail === undefined ? undefined : head?.split("/p2p/").at(-1);
}

/** The address of a peer through the other end of a connection. */
export function circuitAddress(connection: Connection, target: PeerId): string {
  return `${doorAddress(connection)}/p2p/${target}`;
}

/** The address that leads through the other end of a connection, without whom it leads to, as in an invite. */
export function doorAddress({ remoteAddr, remotePeer }: Connection): string {
  const relay = remoteAddr.toString().replace(/\/p2p\/[^/]+$/, "");
  return `${relay}/p2p/${remotePeer}${circuit}`;
}

/** The relay that an address of an invite leads through, and where it is; undefined for a direct address. */
export function doorOf(address: string): { readonly relay: PeerId; readonly address: string } | undefined {
  const [, where = "", who = ""] = /^(.+)\/p2p\/([^/]+)\/p2p-circuit$/.exec(address) ?? [];
  try {
    return who === "" ? undefined : { relay: peerIdFromString(who), address: where };
  } catch {
    return undefined;
  }
}
