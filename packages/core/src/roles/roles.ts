import {
  type AgentId,
  type Crypto,
  parseResourceId,
  type ResourceId,
  shortId,
  type View,
} from "@antibody/policy";
import type { ResourcePhase, RoleView } from "../contract/inspection.ts";
import type { JournalRecord } from "../contract/output.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import { type MonotonicMs, NEVER, NOT_YET, type Now } from "../contract/time.ts";
import type { Turn } from "../contract/turn.ts";
import { sameJson } from "../keeping/json.ts";
import { finished, RareMap } from "../keeping/rare.ts";
import { keep, recall } from "../keeping/snapshot.ts";
import { membersMax, rolesMax } from "../limits.ts";
import { type RoleObservation, readRolePromise, roleType } from "../resources/role.ts";
import type { Settings } from "../settings.ts";
import { leaseTakeoverMs, overlapMs, takeoverMs } from "./bounds.ts";
import { type Candidate, roleRank } from "./choosing.ts";
import { type LeaseLetter, type LeaseMessage, Leases } from "./lease/leases.ts";
import { type Terms, termsOf } from "./lease/terms.ts";
import {
  type LeaseWord,
  newRole,
  observationOf,
  type RoleState,
  resourceOf,
  type Standing,
  sidesOf,
  weigh,
} from "./role.ts";
import { type RoleWord, roleWord, wordOn } from "./words.ts";

/** What roles need for life. */
export interface RolesOptions {
  readonly agent: AgentId;
  readonly crypto: Pick<Crypto, "sha256">;
  readonly settings: Settings;
}

/** A peer that nobody has found out of reach. */
export interface LivingPeer {
  readonly agent: AgentId;
  /** Not even suspected. */
  readonly isSure: boolean;
  /** What it announces. */
  readonly capabilities: readonly string[];
}

/** What roles ask of the swarm. */
export interface RolePeers {
  /** Without the agent itself. */
  living(): readonly LivingPeer[];
  /** What a member is called; undefined for who is none. */
  nameOf(agent: AgentId): string | undefined;
  /** Most of what this agent observes is silent. */
  readonly isCutOff: boolean;
  /** This agent itself was put out of the swarm: nobody else counts it any more. */
  readonly isOut: boolean;
  /** This device has said that it will be silent. */
  readonly isAway: boolean;
}

/** What roles ask of the device. */
export interface RoleDevice {
  phaseOf(resource: ResourceId): ResourcePhase | undefined;
  /** Something that went with the role is still there. */
  isReleasing(role: ResourceId): boolean;
}

/** What a refresh found out. */
export interface RolesChange {
  /** The roles that are held here, with the epoch of the lease where there is one. */
  readonly held: ReadonlyMap<ResourceId, number | undefined>;
  /** What other members of leased roles shall hear. */
  readonly letters: readonly LeaseLetter[];
  /** What peers shall hear. */
  readonly words: readonly string[];
  /** Signs of life are wanted of everyone observed, now. */
  readonly asks: boolean;
  /** What healing shall learn. */
  readonly observations: readonly { readonly resource: ResourceId; readonly observation: RoleObservation }[];
}

/** Version of the shape of a dump. */
const dumpVersion = 2;

interface RolesDump {
  readonly v: typeof dumpVersion;
  readonly states: readonly RoleState[];
  readonly calmSinceMs: MonotonicMs;
  readonly isCutOff: boolean;
  readonly revision: number;
  readonly leases: Snapshot;
}

const nothing: RolesChange = { held: new Map(), letters: [], words: [], asks: false, observations: [] };
const putOut = "this device was put out of its swarm";
const tooMany = `more than ${rolesMax} roles are promised here`;
const away = "this device has said that it is away";
const notNamed = "this device is none of the members that vote";

/**
 * The roles in which this device takes part. There is no coordinator: each agent weighs for itself what it sees of
 * the others, and equal views lead to equal choices.
 */
export class Roles {
  readonly #options: RolesOptions;
  #states: ReadonlyMap<ResourceId, RoleState>;
  /** Since when this agent has been awake, and neither became cut off nor came back. */
  #calmSinceMs: MonotonicMs;
  #isCutOff: boolean;
  #revision: number;
  #ranks: RareMap<string, string> = RareMap.of();
  readonly #leases: Leases;

  private constructor(options: RolesOptions, leases: Leases, dump?: RolesDump) {
    this.#leases = leases;
    this.#options = options;
    this.#states = finished(new Map(dump?.states.map((state) => [resourceOf(state), state])));
    this.#calmSinceMs = dump?.calmSinceMs ?? NOT_YET;
    this.#isCutOff = dump?.isCutOff ?? false;
    this.#revision = dump?.revision ?? 0;
  }

