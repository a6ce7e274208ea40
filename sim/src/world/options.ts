import type { Event, Output } from "@antibody/core";
import type { LinkModel } from "../network/links.ts";
import type { Share } from "../threads/share.ts";
import type { CreateMind, SimAgent } from "./agent.ts";

/** What a world is made with, and whom it tells. */
export interface WorldOptions {
  readonly seed: number;
  readonly links: LinkModel;
  readonly createMind: CreateMind;
  /** The agents that this world simulates; of the others it knows what happens to their hosts. */
  readonly share: Share;
  /** Everything that an agent tells, as its log would have it. */
  onTold(agent: SimAgent, event: Event): void;
  /** How an agent answered a command of its owner. */
  onReplied(agent: SimAgent, reply: Extract<Output, { readonly type: "reply" }>): void;
  /** One of the world's own events is due. */
  onDue(kind: number, payload: unknown): void;
}
