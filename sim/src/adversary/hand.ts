import {
  compareIncarnation,
  type DeathCertificate,
  type DeathWire,
  type Input,
  type Member,
  type MemberWire,
  memberWire,
  type Random,
} from "@antibody/core";
import type { AgentId } from "@antibody/policy";
import type { Publishers } from "../scenarios/publishers.ts";
import type { SimAgent } from "../world/agent.ts";
import type { WireMessage, WireRumor } from "../world/border.ts";
import type { World } from "../world/world.ts";

/** Statements of the past that are kept to be told again. A guess: more than one message carries. */
const keptMax = 256;
/** So many members are drawn in search of an honest one that runs. Nine of ten are; a guess for where few are left. */
const drawsMax = 64;
/** Those with the most accomplices around them, on whom the hand has set its mind. A guess. */
const preyMax = 16;

/**
 * Whoever holds some members of a swarm, at one of them: with the keys of all, and with the sessions of that one and
 * whatever it ever heard. What one of them hears the others do not know. It signs with these keys and no others.
 */
export class Hand {
  readonly members: readonly SimAgent[];
  readonly random: Random;
  readonly publishers: Publishers;
  readonly #world: World;
  readonly #oldMembers: MemberWire[] = [];
  readonly #oldDeaths: DeathWire[] = [];
  readonly #prey: readonly Prey[];
  /** The newest that it has heard of each honest member, where that is not what all were enrolled with. */
  readonly #heard = new Map<AgentId, Member>();

  constructor(
    world: World,
    publishers: Publishers,
    members: readonly SimAgent[],
    prey: readonly Prey[],
    random: Random,
  ) {
    this.#world = world;
    this.publishers = publishers;
    this.members = members;
    this.random = random;
    this.#prey = prey;
    for (const member of world.population.members) this.keepMember(memberWire(member));
  }

  /** An honest agent that runs; undefined when none is found. */
  victim(): SimAgent | undefined {
    for (let draw = 0; draw < drawsMax; draw += 1) {
      const agent = this.#world.at(this.random.below(this.#world.agents.length));
      if (isPrey(agent)) return agent;
    }
    return undefined;
  }

  /**
   * One of the honest agents that the most of its members observe, with those: their votes count. Who observes whom
   * follows from what everyone is enrolled with, so any member can know it.
   */
  surrounded(): Prey | undefined {
    const running = this.#prey.filter(({ victim }) => isPrey(victim));
    return running.length === 0 ? undefined : this.random.pick(running);
  }

  /** Entries and deaths that were true once, and that its members have heard. */
  get oldMembers(): readonly MemberWire[] {
    return this.#oldMembers;
  }

  get oldDeaths(): readonly DeathWire[] {
    return this.#oldDeaths;
  }

  keepMember(member: MemberWire): void {
    keep(this.#oldMembers, member);
  }

  readonly #keepDeath = ({ subject, incarnation, votes }: DeathCertificate): void => {
    keep(this.#oldDeaths, { subject, incarnation, votes: votes.map(({ bytes }) => bytes) });
  };

  readonly #hear = (member: Member): void => {
    const { agent } = member.certificate;
    const known = this.memberOf(this.#world.agentOf(agent));
    if (isNewer(member, known)) this.#heard.set(agent, member);
  };

  /** What is known of a member. */
  memberOf({ id, index }: SimAgent): Member {
    return this.#heard.get(id) ?? (this.#world.population.members[index] as Member);
  }

  /** The member that it sits at has got something. */
  listen(input: Input): void {
    if (input.type === "connected") this.#hear(input.member);
    else if (input.type === "rumor" && input.rumor.type === "members")
      input.rumor.members.forEach(this.#hear);
    else if (input.type === "rumor" && input.rumor.type === "deaths")
      input.rumor.deaths.forEach(this.#keepDeath);
    else if (input.type === "message" && input.message.type === "items")
      input.message.members.forEach(this.#hear);
  }

  /** Votes are numbered, as honest ones are: a later one counts. */
  nextVote(): number {
    return Math.floor(this.#world.nowUs / 1_000);
  }

  /** Gossips from one of its members. */
  gossip(from: SimAgent, wire: WireRumor, bytes: number): void {
    this.#world.gossip.publish(from.index, { topic: "health", wire }, bytes);
  }

  gossipPolicy(from: SimAgent, bytes: Uint8Array): void {
    this.#world.gossip.publish(from.index, { topic: "policy", bytes }, bytes.length);
  }

  /** Sends from one of its members over every session that stands. */
  send(from: SimAgent, message: WireMessage): void {
    for (const peer of [...this.#world.network.peersOf(from.index)]) {
      this.#world.sendWire(from, this.#world.at(peer), message);
    }
  }
}

/** An honest agent, and the members of a hand that observe it. */
export interface Prey {
  readonly victim: SimAgent;
  readonly observers: readonly SimAgent[];
}

function isPrey({ isRunning, corruption }: SimAgent): boolean {
  return isRunning && corruption === undefined;
}

/** Those that the most members observe, the most surrounded first. Slots are given in the order of agents. */
export function preyOf({ agents, population }: World, members: readonly SimAgent[]): readonly Prey[] {
  const { roster } = population.directory;
  const isMember = new Set(members.map(({ index }) => index));
  return agents
    .filter(({ index }) => !isMember.has(index))
    .map((victim) => {
      const slots = roster.neighborsOf(roster.slotOf(victim.id) as number);
      return {
        victim,
        observers: slots.filter((slot) => isMember.has(slot)).map((slot) => agents[slot] as SimAgent),
      };
    })
    .sort((left, right) => right.observers.length - left.observers.length)
    .slice(0, preyMax);
}

function isNewer(left: Member, right: Member): boolean {
  const [mine, other] = [left.entry.entry.incarnation, right.entry.entry.incarnation];
  return compareIncarnation(mine, other) > 0;
}

/** The oldest goes when there are too many. */
function keep<Item>(items: Item[], item: Item): void {
  if (items.length >= keptMax) items.shift();
  items.push(item);
}
