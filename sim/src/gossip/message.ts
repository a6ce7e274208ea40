import type { HealthRumor } from "@antibody/core";
import type { WireRumor } from "../world/border.ts";

/** gossipsub's topics of one swarm. */
export const topics = ["policy", "health"] as const;
export type Topic = (typeof topics)[number];

/** What a topic carries: rumors as verified objects, policy and what is not trusted as exact bytes to be verified. */
export type GossipContent =
  | { readonly topic: "health"; readonly rumor: HealthRumor }
  | { readonly topic: "health"; readonly wire: WireRumor }
  | { readonly topic: "policy"; readonly bytes: Uint8Array };

/** One message on a topic, shared by everyone who holds or awaits it. */
export interface GossipMessage {
  readonly type: "message";
  readonly content: GossipContent;
  /** What it is known by: the digest of policy, a number for a rumor. */
  readonly key: string;
  readonly bytes: number;
  readonly publishedUs: number;
  /** For each agent: 1 once it has seen the message. */
  readonly seen: Uint8Array;
  /** For each agent: when the first copy on its way arrives, in microseconds after the publication, up to 71 min. */
  readonly arrivesUs: Uint32Array;
}

/** Stands for a time of arrival where no copy is on its way. */
const notOnItsWay = 0xffff_ffff;

export function createMessage(
  content: GossipContent,
  key: string,
  bytes: number,
  publishedUs: number,
  agents: number,
): GossipMessage {
  return {
    type: "message",
    content,
    key,
    bytes,
    publishedUs,
    seen: new Uint8Array(agents),
    arrivesUs: new Uint32Array(agents).fill(notOnItsWay),
  };
}

/** An agent's process is gone: a later one has not seen the message. */
export function forgetMessage(message: GossipMessage, agent: number): void {
  message.seen[agent] = 0;
  message.arrivesUs[agent] = notOnItsWay;
}
