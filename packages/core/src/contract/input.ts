import type { AgentId, AuthorId, Grant, ResourceId, VerifiedPolicy } from "@antibody/policy";
import type { HealthRumor, PeerMessage } from "./messages.ts";
import type { ActionId } from "./output.ts";
import type { Observation, ObservationFailure } from "./resource.ts";
import type { Member, SignedStatement, VerifiedEviction } from "./statements.ts";

/** How an attempt to connect ended. */
export type DialResult =
  /** A session with the peer stands. */
  | "connected"
  /** The host answered that nobody listens: the process is gone. */
  | "refused"
  /** The connection was accepted and nothing was said. */
  | "silent"
  /** No answer at all. */
  | "cut"
  /** The body could not try (no address, no descriptor, own network down). Says nothing of the peer. */
  | "failed";

/** How an action ended. */
export type ActionResult =
  | { readonly type: "done"; readonly detail: string }
  /** `begun` is false where the body has not even tried: what the action stands on could not be made durable. */
  | { readonly type: "failed"; readonly code: string; readonly detail: string; readonly begun?: false }
  | { readonly type: "canceled" };

/** Who undoes repairs. */
export type Rival =
  /** It had the file open for writing. */
  | { readonly type: "process"; readonly pid: number; readonly program: string; readonly uid: number }
  /** Nobody was met at it: whose the file is, and when it was last changed, by the wall clock. */
  | { readonly type: "unknown"; readonly uid: number; readonly changedWallMs: number };

/** A command of the owner, from the control socket. `*` stands for all resources. */
export type OwnerCommand =
  | { readonly type: "grant"; readonly grant: Grant }
  | { readonly type: "revokeGrant"; readonly author: AuthorId }
  /** Puts a member out of the swarm, by this agent's own key. Of those whom it has invited the named ones stay. */
  | {
      readonly type: "evict";
      readonly agent: AgentId;
      readonly keeps: readonly AgentId[];
      readonly reason: string;
    }
  /** Takes and spreads an eviction that was signed elsewhere, as by the recovery key. */
  | { readonly type: "publishEviction"; readonly eviction: VerifiedEviction }
  | {
      readonly type: "pause";
      readonly target: ResourceId | "*";
      readonly reason: string;
      readonly forMs: number;
    }
  | { readonly type: "resume"; readonly target: ResourceId | "*" }
  /** Does one pending action of a paused target, then stays paused. */
  | { readonly type: "step"; readonly target: ResourceId | "*" }
  | { readonly type: "cancel"; readonly action: ActionId }
  /** The device is about to sleep: its absence shall alarm nobody. It heals on while it is awake. */
  | { readonly type: "away" }
  /** It is there again, which it also says by itself when it has slept, or stayed awake for a while. */
  | { readonly type: "back" }
  /** Says goodbye to the swarm and stops starting actions; the body ends when it is told so. */
  | { readonly type: "stop" };

/** Everything that an agent's mind ever learns. */
export type Input =
  /** The first input after creation or restore from the journal; carries the addresses that the body listens on. */
  | { readonly type: "started"; readonly addresses: readonly string[] }
  | { readonly type: "wake" }
  | { readonly type: "addresses"; readonly addresses: readonly string[] }
  /** A session with an enrolled peer stands (hello done in both directions). */
  | { readonly type: "connected"; readonly peer: AgentId; readonly member: Member }
  /** The last session with a peer is gone. A hint, never a verdict. */
  | { readonly type: "disconnected"; readonly peer: AgentId }
  | {
      readonly type: "dialed";
      readonly peer: AgentId;
      readonly purpose: "session" | "fresh";
      readonly result: DialResult;
    }
  | { readonly type: "message"; readonly from: AgentId; readonly message: PeerMessage }
  /** A message that could not be sent. A failed send is a failed probe. */
  | { readonly type: "unsent"; readonly to: AgentId; readonly message: PeerMessage["type"] }
  | { readonly type: "rumor"; readonly from: AgentId; readonly rumor: HealthRumor }
  /** A member that this agent has just enrolled through an invite; `replaces` is evicted in its favor. */
  | { readonly type: "enrolled"; readonly member: Member; readonly replaces?: AgentId }
  /** Why a peer did not let this agent in. */
  | { readonly type: "turnedAway"; readonly eviction: VerifiedEviction }
  | { readonly type: "signed"; readonly statement: SignedStatement }
  /** Verified policy. `from` is the peer that delivered it, or this device's owner through the control socket. */
  | { readonly type: "policy"; readonly policy: VerifiedPolicy; readonly from: AgentId | "owner" }
  | { readonly type: "observed"; readonly resource: ResourceId; readonly observation: Observation }
  | { readonly type: "unobservable"; readonly resource: ResourceId; readonly failure: ObservationFailure }
  /** Who works against the promise of a contested resource; the answer to `identify`, where the body can tell. */
  | { readonly type: "rival"; readonly resource: ResourceId; readonly rival: Rival }
  | {
      readonly type: "progress";
      readonly action: ActionId;
      readonly step: number;
      readonly of: number;
      readonly note: string;
    }
  | { readonly type: "outcome"; readonly action: ActionId; readonly result: ActionResult }
  /** What real traffic through a route showed of one backend. */
  | {
      readonly type: "routed";
      readonly resource: ResourceId;
      readonly backend: AgentId;
      readonly result: "answered" | "failed";
    }
  /** `id` comes back in the reply. */
  | { readonly type: "command"; readonly id: string; readonly command: OwnerCommand };
