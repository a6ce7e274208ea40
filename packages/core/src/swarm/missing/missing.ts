import { type AgentId, compareText } from "@antibody/policy";
import type { Snapshot } from "../../contract/snapshot.ts";
import type { Incarnation, Member, SignedSighting } from "../../contract/statements.ts";
import type { MonotonicMs } from "../../contract/time.ts";
import type { Turn } from "../../contract/turn.ts";
import { RareMap } from "../../keeping/rare.ts";
import { keep, recall } from "../../keeping/snapshot.ts";
import { sightingsMax } from "../../limits.ts";
import type { Settings } from "../../settings.ts";
import { Cases, type CasesDump, isOn } from "../cases.ts";
import { catchUp } from "../catchUp.ts";
import type { Directory } from "../members/directory.ts";
import { type Concerned, isConcerned, type Observers } from "../observing/observers.ts";
import type { Probing } from "../observing/probing.ts";
import { Retractions } from "./retractions.ts";

/** What it stands on. */
export interface MissingPorts {
  readonly agent: AgentId;
  readonly settings: Settings;
  readonly directory: Directory;
  readonly observers: Observers;
  readonly probing: Probing;
}

/** So many observers make a subject missing, so that one alone that lies, or is ill, does not. */
const missersMin = 2;
/** Of fewer observers than this, one is believed: more cannot be asked for. A guess. */
const fewObservers = 4;

/** What the living observers of a subject say of its present incarnation, in order of agents. */
export interface Sightings {
  readonly missing: readonly AgentId[];
  readonly present: readonly AgentId[];
}

/** Of a subject on which nobody has said anything that counts, as of most. */
const unseen: Sightings = { missing: [], present: [] };

interface MissingDump {
  readonly sightings: CasesDump<SignedSighting>;
  readonly since: readonly (readonly [AgentId, MonotonicMs])[];
  readonly retractions: Snapshot;
  readonly wasCutOff: boolean;
  readonly revision: number;
}

function wordOf({ sighting }: SignedSighting): SignedSighting["sighting"] {
  return sighting;
}

/**
 * Whom others miss. A death takes a quorum and time; that somebody is out of reach takes the word of two of its
 * observers, and more who miss it than who hear it. Whoever observes it, or hears it, goes by what it finds itself.
 */
export class Missing {
  readonly #ports: MissingPorts;
  readonly #cases: Cases<SignedSighting>;
  /** Who is held missing, and since when. */
  #since: RareMap<AgentId, MonotonicMs>;
  readonly #retractions: Retractions;
  #wasCutOff: boolean;
  #revision: number;

  constructor(ports: MissingPorts, snapshot?: Snapshot) {
    this.#ports = ports;
    const dump = snapshot === undefined ? undefined : recall<MissingDump>(snapshot);
    this.#cases = new Cases(wordOf, dump?.sightings);
    this.#since = RareMap.of();
    for (const [subject, at] of dump?.since ?? []) this.#since = this.#since.with(subject, at);
    this.#retractions = new Retractions(dump?.retractions);
    this.#wasCutOff = dump?.wasCutOff ?? false;
    this.#revision = dump?.revision ?? 0;
  }

