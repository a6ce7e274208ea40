import type { GossipMessage, Topic } from "./message.ts";

/** What gossipsub says beside full messages. */
export type GossipControl =
  /** Hello is done: the dialer's gossip knows of the session, and now the other one's does. */
  | { readonly type: "welcome" }
  /** Negotiates an outbound stream, which takes a round trip. */
  | { readonly type: "open" }
  | { readonly type: "accept" }
  /** SUBSCRIBE to both topics: the first words on a new stream. */
  | { readonly type: "subscribe" }
  /** GRAFT and PRUNE. */
  | { readonly type: "mesh"; readonly graft: readonly Topic[]; readonly prune: readonly Topic[] }
  /** IHAVE, and the IWANT that answers it. */
  | { readonly type: "offer"; readonly messages: readonly GossipMessage[] }
  | { readonly type: "want"; readonly messages: readonly GossipMessage[] };

export const welcome: GossipControl = { type: "welcome" };
export const open: GossipControl = { type: "open" };
export const accept: GossipControl = { type: "accept" };
export const subscribe: GossipControl = { type: "subscribe" };

/** Bytes of a frame of Yamux within one of Noise, of the name of a topic, of a message's id, of other small words. */
export const frameBytes = 30;
export const topicBytes = 76;
export const idBytes = 34;
export const smallBytes = 40;
/** gossipsub announces a message of this size to its mesh before it goes on (IDONTWANT), as agents set it. */
export const announcedBytesMin = 4_096;
