import type { HealthRumor } from "@antibody/core";
import type { WireRumor } from "../world/border.ts";
import type { Spread } from "./spread.ts";

/** gossipsub's topics of one swarm. */
export const topics = ["policy", "health"] as const;
export type Topic = (typeof topics)[number];

/** What a topic carries: rumors as verified objects, policy and what is not trusted as exact bytes to be verified. */
export type GossipContent =
  | { readonly topic: "health"; readonly rumor: HealthRumor }
  | { readonly topic: "health"; readonly wire: WireRumor }
  | { readonly topic: "policy"; readonly bytes: Uint8Array };

/** One message on a topic, shared by everyone in a thread who holds or awaits it. */
export interface GossipMessage {
  readonly type: "message";
  readonly content: GossipContent;
  /** What it is known by: the digest of policy; for a rumor, its publisher and a number. */
  readonly key: string;
  readonly bytes: number;
  /** In which it was published: long after it nobody takes it any more. */
  readonly period: number;
  /** Since when it is known here. */
  readonly sinceUs: number;
  /** Whom it has reached. */
  readonly spread: Spread;
}
