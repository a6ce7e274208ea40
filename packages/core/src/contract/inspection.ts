import type {
  AgentId,
  Contexts,
  Grant,
  HeldClaim,
  IncidentId,
  Json,
  ResourceId,
  StreamState,
  SwarmId,
} from "@antibody/policy";
import type { AuthorView, OwnerView } from "../keeping/authors.ts";
import type { ActionId } from "./output.ts";
import type { Incarnation, VoteEvidence } from "./statements.ts";
import type { MonotonicMs } from "./time.ts";

/**
 * What an agent holds of a peer. `dead` is a quorum's word; `stalled` is its own finding, and `unreachable` its own or
 * that of several of the peer's observers.
 */
export type Verdict = "reachable" | "suspected" | "unreachable" | "stalled" | "dead" | "left" | "away";

export interface MemberView {
  readonly agent: AgentId;
  readonly name: string;
  readonly verdict: Verdict;
  readonly sinceMs: MonotonicMs;
  /** One line for people: what the verdict rests on. */
  readonly why: string;
  readonly incarnation: Incarnation;
  readonly addresses: readonly string[];
  readonly capabilities: readonly string[];
  /** Version of its build, as it said itself. */
  readonly build?: string;
  readonly observedByMe: boolean;
  readonly connected: boolean;
  readonly votes: readonly { readonly observer: AgentId; readonly evidence: VoteEvidence }[];
}

/** Who is out of the swarm, by whose word. */
export interface EvictionView {
  readonly agent: AgentId;
  readonly name: string;
  readonly by: AgentId | "recovery";
  readonly reason: string;
}

/** Where a resource stands in the loop. */
export type ResourcePhase =
  | "unknown"
  | "kept"
  | "drifted"
  | "repairing"
  | "verifying"
  | "backingOff"
  | "contested"
  | "handedOff"
  | "paused"
  | "held"
  /** Promised, and now the business of others: a role that they hold, or what goes with it. */
  | "standingBy"
  | "unobservable";

export interface ResourceView {
  readonly resource: ResourceId;
  readonly phase: ResourcePhase;
  readonly sinceMs: MonotonicMs;
  /** One line: why it is in this phase, and what it waits for. */
  readonly why: string;
  /** One line: what the agent will do next, and when; empty when nothing. */
  readonly next: string;
  readonly nextMs?: MonotonicMs;
  readonly drift?: { readonly attributes: readonly string[]; readonly summary: string };
  readonly action?: {
    readonly id: ActionId;
    readonly verb: string;
    readonly sinceMs: MonotonicMs;
    readonly step: number;
    readonly of: number;
    readonly note: string;
    readonly progressMs: MonotonicMs;
    readonly deadlineMs: MonotonicMs;
  };
  readonly attempts: readonly AttemptView[];
  readonly repairs: number;
  readonly failures: number;
  /** Who promised it; absent while the promise is withdrawn. */
  readonly promise?: Json;
  readonly author?: string;
  readonly stream?: string;
  readonly fragment?: string;
  readonly fragmentName?: string;
  readonly generation?: number;
  readonly rank?: number;
  readonly mode?: "enforce" | "warn" | "observe";
}

/** One repair, kept for `why` and for incidents. At most `attemptsKeptMax` a resource. */
export interface AttemptView {
  readonly id: ActionId;
  readonly verb: string;
  readonly startedMs: MonotonicMs;
  readonly wallMs: number;
  readonly tookMs: number;
  readonly result: "done" | "failed" | "canceled" | "unverified";
  readonly detail: string;
}

export interface PauseView {
  readonly target: ResourceId | "*";
  readonly reason: string;
  readonly untilMs: MonotonicMs;
}

export interface RouteView {
  readonly resource: ResourceId;
  readonly capability: string;
  readonly backends: readonly {
    readonly agent: AgentId;
    readonly state: "ready" | "ejected";
    readonly why: string;
  }[];
}

/** A role promised here: who holds it, as this agent sees it, and who would be next. */
export interface RoleView {
  readonly resource: ResourceId;
  /** How many shall hold it. */
  readonly count: number;
  readonly heldHere: boolean;
  /** Who says that it holds it, this agent included; the most favored first. */
  readonly holders: readonly AgentId[];
  /** Who would take it over next, the most favored first. */
  readonly next: readonly AgentId[];
  readonly why: string;
  /** Nobody holds it for at most this long, where a candidate lives that the others reach. */
  readonly takeoverMs: number;
  /** Too many hold it for at most this long, from when they reach each other. */
  readonly overlapMs: number;
  /** Of a leased role. */
  readonly lease?: LeaseView;
}

/** The lease of a role as one of its members sees it. */
export interface LeaseView {
  /** Who votes, the most favored first. */
  readonly members: readonly AgentId[];
  /** The highest epoch that this agent has voted in: of its own lease, or of whom it is bound to. */
  readonly epoch: number;
  /** For whom this agent's vote binds it now. */
  readonly boundTo?: AgentId;
  /** Until when this agent's own lease counts, on its own monotonic clock. */
  readonly untilMs?: number;
}

/** One wave of a rollout, as one agent knows it by what was signed. */
export interface RolloutWaveView {
  /** Of all devices, earlier waves included. */
  readonly percent: number;
  /** Members of this wave that live as far as this agent knows. */
  readonly members: number;
  /** So many must say that it is well before the next wave begins, and so many do. */
  readonly reportersMin: number;
  readonly healthy: number;
  readonly failed: number;
  /** `stalled`: open for longer than the author expected. Silence is not success, nor failure. */
  readonly state: "waiting" | "open" | "done" | "stalled" | "halted";
}

