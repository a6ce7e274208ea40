import { type AgentId, compareText } from "@antibody/policy";
import type { Snapshot } from "../contract/snapshot.ts";
import type { MonotonicMs } from "../contract/time.ts";
import type { Turn } from "../contract/turn.ts";
import { Deadlines } from "../keeping/deadlines.ts";
import { RareSet } from "../keeping/rare.ts";
import { keep, recall } from "../keeping/snapshot.ts";
import type { Settings } from "../settings.ts";
import type { Directory } from "./members/directory.ts";
import type { Observers } from "./observing/observers.ts";

interface LinksDump {
  readonly connected: readonly AgentId[];
  readonly guests: readonly (readonly [string, MonotonicMs])[];
}

/**
 * The sessions that stand. Those with observed peers stay; a guest is a session that this agent asked for to
 * deliver votes, or that was with an observed peer, and is given up when no vote needs it any more: else sessions would
 * pile up as observers come and go.
 */
export class Links {
  readonly #directory: Directory;
  readonly #observers: Pick<Observers, "sharedList">;
  readonly #settings: Settings;
  #connected: RareSet<AgentId> = RareSet.of();
  #guests: Deadlines;
  #sorted: readonly AgentId[] | undefined;

  constructor(
    directory: Directory,
    observers: Pick<Observers, "sharedList">,
    settings: Settings,
    dump?: Snapshot,
  ) {
    this.#directory = directory;
    this.#observers = observers;
    this.#settings = settings;
    const { connected, guests } =
      dump === undefined ? { connected: [], guests: [] } : recall<LinksDump>(dump);
    for (const peer of connected) this.#connected = this.#connected.with(peer);
    this.#guests = Deadlines.of(guests);
  }

  dump(): Snapshot {
    const dump: LinksDump = { connected: this.list(), guests: this.#guests.entries() };
    return keep(dump);
  }

  get deadline(): MonotonicMs {
    return this.#guests.earliest();
  }

  has(peer: AgentId): boolean {
    return this.#connected.has(peer);
  }

  /** Whether a session with the peer was asked for, or is kept for a while. */
  isGuest(peer: AgentId): boolean {
    return this.#guests.get(peer) !== undefined;
  }

  get isEmpty(): boolean {
    return this.#connected.size === 0;
  }

  /** In order of agents; the same list until a session opens or closes. */
  list(): readonly AgentId[] {
    this.#sorted ??= this.#observers.sharedList([...this.#connected].sort(compareText));
    return this.#sorted;
  }

  opened(peer: AgentId): void {
    if (!this.#connected.has(peer)) this.#sorted = undefined;
    this.#connected = this.#connected.with(peer);
  }

  closed(peer: AgentId): void {
    if (this.#connected.delete(peer)) this.#sorted = undefined;
    this.#guests.delete(peer);
  }

  /** Ends a session that this agent gives up. */
  hangUp(peer: AgentId, turn: Turn): void {
    turn.emit({ type: "hangUp", peer });
    this.closed(peer);
  }

  /** A session could not be had; it is asked for again when the next vote needs it. True where a vote had. */
  failed(peer: AgentId): boolean {
    if (this.#connected.has(peer) || this.#guests.get(peer) === undefined) return false;
    this.#guests.delete(peer);
    return true;
  }

  /** Asks for a session to deliver votes over; it stands for as long as votes count. */
  invite(peer: AgentId, turn: Turn): void {
    const until = turn.now.monoMs + this.#settings.voteLifetimeMs;
    if (this.#connected.has(peer)) {
      if (this.#guests.get(peer) !== undefined) this.#guests = this.#guests.with(peer, until);
      return;
    }
    const isAskedFor = this.#guests.get(peer) !== undefined;
    this.#guests = this.#guests.with(peer, until);
    if (!isAskedFor) this.dial(peer, "session", this.#settings.freshTimeoutMs, turn);
  }

  /** A peer is observed no more: its session stands for as long as votes count. */
  lapse(peer: AgentId, turn: Turn): void {
    if (!this.#connected.has(peer) || this.#guests.get(peer) !== undefined) return;
    this.#guests = this.#guests.with(peer, turn.now.monoMs + this.#settings.voteLifetimeMs);
  }

  /** Gives up guests that no vote needs any more, but those that are observed by now. */
  release(isObserved: (peer: AgentId) => boolean, turn: Turn): void {
    for (;;) {
      const peer = this.#guests.takeDue(turn.now.monoMs) as AgentId | undefined;
      if (peer === undefined) return;
      if (!this.#connected.has(peer) || isObserved(peer)) continue;
      turn.emit({ type: "release", peer });
      // It may carry something, and stay.
      this.lapse(peer, turn);
    }
  }

  /** Dials at the addresses that the peer states; false when it states none. */
  dial(peer: AgentId, purpose: "session" | "fresh", timeoutMs: number, turn: Turn): boolean {
    const addresses = this.#directory.get(peer)?.entry.entry.addresses ?? [];
    if (addresses.length === 0) return false;
    turn.emit({ type: "dial", peer, addresses, purpose, timeoutMs });
    return true;
  }
}
