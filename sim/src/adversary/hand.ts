import type { DeathCertificate, DeathWire, MemberWire, Random } from "@antibody/core";
import type { Publishers } from "../scenarios/publishers.ts";
import type { SimAgent } from "../world/agent.ts";
import type { WireMessage, WireRumor } from "../world/border.ts";
import type { World } from "../world/world.ts";

/** Statements of the past that are kept to be told again. A guess: more than one message carries. */
const keptMax = 256;

/**
 * Whoever holds some members of a swarm: with their keys, their sessions, and whatever they ever heard. It signs with
 * these keys and no others.
 */
export class Hand {
  readonly members: readonly SimAgent[];
  readonly random: Random;
  readonly publishers: Publishers;
  readonly #world: World;
  readonly #oldMembers: MemberWire[] = [];
  readonly #oldDeaths: DeathWire[] = [];
  #votes = 0;

  constructor(world: World, publishers: Publishers, members: readonly SimAgent[], random: Random) {
    this.#world = world;
    this.publishers = publishers;
    this.members = members;
    this.random = random;
  }

  /** An honest agent that runs; undefined when there is none. */
  victim(): SimAgent | undefined {
    const honest = this.#world.agents.filter(
      ({ mind, corruption }) => mind !== undefined && corruption === undefined,
    );
    return honest.length === 0 ? undefined : this.random.pick(honest);
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

  keepDeath({ subject, incarnation, votes }: DeathCertificate): void {
    keep(this.#oldDeaths, { subject, incarnation, votes: votes.map(({ bytes }) => bytes) });
  }

  /** Votes are numbered, as honest ones are: a later one counts. */
  nextVote(): number {
    this.#votes += 1;
    return this.#votes;
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

/** The oldest goes when there are too many. */
function keep<Item>(items: Item[], item: Item): void {
  if (items.length >= keptMax) items.shift();
  items.push(item);
}
