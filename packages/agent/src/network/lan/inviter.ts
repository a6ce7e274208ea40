import { type Crypto, makeId } from "@antibody/policy";
import { peerIdOf } from "../identity.ts";
import type { Invite } from "../joining/inviteCode.ts";
import { joinLanMs, mdnsQuestionWaitMsMin } from "../limits.ts";
import type { NetworkNode } from "../node.ts";
import { type Reached, reach } from "../sessions/reach.ts";
import { Lan } from "./lan.ts";
import { Multicast } from "./multicast.ts";
import { ownInterfaces } from "./neighborhood.ts";

const unheard: Reached = { type: "failed", detail: "not heard on this network" };

/** A connection to who has issued an invite, where it announces itself on the LAN within `joinLanMs`. */
export async function reachOnLan(
  node: NetworkNode,
  { inviter, swarm }: Invite,
  crypto: Crypto,
  signal: AbortSignal,
): Promise<Reached> {
  const peer = peerIdOf(inviter);
  const agent = makeId("agent", crypto.sha256(inviter));
  const found = Promise.withResolvers<Reached>();
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
  const timer = setTimeout(() => found.resolve(unheard), joinLanMs);
  try {
    return await found.promise;
  } finally {
    clearInterval(asking);
    clearTimeout(timer);
    lan.stop();
  }
}
