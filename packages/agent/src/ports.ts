import type { Duplex } from "node:stream";
import type {
  ActionId,
  Durability,
  Event,
  EvictionWire,
  HealthRumor,
  Input,
  Inspection,
  JournalRecord,
  MemberWire,
  Overlay,
  OwnerCommand,
  PeerMessage,
  Plan,
  SignedStatement,
  UnsignedStatement,
} from "@antibody/core";
import type { AgentId, IncidentId, Json, Rejection, ResourceId, ResourcePromise } from "@antibody/policy";
import type { AuditLine } from "./audit/audit.ts";

/** Gives an input to the mind. Inputs are queued and stepped in order; safe to call from anywhere. */
export type Feed = (input: Input) => void;

/** Durable records. `persist` returns when they have the durability asked for: it is a barrier. */
export interface JournalPort {
  read(): readonly JournalRecord[];
  persist(durability: Durability, records: readonly JournalRecord[]): void;
  close(): void;
}

/** A peer that is reached through another one. */
export interface Relayed {
  readonly peer: AgentId;
  readonly by: AgentId;
}

/** Peers, over libp2p. Everything is fire and forget; results come back as inputs. */
export interface NetworkPort {
  /** Multiaddrs that peers can dial, without the peer id. */
  addresses(): readonly string[];
  send(to: AgentId, message: PeerMessage): void;
  publishRumor(rumor: HealthRumor): void;
  publishPolicy(bytes: Uint8Array): void;
  /** Answered by `dialed`; a session also by `connected`. */
  dial(peer: AgentId, addresses: readonly string[], purpose: "session" | "fresh", timeoutMs: number): void;
  hangUp(peer: AgentId): void;
  /** Hangs up, unless a route or a circuit goes over the session. */
  release(peer: AgentId): void;
  /** Peers that are reached through another one at present. */
  relayed(): readonly Relayed[];
  /** What peers said that this build does not know. */
  ignored(): readonly IgnoredKind[];
  /** The capabilities whose local ports peers may reach from now on. */
  serve(capabilities: readonly { readonly name: string; readonly port: number }[]): void;
  /** A byte stream to the local target of a peer's capability. Rejects with an error that has a `code`. */
  openRoute(backend: AgentId, capability: string, signal: AbortSignal): Promise<Duplex>;
  stop(): Promise<void>;
}

/** The device: files, processes, probes, local listeners. Results come back as inputs. */
export interface DevicePort {
  watch(resource: ResourceId, promise: ResourcePromise, events: boolean): void;
  unwatch(resource: ResourceId): void;
  observe(resource: ResourceId): void;
  /** Answered by `rival`, where the body can tell. */
  identify(resource: ResourceId): void;
  act(action: ActionId, resource: ResourceId, promise: ResourcePromise, plan: Plan): void;
  cancel(action: ActionId): void;
  route(resource: ResourceId, backends: readonly AgentId[]): void;
  /**
   * Ends watches, listeners and actions. `children: "stop"` ends supervised children (the owner stopped the
   * agent); `"leave"` lets them run, to be adopted by the next start.
   */
  stop(children: "stop" | "leave"): Promise<void>;
}

/** Signs with the agent's key. Synchronous: an Ed25519 signature costs less than a turn of the event loop. */
export interface StatementSigner {
  sign(statement: UnsignedStatement): SignedStatement;
}

/** Why what the owner asks for is not done, and what to do instead. */
export interface CommandRefusal {
  readonly type: "refused";
  readonly message: string;
  readonly next: string;
}

/** How a command of the owner was answered. */
export type CommandReply = { readonly type: "ok"; readonly detail: Json } | CommandRefusal;

/** What asks for an invite. */
export interface InviteRequest {
  readonly expiresInMs: number;
  /** Whether the one who joins may invite others. */
  readonly mayInvite: boolean;
  /** A member whose place the one who joins takes: it is evicted then. */
  readonly replaces?: AgentId | undefined;
}

/** An invite as it is shown once: whoever has the code may join, once, until it expires. */
export interface InviteCode {
  readonly code: string;
  /** When it expires, on the wall clock, for people: the inviter itself counts on its monotonic one. */
  readonly expiresMs: number;
}

/** An event of the agent as a log line. */
export interface LogLine {
  readonly time: string;
  readonly level: Event["level"];
  readonly event: Event["name"] | string;
  readonly agent: AgentId;
  readonly [field: string]: Json;
}

/** How often an event was told since the agent began. */
export interface EventCount {
  readonly event: LogLine["event"];
  readonly level: LogLine["level"];
  readonly count: number;
}

/** Something that keeps the agent's body from its full work. It ends by itself when its cause does. */
export interface Trouble {
  /** The event that began it. */
  readonly name:
    | "agent.stateUnwritten"
    | "agent.historyFailed"
    | "device.polling"
    | "agent.networkFailed"
    | "network.lanDeaf"
    | "agent.pluginsRefused"
    | "agent.handoffFailed";
  /** What it means, with the cause, for people. */
  readonly what: string;
}

/** A kind of message, rumor or item, or a field of one, that this build does not know. */
export interface IgnoredKind {
  readonly kind: string;
  /** Who said it first. */
  readonly from: AgentId;
  readonly count: number;
}

/** What there is to see of an agent: its mind, and what troubles its body. */
export interface AgentInspection extends Inspection {
  /** Absent from agents of builds before it. */
  readonly troubles?: readonly Trouble[];
  /** Peers whose session runs through another one. Absent from agents of builds before it. */
  readonly relayed?: readonly Relayed[];
  /** What peers of newer builds said and this one does not know. Absent where there is nothing. */
  readonly ignored?: readonly IgnoredKind[];
}

/** What a running agent offers to its control socket. */
export interface AgentControl {
  /** The mind has taken up what the journal left; before, there is nothing to see and nobody to command. */
  readonly begun: Promise<void>;
  inspect(): AgentInspection;
  /** Who observes whom, as this agent knows it. */
  overlay(): Overlay;
  command(command: OwnerCommand): Promise<CommandReply>;
  /** Policy from the device's owner, an envelope or a bundle message: verified like any other, stored and gossiped. */
  offer(bytes: Uint8Array): Promise<{ readonly type: "accepted"; readonly id: string } | Rejection>;
  /** Opens an invite, or says why this agent may not. */
  invite(request: InviteRequest): Promise<InviteCode | CommandRefusal>;
  /** A member as exact bytes: what signs an eviction elsewhere needs its chain. Undefined for who is none. */
  member(agent: AgentId): MemberWire | undefined;
  /** An eviction that the owner has signed elsewhere, as with the recovery key: verified, kept and spread. */
  publishEviction(wire: EvictionWire): Promise<CommandReply | Rejection>;
  /** The newest log lines (at most `logLinesKeptMax`), oldest first. */
  recentLog(): readonly LogLine[];
  /** How often each event was told, also of lines that are kept no more. */
  eventCounts(): readonly EventCount[];
  onLog(listener: (line: LogLine) => void): () => void;
  /** The flight recorder as it is now: one dump, then inputs with their times. */
  recording(): Uint8Array;
  /** The flight recorder as it was when a case was opened; undefined where that is not kept, or no more. */
  incidentRecording(incident: IncidentId): Uint8Array | undefined;
  /** Writes down what somebody ordered. */
  ordered(line: Pick<AuditLine, "event" | "by" | "fields">): void;
  /** Who did what, and which policy came into force when, oldest first; also of before this start. */
  history(): readonly AuditLine[];
  stop(): Promise<void>;
}
