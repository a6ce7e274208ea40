import { setTimeout as delay } from "node:timers/promises";
import { type Crypto, makeId } from "@antibody/policy";
import { peerIdOf } from "../identity.ts";
import type { Invite } from "../inviteCode.ts";
import { joinLanAfterMs, joinLanMs, mdnsQuestionWaitMsMin } from "../limits.ts";
import type { NetworkNode } from "../node.ts";
import { isLoopback, type Reached, reach } from "../reach.ts";
import { Lan } from "./lan.ts";
import { Multicast } from "./multicast.ts";
import { ownInterfaces } from "./neighborhood.ts";

/**
 * A connection to who has issued an invite: at the addresses in the code, or where it announces itself on the LAN once
 * those have failed, or have not answered for `joinLanAfterMs`.
 */
export async function reachInviter(
  node: NetworkNode,
  invite: Invite,
  crypto: Crypto,
  signal: AbortSignal,
): Promise<Reached> {
  const told = reach(node, peerIdOf(invite.inviter), invite.addresses, signal);
  const soon = await Promise.race([told, delay(joinLanAfterMs, undefined, { ref: false })]);
  const isThisHost = invite.addresses.length > 0 && invite.addresses.every(isLoopback);
  if (soon?.type === "connection" || isThisHost) return told;
  const heard = reachOnLan(node, invite, crypto, signal);
  const first = await Promise.race([told, heard]);
  return first?.type === "connection" ? first : ((await heard) ?? told);
}

/** Undefined where it is not heard within `joinLanMs`, or does not answer where it says it is. */
async function reachOnLan(
  node: NetworkNode,
  { inviter, swarm }: Invite,
  crypto: Crypto,
  signal: AbortSignal,
): Promise<Reached | undefined> {
  const peer = peerIdOf(inviter);
  const agent = makeId("agent", crypto.sha256(inviter));
  const found = Promise.withResolvers<Reached | undefined>();
  const tried = new Set<string>();
  const lan = new Lan({
    swarm,
    own: undefined,
    openMulticast: (listener) => Multicast.open(listener),
    isKnown: (other) => other === agent,
    heard: (_agent, addresses) => {
      const fresh = addresses.filter((address) => !tried.has(address));
      for (const address of fresh) tried.add(address);
      void reach(node, peer, fresh, signal).then((reached) => {
        if (reached.type === "connection") found.resolve(reached);
      });
    },
    // The join says that the inviter cannot be reached, by whichever way.
    deaf: () => undefined,
  });
  lan.moved(ownInterfaces());
  const asking = setInterval(() => lan.seek(), mdnsQuestionWaitMsMin);
  const timer = setTimeout(() => found.resolve(undefined), joinLanMs);
  try {
    return await found.promise;
  } finally {
    clearInterval(asking);
    clearTimeout(timer);
    lan.stop();
  }
}
