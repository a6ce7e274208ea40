import { networkInterfaces } from "node:os";
import type { Knowledge } from "@antibody/core";
import type { AgentId, SwarmId } from "@antibody/policy";
import type { NetworkEvent } from "../networkOptions.ts";
import { distantHost, type Interfaces, Lan } from "./lan.ts";
import { Multicast } from "./multicast.ts";

/** What a member brings to its LAN. */
export interface NeighborhoodOptions {
  readonly swarm: SwarmId;
  readonly agent: AgentId;
  readonly knowledge: Pick<Knowledge, "certificateOf" | "evictionOf">;
  readonly tell: (event: NetworkEvent) => void;
}

/** The LAN of a member: it hears members, and says in the log when it cannot. */
export function neighborhood({ swarm, agent, knowledge, tell }: NeighborhoodOptions): Lan {
  return new Lan({
    swarm,
    own: agent,
    openMulticast: (listener) => Multicast.open(listener),
    isKnown: (other) => {
      const certificate = knowledge.certificateOf(other);
      return certificate !== undefined && knowledge.evictionOf(certificate) === undefined;
    },
    deaf: (cause) =>
      tell(
        cause === undefined
          ? { name: "network.lanHeard", level: "info", fields: {} }
          : { name: "network.lanDeaf", level: "warn", fields: { cause } },
      ),
  });
}

/** On which of its interfaces an agent is found, and at which of its addresses: on each at those of this interface. */
export function interfacesOf(addresses: readonly string[]): Interfaces {
  const interfaces = new Map<string, readonly string[]>();
  for (const address of addresses) {
    const host = distantHost(address);
    if (host !== undefined) interfaces.set(host, [...(interfaces.get(host) ?? []), address]);
  }
  return interfaces;
}

/** Every interface of this host, for who only asks. */
export function ownInterfaces(): Interfaces {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const distant = all.filter(({ family, internal }) => family === "IPv4" && !internal);
  return new Map(distant.map(({ address }) => [address, []]));
}
