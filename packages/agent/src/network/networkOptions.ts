import type { Event, EventName, Knowledge, VerifiedCertificate, VerifiedCharter } from "@antibody/core";
import type { Crypto, Signer } from "@antibody/policy";
import type { Feed } from "../ports.ts";
import type { InviteBook } from "./joining/inviteBook.ts";

/** Names of the log lines that only the network tells, beside those of the mind. */
export type NetworkEventName =
  | Extract<EventName, "policy.rejected">
  /** A stranger, a statement or a join that was refused. */
  | "network.refused"
  /** A peer that is kept out for a while. */
  | "network.banned"
  /** A peer said what this build does not know. Told once of each kind. */
  | "network.ignored"
  /** A new member came in through an invite. */
  | "network.enrolled"
  /** Peers on the LAN are not heard by mDNS, and why. */
  | "network.lanDeaf"
  /** They are again. */
  | "network.lanHeard"
  /** Something broke and was dealt with. */
  | "network.trouble";

/** A log line of the network. */
export interface NetworkEvent {
  readonly name: NetworkEventName;
  readonly level: Event["level"];
  readonly fields: Event["fields"];
}

/** What the network body needs. */
export interface NetworkOptions {
  /** The agent's key; it is also its libp2p identity. */
  readonly key: Signer & { readonly seed: Uint8Array };
  readonly charter: VerifiedCharter;
  /** The agent's own. */
  readonly certificate: VerifiedCertificate;
  readonly crypto: Crypto;
  readonly knowledge: Knowledge;
  /** Multiaddrs to listen on, for example `/ip4/0.0.0.0/tcp/4001`. */
  readonly listen: readonly string[];
  /** Whether peers on the LAN are looked for by mDNS; yes where nothing is said. */
  readonly mdns?: boolean;
  readonly feed: Feed;
  readonly tell: (event: NetworkEvent) => void;
  /** In memory where nothing is said: a restart closes every invite. */
  readonly invites?: InviteBook;
}
