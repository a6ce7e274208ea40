import { setTimeout as delay } from "node:timers/promises";
import type { Crypto } from "@antibody/policy";
import { peerIdOf } from "../identity.ts";
import { reachOnLan } from "../lan/inviter.ts";
import { joinOtherWaysAfterMs } from "../limits.ts";
import type { NetworkNode } from "../node.ts";
import { circuitAddress, doorOf } from "../relay/relayed.ts";
import { isConnection, isLoopback, type Reached, reach, reachFirst } from "../sessions/reach.ts";
import type { Invite } from "./inviteCode.ts";

/** How an inviter is looked for. */
export interface ReachInviterOptions {
  readonly crypto: Crypto;
  /** Whether on the LAN by mDNS as well; yes where nothing is said. */
  readonly mdns?: boolean;
}

/**
 * A connection to who has issued an invite: at the addresses in the code; and once those have failed, or have not
 * answered for `joinOtherWaysAfterMs`, where it announces itself on the LAN, and through relays that the code names.
 */
export async function reachInviter(
  node: NetworkNode,
  invite: Invite,
  { crypto, mdns }: ReachInviterOptions,
  signal: AbortSignal,
): Promise<Reached> {
  const direct = invite.addresses.filter((address) => doorOf(address) === undefined);
  const doors = invite.addresses.filter((address) => doorOf(address) !== undefined);
  const told = reach(node, peerIdOf(invite.inviter), direct, signal);
  const soon = await Promise.race([told, delay(joinOtherWaysAfterMs, undefined, { ref: false })]);
  if (soon !== undefined && isConnection(soon)) return soon;
  const isThisHost = direct.length > 0 && direct.every(isLoopback);
  const isOnLan = mdns !== false && !isThisHost;
  return reachFirst([
    told,
    ...doors.map((door) => reachThrough(node, door, invite, signal)),
    ...(isOnLan ? [reachOnLan(node, invite, crypto, signal)] : []),
  ]);
}

/** Through a relay, which lets strangers come to the inviter while its invite is open. */
async function reachThrough(
  node: NetworkNode,
  door: string,
  { inviter }: Invite,
  signal: AbortSignal,
): Promise<Reached> {
  const way = doorOf(door);
  if (way === undefined) throw new Error(`no relay in ${door}`);
  const relay = await reach(node, way.relay, [way.address], signal);
  if (relay.type !== "connection") return relay;
  const target = peerIdOf(inviter);
  return reach(node, target, [circuitAddress(relay.connection, target)], signal);
}
