import type { HealthRumor } from "@antibody/core";

/** gossipsub's topics of one swarm. */
export const topics = ["policy", "health"] as const;
export type Topic = (typeof topics)[number];

/** What a topic carries: rumors as verified objects, policy as exact bytes, which every receiver verifies. */
export type GossipContent =
  | { readonly topic: "health"; readonly rumor: HealthRumor }
  | { readonly topic: "policy"; readonly bytes: Uint8Array };

/** One message on a topic, shared by everyone who holds or awaits it. */
export interface GossipMessage {
  readonly content: GossipContent;
  /** What it is known by: the digest of policy, a number for a rumor. */
  readonly key: string;
  readonly bytes: number;
  readonly publishedUs: number;
  /** For each agent: 1 once it has seen the message. */
  readonly seen: Uint8Array;
}

export function createMessage(
  content: GossipContent,
  key: string,
  bytes: number,
  publishedUs: number,
  agents: number,
): GossipMessage {
  return {
    content,
    key,
    bytes,
    publishedUs,
    seen: new Uint8Array(agents),
  };
}
