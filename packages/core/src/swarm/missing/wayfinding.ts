import type { AgentId } from "@antibody/policy";
import type { Snapshot } from "../../contract/snapshot.ts";
import { type MonotonicMs, NEVER } from "../../contract/time.ts";
import type { Turn } from "../../contract/turn.ts";
import { keep, recall } from "../../keeping/snapshot.ts";
import type { Links } from "../links.ts";
import type { Directory } from "../members/directory.ts";
import type { Observers } from "../observing/observers.ts";
import type { Probing } from "../observing/probing.ts";

/** What it stands on. */
export interface WayfindingPorts {
  readonly agent: AgentId;
  readonly directory: Directory;
  readonly observers: Observers;
  readonly links: Links;
  readonly probing: Probing;
}

/** So many sessions beyond the own neighbors are enough, and so many are tried at once. Guesses: a partition has two sides. */
const waysMax = 3;
/**
 * From one round to the next: this part of the time for which it is lost, between these. Guesses, as for redials: within
 * five seconds some twenty members are tried, and a cable that is cut for a day costs three dials in half a minute.
 */
const lostPart = 4;
const waitMsMin = 500;
const waitMsMax = 30_000;

interface WayfindingDump {
  readonly nextMs: MonotonicMs;
  readonly sinceMs: MonotonicMs;
  readonly last: AgentId | undefined;
}

/**
 * An agent most of whose neighbors are silent dials members beyond them, one after the other. On an island that a partition has
 * left it may have no neighbor at all, and whoever is there would neither hear that it is back nor tell it anything.
 */
export class Wayfinding {
  readonly #ports: WayfindingPorts;
  #nextMs: MonotonicMs;
  #sinceMs: MonotonicMs;
  /** Up to here the members were gone through in their order, from a random start. */
  #last: AgentId | undefined;

  constructor(ports: WayfindingPorts, snapshot?: Snapshot) {
    this.#nextMs = NEVER;
    this.#sinceMs = NEVER;
    this.#ports = ports;
    if (snapshot === undefined) return;
    const dump = recall<WayfindingDump>(snapshot);
    this.#nextMs = dump.nextMs;
    this.#sinceMs = dump.sinceMs;
    this.#last = dump.last;
  }

  dump(): Snapshot {
    const dump: WayfindingDump = { nextMs: this.#nextMs, sinceMs: this.#sinceMs, last: this.#last };
    return keep(dump);
  }

  get deadline(): MonotonicMs {
    return this.#nextMs;
  }

  /**
   * Most of those that this agent observes are silent, or no longer. In a full mesh it dials everyone anyway. True when
   * the deadline moved.
   */
  follow(turn: Turn): boolean {
    const { probing, observers } = this.#ports;
    const isLost = probing.findings.cutOff && !observers.isFullMesh;
    if (isLost === (this.#nextMs !== NEVER)) return false;
    this.#nextMs = NEVER;
    this.#sinceMs = turn.now.monoMs;
    if (!isLost) return true;
    const { slotsByAgent } = this.#ports.directory.roster;
    this.#last = this.#ports.directory.roster.agentAt(turn.random.pick(slotsByAgent));
    this.#plan(turn);
    return true;
  }

  due(turn: Turn): void {
    if (this.#nextMs > turn.now.monoMs) return;
    this.#plan(turn);
    const { links, probing } = this.#ports;
    const ways = links.list().filter((peer) => !probing.isObserved(peer)).length;
    if (ways >= waysMax) return;
    for (const peer of this.#nextBeyond(waysMax - ways)) {
      this.#last = peer;
      links.invite(peer, turn);
    }
  }

  #plan(turn: Turn): void {
    const now = turn.now.monoMs;
    const waitMs = Math.min(waitMsMax, Math.max(waitMsMin, (now - this.#sinceMs) / lostPart));
    const halfMs = Math.floor(waitMs / 2);
    this.#nextMs = now + halfMs + turn.random.below(halfMs);
  }

  /** The next so many members that live as far as is known, and are neither watched nor in session, in order of agents. */
  #nextBeyond(count: number): readonly AgentId[] {
    const { roster } = this.#ports.directory;
    const { slotsByAgent } = roster;
    const lastSlot = this.#last === undefined ? undefined : roster.slotOf(this.#last);
    const first = lastSlot === undefined ? 0 : roster.rankAt(lastSlot) + 1;
    const beyond: AgentId[] = [];
    for (let step = 0; step < slotsByAgent.length && beyond.length < count; step += 1) {
      const slot = slotsByAgent[(first + step) % slotsByAgent.length] as number;
      if (this.#isBeyond(slot)) beyond.push(roster.agentAt(slot));
    }
    return beyond;
  }

  #isBeyond(slot: number): boolean {
    const { agent, directory, links, probing } = this.#ports;
    if (directory.standingAt(slot) !== "alive") return false;
    const peer = directory.roster.agentAt(slot);
    return peer !== agent && probing.watchOf(peer) === undefined && !links.has(peer);
  }
}