  dump(): Snapshot {
    const dump: MissingDump = {
      sightings: this.#cases.dump(),
      since: [...this.#since],
      retractions: this.#retractions.dump(),
      wasCutOff: this.#wasCutOff,
      revision: this.#revision,
    };
    return keep(dump);
  }

  /** Sightings held. */
  get count(): number {
    return this.#cases.count;
  }

  get deadline(): MonotonicMs {
    return this.#cases.deadline;
  }

  /** Rises whenever someone is held missing, or no longer. */
  get revision(): number {
    return this.#revision;
  }

  /** Whom anyone has said to miss, in order of agents. */
  subjects(): readonly AgentId[] {
    return this.#cases.subjects();
  }

  /** Whether the observers of a subject miss it. */
  holds(subject: AgentId): boolean {
    return this.#since.has(subject);
  }

  get heldCount(): number {
    return this.#since.size;
  }

  /** Who is held missing, in order of agents. */
  held(): AgentId[] {
    return [...this.#since.keys()].sort(compareText);
  }

  sinceMs(subject: AgentId): MonotonicMs | undefined {
    return this.#since.get(subject);
  }

  /** How many came to be held missing after a time. */
  countSince(atMs: MonotonicMs): number {
    let count = 0;
    for (const since of this.#since.values()) if (since > atMs) count += 1;
    return count;
  }

  /** One line for people. */
  why(subject: AgentId): string {
    return whyOf(this.#namesOf(this.on(subject).missing));
  }

  on(subject: AgentId): Sightings {
    const { directory, observers } = this.#ports;
    const held = this.#cases.held(subject);
    if (held.length === 0 || directory.standingOf(subject) !== "alive") return unseen;
    const { incarnation } = (directory.get(subject) as Member).entry.entry;
    const missing: AgentId[] = [];
    const present: AgentId[] = [];
    for (const { statement } of held) {
      const { sighting } = statement;
      if (!isOn(sighting, incarnation) || !observers.isObserver(sighting.observer, subject)) continue;
      (sighting.finding === "missing" ? missing : present).push(sighting.observer);
    }
    return { missing, present };
  }

  /** How many must miss a subject. */
  quorumOf(subject: AgentId): number {
    return this.#ports.observers.hasAtLeast(fewObservers, subject) ? missersMin : 1;
  }

  /** A sighting that `from` made or passed on. True when it is news. */
  take(signed: SignedSighting, from: AgentId, turn: Turn): boolean {
    const { agent, directory, observers, settings } = this.#ports;
    const { sighting } = signed;
    const { subject, observer } = sighting;
    const member = directory.get(subject);
    if (subject === agent || member === undefined || directory.standingOf(subject) !== "alive") return false;
    if (from !== agent && catchUp(sighting.incarnation, member, from, turn) < 0) return false;
    this.#retractions.note(sighting);
    if (this.#retractions.outdates(sighting)) return false;
    // Nobody missed it: there is nothing to contradict.
    if (sighting.finding === "present" && !this.#cases.has(subject)) return false;
    const kind = this.#cases.kindOf(sighting);
    // Those of others are of some use once they are assigned here too.
    const room = observers.isObserver(observer, subject) ? sightingsMax : sightingsMax / 2;
    if (kind === "older" || (kind === "first" && this.count >= room)) return false;
    this.#cases.put({ statement: signed, untilMs: turn.now.monoMs + settings.sightingLifetimeMs });
    this.#recount(subject, "heard again by its observers", turn);
    return true;
  }

  /** A peer that this agent does not observe was heard all the same. True when others missed it. */
  heard(peer: AgentId, turn: Turn): boolean {
    if (!this.#cases.has(peer) || this.#ports.probing.isObserved(peer)) return false;
    this.#cases.drop(peer);
    this.#recount(peer, "this agent hears it", turn);
    return true;
  }

  /** A member stated something newer: what was said of its older incarnations is void. */
  renewed(subject: AgentId, incarnation: Incarnation, turn: Turn): void {
    if (this.#cases.voidBelow(subject, incarnation)) {
      this.#recount(subject, "its own newer statement", turn);
    }
  }

  /** Who is there has changed, and so who observes whom: here that is looked at for those whom it concerns. */
  recountConcerned(concerned: Concerned, turn: Turn): void {
    for (const subject of this.subjects()) {
      if (isConcerned(subject, concerned)) this.#recount(subject, "its observers have changed", turn);
    }
  }

  expire(turn: Turn): void {
    for (const subject of this.#cases.expire(turn.now.monoMs)) {
      this.#recount(subject, "nobody has said so for long", turn);
    }
  }

  /** True when this agent has just returned from being cut off. */
  hasReturned(): boolean {
    const { cutOff } = this.#ports.probing.findings;
    const hasReturned = this.#wasCutOff && !cutOff;
    this.#wasCutOff = cutOff;
    return hasReturned;
  }

  #recount(subject: AgentId, why: string, turn: Turn): void {
    const { directory, probing } = this.#ports;
    const { missing, present } = this.on(subject);
    if (missing.length === 0) this.#dropIdle(subject);
    const isMissing =
      missing.length > present.length &&
      (missing.length >= missersMin || (missing.length > 0 && missing.length >= this.quorumOf(subject)));
    if (isMissing === this.#since.has(subject)) return;
    this.#revision += 1;
    if (isMissing) this.#since = this.#since.with(subject, turn.now.monoMs);
    else this.#since.delete(subject);
    // Whoever observes it has told what it found itself; and a death is told as such.
    if (probing.isObserved(subject) || directory.standingOf(subject) !== "alive") return;
    const fields = { peer: subject, name: this.#name(subject) };
    if (!isMissing) turn.tell("swarm.returned", "info", { ...fields, evidence: why });
    else {
      const by = this.#namesOf(missing);
      turn.tell("swarm.unreachable", "warn", { ...fields, evidence: whyOf(by), by });
    }
  }

  /** There is no case where nobody misses the subject, or where it is held to be gone anyway. */
  #dropIdle(subject: AgentId): void {
    const isAlive = this.#ports.directory.standingOf(subject) === "alive";
    const held = this.#cases.held(subject);
    if (!isAlive || held.every(({ statement: { sighting } }) => sighting.finding === "present")) {
      this.#cases.drop(subject);
    }
  }

  #namesOf(agents: readonly AgentId[]): string[] {
    return agents.map((agent) => this.#name(agent));
  }

  /** Of the own agent too, which its directory holds like any other. */
  #name(agent: AgentId): string {
    return this.#ports.directory.get(agent)?.certificate.certificate.name ?? agent;
  }
}

function whyOf(names: readonly string[]): string {
  return `out of reach of ${names.join(", ")}`;
}
