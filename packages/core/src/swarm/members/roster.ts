import { type AgentId, type Crypto, compareText, concatBytes, fromHex } from "@antibody/policy";
import type { VerifiedCertificate } from "../../contract/statements.ts";

/** Bytes of a digest that make a position on a ring: whole numbers below 2^48 are exact. */
const positionBytes = 6;

interface Ring {
  /** Slots in the order of their positions. */
  readonly order: Int32Array;
  /** Where each slot stands in that order. */
  readonly place: Int32Array;
}

interface Seat {
  readonly agent: AgentId;
  readonly nonce: string;
  /** By ring. */
  readonly positions: readonly number[];
}

/**
 * Who is enrolled, and where each stands on the rings. Immutable, so that the many minds of a simulator share
 * one. Deaths do not change it: lookups walk over the dead.
 *
 * A position is the digest of the ring's number and of a nonce that the inviter chose, so that nobody chooses
 * its own observers. A slot is a member's number in this roster; members that are added keep the old slots.
 */
export class Roster {
  readonly #crypto: Crypto;
  readonly #seats: readonly Seat[];
  readonly #slots: ReadonlyMap<AgentId, number>;
  readonly #rings: readonly Ring[];
  readonly #seeds: Uint32Array;
  #lastAgent: AgentId | undefined;
  #lastSlot: number | undefined;
  #slotsByAgent: readonly number[] | undefined;
  #ranks: Int32Array | undefined;
  /** By slot, where they were asked for. */
  readonly #neighbors: (readonly number[] | undefined)[] = [];
  #lastList: readonly number[] = [];
  /** What was added last: minds that share this roster and meet the same newcomer go on sharing. */
  #next: { readonly key: string; readonly roster: Roster } | undefined;

  private constructor(crypto: Crypto, seats: readonly Seat[], rings: readonly Ring[]) {
    this.#crypto = crypto;
    this.#seats = seats;
    this.#rings = rings;
    const slots = new Map<AgentId, number>();
    this.#seeds = new Uint32Array(seats.length);
    for (const [slot, { agent }] of seats.entries()) {
      slots.set(agent, slot);
      this.#seeds[slot] = seedOf(agent);
    }
    this.#slots = slots;
  }

  /** A roster of these members; of several certificates of one agent the last counts. */
  static of(certificates: readonly VerifiedCertificate[], ringCount: number, crypto: Crypto): Roster {
    const rings = Array.from({ length: ringCount }, () => ({
      order: new Int32Array(),
      place: new Int32Array(),
    }));
    return new Roster(crypto, [], rings).with(certificates);
  }

  get size(): number {
    return this.#seats.length;
  }

  get ringCount(): number {
    return this.#rings.length;
  }

  slotOf(agent: AgentId): number | undefined {
    // One death asks for its subject's place some ten times in a row, and in a massacre that is most of the time.
    if (agent !== this.#lastAgent) {
      this.#lastAgent = agent;
      this.#lastSlot = this.#slots.get(agent);
    }
    return this.#lastSlot;
  }

  /** Whether a certificate's agent is here, at the place that the certificate gives it. */
  has({ agent, certificate }: VerifiedCertificate): boolean {
    const slot = this.#slots.get(agent);
    return slot !== undefined && this.#seats[slot]?.nonce === certificate.nonce;
  }

  agentAt(slot: number): AgentId {
    return this.#seat(slot).agent;
  }

  /** A number that depends on the agent alone, 32 bits: where its digests begin. */
  seedAt(slot: number): number {
    return this.#seeds[slot] ?? 0;
  }

  /** Slots in the order of their agents, sorted once for all who share this roster. */
  get slotsByAgent(): readonly number[] {
    this.#slotsByAgent ??= this.#seats
      .map((_, slot) => slot)
      .sort((left, right) => compareText(this.agentAt(left), this.agentAt(right)));
    return this.#slotsByAgent;
  }

  /** The place of a slot in the order of agents. */
  rankAt(slot: number): number {
    if (this.#ranks === undefined) {
      this.#ranks = new Int32Array(this.size);
      for (const [rank, ranked] of this.slotsByAgent.entries()) this.#ranks[ranked] = rank;
    }
    return this.#ranks[slot] ?? 0;
  }

  /** The list of slots that was given last where it says the same: minds that share this roster share that, too. */
  sharedList(slots: readonly number[]): readonly number[] {
    const last = this.#lastList;
    const isSame = last.length === slots.length && last.every((slot, index) => slot === slots[index]);
    if (!isSame) this.#lastList = slots;
    return this.#lastList;
  }