/** One generation that comes into force in stages. */
export interface RolloutView {
  readonly author: string;
  readonly stream: string;
  readonly epoch: number;
  readonly generation: number;
  readonly manifest: string;
  /** This device: its wave, from 0, and what it makes of the generation. */
  readonly here: {
    readonly wave: number;
    readonly state: "waiting" | "trial" | "proven" | "blocked";
  };
  /** Why it is blocked here, or halted. */
  readonly reason?: string;
  /** Why no further device takes it up. */
  readonly halted?: string;
  readonly waves: readonly RolloutWaveView[];
  /** Who undid it, and why, as they say. */
  readonly failures: readonly { readonly agent: AgentId; readonly detail: string }[];
  /** Where all switch at once: who is ready, the author's word, and how far apart they switched as seen here. */
  readonly barrier?: {
    readonly word: "none" | "commit" | "abort";
    readonly ready: number;
    readonly readyMin: number;
    readonly switched: number;
    readonly skewMs?: number;
  };
}

/** The case that the agent gives to a human: evidence, and the exact next command. */
export interface Incident {
  readonly v: 1;
  readonly id: IncidentId;
  readonly resource: ResourceId;
  readonly wallMs: number;
  readonly cause: string;
  readonly promise: Json;
  readonly author: string;
  readonly fragment: string;
  readonly fragmentName: string;
  readonly observed: Json;
  readonly drift: string;
  readonly attempts: readonly AttemptView[];
  /** How the swarm looked from here at its time; absent in those of older builds. */
  readonly peers?: PeersGlance;
  readonly next: string;
  /** When the resource was first seen kept again, by whomever; absent until then. */
  readonly mendedWallMs?: number;
}

/** How the swarm looked to one agent: whether a case was its device's own, or of more than one. */
export interface PeersGlance {
  /** Most of what the agent observed was silent: the fault was its own. */
  readonly cutOff: boolean;
  readonly reachable: number;
  /** Names of those that were not, at most `glanceNamesMax`. */
  readonly missing: readonly string[];
}

/** A read-only snapshot of a mind: all that the command line and the simulator's checkers ever see. */
export interface Inspection {
  readonly v: 1;
  readonly nowMs: MonotonicMs;
  readonly wallMs: number;
  readonly agent: AgentId;
  readonly name: string;
  readonly swarm: SwarmId;
  readonly build: string;
  /** Facts of this device, which guards ask for. */
  readonly contexts: Contexts;
  readonly incarnation: Incarnation;
  readonly quorum: { readonly observers: number; readonly votes: number };
  /** True when most of the agent's own probes fail: the fault is its own, and it accuses nobody. */
  readonly cutOff: boolean;
  readonly localHealth: number;
  /** Why this agent itself is out of the swarm; absent while it belongs to it. */
  readonly evicted?: EvictionView;
  /** Everyone who was put out; absent where there is none. */
  readonly evictions?: readonly EvictionView[];
  readonly members: readonly MemberView[];
  readonly resources: readonly ResourceView[];
  readonly streams: readonly StreamState[];
  readonly heldClaims: readonly HeldClaim[];
  /** Absent where nothing comes into force in stages. */
  readonly rollouts?: readonly RolloutView[];
  readonly grants: readonly Grant[];
  /** Authors whose root is held. */
  readonly authors?: readonly AuthorView[];
  /** Absent where the device obeys no owner's key. */
  readonly owner?: OwnerView;
  readonly pauses: readonly PauseView[];
  readonly routes: readonly RouteView[];
  readonly capabilities: readonly {
    readonly name: string;
    readonly port: number;
    readonly announced: boolean;
  }[];
  /** Absent where no role is promised. */
  readonly roles?: readonly RoleView[];
  readonly incidents: readonly Incident[];
  /** Every bounded collection of the mind with its bound, for the simulator's invariants and for metrics. */
  readonly queues: readonly { readonly name: string; readonly length: number; readonly bound: number }[];
}

/** One member of the overlay: the agent itself, or a peer. */
export interface OverlayMember {
  readonly agent: AgentId;
  readonly name: string;
  readonly verdict: Verdict;
  /** Whether this agent has a session with it. */
  readonly connected: boolean;
  /** Who observes it now, or goes on dialing it after its death; in order of agents. */
  readonly observers: readonly AgentId[];
}

/** Who observes whom, as one agent knows it. Asked for seldom: a large swarm has ten thousands of edges. */
export interface Overlay {
  readonly v: 1;
  readonly nowMs: MonotonicMs;
  readonly wallMs: number;
  readonly agent: AgentId;
  /** In the order of the first ring, this agent first; who was put out is not there. */
  readonly members: readonly OverlayMember[];
}

/**
 * What checkers look at again and again, in swarms of any size: of the members only those of whom the agent does not
 * think as of all others, and nothing that costs much to find.
 */
export interface Outline
  extends Pick<
    Inspection,
    "agent" | "name" | "incarnation" | "resources" | "streams" | "heldClaims" | "queues"
  > {
  /** Only who is held dead, and who is out of reach; in order of agents each. */
  readonly members: readonly MemberView[];
  /** Digest over (agent, incarnation, dead or not) of everyone, the agent itself included. 16 hex digits. */
  readonly directory: string;
}