  /** Roles of an agent that starts. `records`: as the journal left them. */
  static create(options: RolesOptions, records: readonly JournalRecord[]): Roles {
    return new Roles(options, new Leases(options, records));
  }

  /** Roles as `dump` left them. Throws when the dump is of another version. */
  static restore(options: RolesOptions, snapshot: Snapshot): Roles {
    const dump = recall<RolesDump>(snapshot);
    if (dump.v !== dumpVersion)
      throw new Error(`roles of version ${dump.v}, this build reads ${dumpVersion}`);
    return new Roles(options, new Leases(options, [], dump.leases), dump);
  }

  dump(): Snapshot {
    const dump: RolesDump = {
      v: dumpVersion,
      states: [...this.#states.values()],
      calmSinceMs: this.#calmSinceMs,
      isCutOff: this.#isCutOff,
      revision: this.#revision,
      leases: this.#leases.dump(),
    };
    return keep(dump);
  }

  /** When a role is to be weighed again though nothing has changed; NEVER when that is not needed. */
  get deadline(): MonotonicMs {
    let earliest = this.#leases.deadline;
    for (const { weighMs } of this.#states.values()) earliest = Math.min(earliest, weighMs);
    return earliest;
  }

  /** Rises when roles are to be weighed again for a reason of their own. */
  get revision(): number {
    return this.#revision;
  }

  get count(): number {
    return this.#states.size;
  }

  inspect(now: Now): readonly RoleView[] {
    const { settings } = this.#options;
    return [...this.#states.values()].map((state) => {
      const promise = readRolePromise(state.claim.promise);
      const terms = this.#termsOf(state);
      const lease = this.#leases.inspect(state.name, now.monoMs);
      return {
        resource: resourceOf(state),
        count: promise.count,
        heldHere: state.held,
        ...sidesOf(state),
        why: state.told?.because ?? "not weighed yet",
        takeoverMs: terms === undefined ? takeoverMs(settings) : leaseTakeoverMs(terms, settings),
        overlapMs: terms === undefined ? overlapMs(settings) : 0,
        ...(lease === undefined ? {} : { lease }),
      };
    });
  }

  /** Takes up a new desired state. To be followed by `refresh`. */
  desire(view: View, turn: Turn): void {
    const states = new Map<ResourceId, RoleState>();
    for (const [resource, claim] of view.promises) {
      const { kind, name } = parseResourceId(resource) ?? { kind: "", name: "" };
      if (kind !== roleType.kind || roleType.check(name, claim.promise).length > 0) continue;
      const known = this.#states.get(resource);
      if (known === undefined) states.set(resource, newRole(claim, name, turn.now.monoMs));
      else {
        // Healing forgets what it knew of a promise that changed.
        const told = sameJson(known.claim.promise, claim.promise) ? known.told : undefined;
        states.set(resource, { ...known, claim, told });
      }
    }
    this.#states = finished(states);
    const terms = [...states.values()].slice(0, rolesMax).flatMap((state): [string, Terms][] => {
      const one = this.#termsOf(state);
      return one?.members.includes(this.#options.agent) === true ? [[state.name, one]] : [];
    });
    this.#leases.desire(new Map(terms), turn);
  }

  /** Another member says something about a leased role; what it is answered. To be followed by `refresh`. */
  take(from: AgentId, message: LeaseMessage, turn: Turn): readonly LeaseLetter[] {
    this.#revision += 1;
    return this.#leases.take(from, message, turn);
  }

  /** A deadline has come. */
  wake(): void {
    this.#revision += 1;
  }

  /** This agent did not run for a while: what it knew of others may be over. */
  slept(turn: Turn): void {
    this.#calmSinceMs = turn.now.monoMs;
    this.#revision += 1;
  }

  /** Weighs every role against who is there. To be called again once healing has taken up what came of it. */
  refresh(peers: RolePeers, device: RoleDevice, turn: Turn): RolesChange {
    if (this.#isCutOff !== peers.isCutOff) {
      this.#isCutOff = peers.isCutOff;
      this.#calmSinceMs = turn.now.monoMs;
    }
    if (this.#states.size === 0) return nothing;
    const living = peers.living();
    const observations: { resource: ResourceId; observation: RoleObservation }[] = [];
    const words: string[] = [];
    const letters: LeaseLetter[] = [];
    const states = new Map<ResourceId, RoleState>();
    let asks = false;
    for (const [resource, before] of this.#states) {
      const crowded = states.size < rolesMax ? undefined : tooMany;
      const absent = peers.isOut ? putOut : peers.isAway ? away : undefined;
      const barred = absent ?? crowded ?? this.#notNamed(before) ?? barredBecause(before, device);
      const isReleasing = !before.held && device.isReleasing(resource);
      const lease = this.#weighLease(before, { barred, isReleasing }, peers, turn);
      letters.push(...(lease?.letters ?? []));
      const standing = { ...this.#seen(before, living, turn), barred, isReleasing, lease };
      const state = weigh(before, standing);
      if (state.held !== before.held) this.#tell(state, turn);
      asks ||= state.askedMs !== NEVER && state.askedMs !== before.askedMs;
      if (barred === undefined) words.push(roleWord(state.name, ownWord(before, state, isReleasing)));
      const observation = observationOf(state, standing);
      const isNews = state.told === undefined || !sameJson(state.told, observation);
      if (isNews) observations.push({ resource, observation });
      states.set(resource, isNews ? { ...state, told: observation } : state);
    }
    this.#states = states;
    const held = [...states.values()].filter((state) => state.held);
    const epochs = held.map(
      (state) => [resourceOf(state), this.#leases.epochOf(state.name, turn.now.monoMs)] as const,
    );
    return { held: new Map(epochs), letters, words, asks, observations };
  }

  #termsOf({ name, claim }: RoleState): Terms | undefined {
    return termsOf(name, readRolePromise(claim.promise), this.#options.crypto);
  }

  #notNamed(state: RoleState): string | undefined {
    const { majority } = readRolePromise(state.claim.promise);
    return majority === undefined || majority.includes(this.#options.agent) ? undefined : notNamed;
  }

  /** Asks for votes where that is due; undefined for a role that is not leased. */
  #weighLease(
    { name, claim, held }: RoleState,
    { barred, isReleasing }: Pick<Standing, "barred" | "isReleasing">,
    peers: Pick<RolePeers, "nameOf">,
    turn: Turn,
  ): (LeaseWord & { readonly letters: readonly LeaseLetter[] }) | undefined {
    if (readRolePromise(claim.promise).majority === undefined) return undefined;
    const isOver = barred !== undefined && !held && !isReleasing;
    const isFree = barred === undefined && !isReleasing;
    const letters = this.#leases.weigh(name, { isFree, isOver }, turn);
    const epoch = this.#leases.epochOf(name, turn.now.monoMs);
    const boundTo = this.#leases.inspect(name, turn.now.monoMs)?.boundTo;
    const isOther = boundTo !== undefined && boundTo !== this.#options.agent;
    const votedFor = isOther ? (peers.nameOf(boundTo) ?? shortId(boundTo)) : undefined;
    return { letters, epoch, votedFor };
  }

  #seen(
    { name }: RoleState,
    living: readonly LivingPeer[],
    turn: Turn,
  ): Omit<Standing, "barred" | "isReleasing" | "lease"> {
    const { agent, settings } = this.#options;
    const others = living.flatMap((peer): Candidate[] => {
      const word = wordOn(name, peer.capabilities);
      if (word === undefined) return [];
      const { agent: other, isSure } = peer;
      return [{ agent: other, holds: word === "holder", isSure, rank: this.#rankOf(name, other) }];
    });
    const [nowMs, calmSinceMs, rank] = [turn.now.monoMs, this.#calmSinceMs, this.#rankOf(name, agent)];
    return { agent, nowMs, calmSinceMs, settings, others, rank };
  }

  #tell(state: RoleState, turn: Turn): void {
    const { holders } = sidesOf(state);
    const { count } = readRolePromise(state.claim.promise);
    const fields = { resource: resourceOf(state), holders: holders.length, count };
    turn.tell(state.held ? "role.held" : "role.yielded", "info", fields);
  }

  #rankOf(role: string, agent: AgentId): string {
    const key = `${role}\n${agent}`;
    const known = this.#ranks.get(key);
    if (known !== undefined) return known;
    const rank = roleRank(this.#options.crypto, role, agent);
    if (this.#ranks.size >= membersMax) this.#ranks.clear();
    this.#ranks = this.#ranks.with(key, rank);
    return rank;
  }
}

/** Nobody takes the role over before it is free: what goes with it is stopped first. */
function ownWord(before: RoleState, state: RoleState, isReleasing: boolean): RoleWord {
  return state.held || before.held || isReleasing ? "holder" : "candidate";
}

/** Why this agent may not take part in a role. */
function barredBecause({ claim }: RoleState, device: RoleDevice): string | undefined {
  if (claim.mode !== "enforce") return `the grant's mode is ${claim.mode}`;
  return device.phaseOf(claim.resource) === "held" ? "the promise is held" : undefined;
}