  /** The next slot on a ring, in one direction (1 or −1). */
  neighbor(ring: number, slot: number, direction: 1 | -1): number {
    const { order, place } = this.#rings[ring] as Ring;
    const index = (place[slot] ?? 0) + direction;
    return order[(index + order.length) % order.length] ?? slot;
  }

  /** The next slots on all rings, to both sides, without duplicates: whoever they are. */
  neighborsOf(slot: number): readonly number[] {
    const known = this.#neighbors[slot];
    if (known !== undefined) return known;
    const found = new Set<number>();
    for (let ring = 0; ring < this.ringCount; ring += 1) {
      found.add(this.neighbor(ring, slot, 1)).add(this.neighbor(ring, slot, -1));
    }
    found.delete(slot);
    const neighbors = [...found];
    this.#neighbors[slot] = neighbors;
    return neighbors;
  }

  /** A roster with members added, or moved where their nonce is another one. Itself when nothing changes. */
  with(certificates: readonly VerifiedCertificate[]): Roster {
    const changes = new Map<AgentId, string>();
    for (const certificate of certificates) {
      if (this.has(certificate)) changes.delete(certificate.agent);
      else changes.set(certificate.agent, certificate.certificate.nonce);
    }
    if (changes.size === 0) return this;
    const key = [...changes].join(" ");
    if (this.#next?.key !== key) this.#next = { key, roster: this.#withSeats(changes) };
    return this.#next.roster;
  }

  #withSeats(changes: ReadonlyMap<AgentId, string>): Roster {
    const seats = [...this.#seats];
    const changed: number[] = [];
    for (const [agent, nonce] of changes) {
      const slot = this.#slots.get(agent) ?? seats.length;
      const positions = this.#rings.map((_, ring) => positionOf(ring, nonce, this.#crypto));
      seats[slot] = { agent, nonce, positions };
      changed.push(slot);
    }
    const rings = this.#rings.map(({ order }, ring) => mergeRing(order, changed, seats, ring));
    return new Roster(this.#crypto, seats, rings);
  }

  #seat(slot: number): Seat {
    const seat = this.#seats[slot];
    if (seat === undefined) throw new Error(`no slot ${slot} in a roster of ${this.size}`);
    return seat;
  }
}

/** Puts changed slots in their places. Linear in the ring: who joins a large swarm learns it in many pieces. */
function mergeRing(
  order: Int32Array,
  changed: readonly number[],
  seats: readonly Seat[],
  ring: number,
): Ring {
  const isBefore = (left: number, right: number): boolean => {
    const [one, other] = [seats[left] as Seat, seats[right] as Seat];
    const difference = (one.positions[ring] ?? 0) - (other.positions[ring] ?? 0);
    return difference < 0 || (difference === 0 && compareText(one.agent, other.agent) < 0);
  };
  const moved = new Set(changed);
  const incoming = [...changed].sort((left, right) => (isBefore(left, right) ? -1 : 1));
  const merged = new Int32Array(seats.length);
  let length = 0;
  let next = 0;
  for (const slot of order) {
    if (moved.has(slot)) continue;
    while (next < incoming.length && isBefore(incoming[next] as number, slot)) {
      merged[length++] = incoming[next++] as number;
    }
    merged[length++] = slot;
  }
  while (next < incoming.length) merged[length++] = incoming[next++] as number;
  const place = new Int32Array(seats.length);
  for (let index = 0; index < merged.length; index += 1) place[merged[index] as number] = index;
  return { order: merged, place };
}

/** The first bytes of sha256(ring ‖ nonce), as a whole number. */
function positionOf(ring: number, nonce: string, crypto: Crypto): number {
  const digest = crypto.sha256(concatBytes([Uint8Array.of(ring), fromHex(nonce) ?? new Uint8Array()]));
  let position = 0;
  for (let index = 0; index < positionBytes; index += 1) position = position * 256 + (digest[index] ?? 0);
  return position;
}

/** FNV-1a over the id (which is a digest itself). */
function seedOf(agent: AgentId): number {
  let seed = 0x811c9dc5;
  for (let index = 0; index < agent.length; index += 1) {
    seed = Math.imul(seed ^ agent.charCodeAt(index), 0x01000193);
  }
  return seed >>> 0;
}
