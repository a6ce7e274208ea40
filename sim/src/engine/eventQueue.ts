import { Alarms } from "./alarms.ts";
import { EventSlots } from "./eventSlots.ts";
import { kinds } from "./kinds.ts";

/** Microseconds of virtual time in one bucket of the wheel: few enough that a storm fills no bucket with thousands. */
const bucketUs = 64;
/** Buckets of the wheel: what lies further ahead than about 16.8 s waits in the far heap. */
const bucketCount = 262_144;
const bucketMask = bucketCount - 1;
/** Buckets whose being empty one word tells: a quiet swarm has an event in one of a hundred. */
const wordBuckets = 32;
const wordShift = 5;
const wordMask = (bucketCount >> wordShift) - 1;
/** Events that may wait at once: a world that needs more has a storm, and is stopped rather than swapped out. */
const eventsMax = 16_000_000;
const none = -1;

/** Takes the events of agents that another thread simulates. */
export interface Away {
  takes(destination: number): boolean;
  add(atUs: number, destination: number, source: number, kind: number, tag: number, payload: unknown): void;
}

/**
 * Events in virtual time: a timing wheel for what is near, a heap for what is far, and a heap of the bucket at hand
 * that settles ties by (time, destination, source, kind, sequence). All on typed arrays: an event costs no
 * allocation. The order is total, so that the same pushes always give the same pops. Besides, each agent has an
 * alarm that can be moved, and that comes as an event of kind `wake` from itself.
 */
export class EventQueue {
  readonly #slots: EventSlots;
  /** Kept by rank, so that of two that ring at one time the one of the lower rank is first. */
  readonly #alarms: Alarms;
  readonly #ranked: Int32Array | undefined;
  /** First slot of each bucket of the wheel; the others follow by `slots.next`. */
  readonly #wheel: Int32Array = new Int32Array(bucketCount).fill(none);
  /** A bit for each bucket in which there is an event. */
  readonly #filled: Int32Array = new Int32Array(bucketCount >> wordShift);
  readonly #current: number[] = [];
  readonly #far: number[] = [];
  #bucket = 0;
  #wheelSize = 0;
  #nowUs = 0;
  #away: Away | undefined;

  /** The event that `pop` took last. */
  destination: number = none;
  source: number = none;
  kind = 0;
  tag = 0;
  payload: unknown = undefined;

  /**
   * `rank`, by agent, is another order in which agents come whose events are due at one time: nothing that they do may
   * depend on it. Numbers from 0 up, one each.
   */
  constructor(agents = 0, rank?: Int32Array) {
    this.#slots = new EventSlots(eventsMax, rank);
    this.#alarms = new Alarms(agents);
    this.#ranked = rank === undefined ? undefined : agentsByRank(rank);
  }

  /** Events that wait, alarms apart. */
  get size(): number {
    return this.#current.length + this.#wheelSize + this.#far.length;
  }

  /** Time of the event that was popped last. */
  get nowUs(): number {
    return this.#nowUs;
  }

  /**
   * Adds an event. `tag` is a whole number that travels with it and orders nothing. Throws for a time that has
   * passed or is not whole: both are faults of the caller.
   */
  push(atUs: number, destination: number, source: number, kind: number, tag: number, payload: unknown): void {
    if (!(atUs >= this.#nowUs) || !Number.isSafeInteger(atUs)) {
      throw new Error(`An event at ${atUs} us cannot be added at ${this.#nowUs} us`);
    }
    if (this.#away?.takes(destination) === true) {
      this.#away.add(atUs, destination, source, kind, tag, payload);
      return;
    }
    this.insert(atUs, destination, source, kind, tag, payload);
  }

  /** Adds an event of an agent of this thread, whoever sends it. */
  insert(
    atUs: number,
    destination: number,
    source: number,
    kind: number,
    tag: number,
    payload: unknown,
  ): void {
    const slot = this.#slots.take(atUs, destination, source, kind, tag, payload);
    const bucket = Math.floor(atUs / bucketUs);
    if (bucket <= this.#bucket) this.#slots.heapPush(this.#current, slot);
    else if (bucket < this.#bucket + bucketCount) this.#link(bucket, slot);
    else this.#slots.heapPush(this.#far, slot);
  }

  /** From now on events of agents that are simulated elsewhere go there. */
  sendAway(away: Away): void {
    this.#away = away;
  }

  /** Sets an agent's one alarm; an infinite time removes it. */
  setAlarm(agent: number, atUs: number): void {
    if (!(atUs >= this.#nowUs)) throw new Error(`An alarm at ${atUs} us cannot be set at ${this.#nowUs} us`);
    this.#alarms.set(this.#slots.rankOf(agent), atUs);
  }

  /** Time of the next event; infinite when there is none. */
  peekUs(): number {
    const { firstUs } = this.#alarms;
    if (!this.#fillCurrent()) return firstUs;
    return Math.min(firstUs, this.#slots.atUs[this.#current[0] as number] as number);
  }

  /** Takes the next event into the fields of this queue; false when there is none. */
  pop(): boolean {
    if (this.#isAlarmNext()) {
      this.#ring();
      return true;
    }
    if (this.#current.length === 0) return false;
    const slots = this.#slots;
    const slot = slots.heapPop(this.#current);
    this.#nowUs = slots.atUs[slot] as number;
    this.destination = slots.destination[slot] as number;
    this.source = slots.source[slot] as number;
    this.kind = slots.kind[slot] as number;
    this.tag = slots.tag[slot] as number;
    this.payload = slots.payload[slot];
    slots.release(slot);
    return true;
  }

  /** Moves the clock forward to a time before which no event is left. */
  advanceTo(atUs: number): void {
    if (atUs < this.#nowUs || this.peekUs() < atUs) throw new Error(`The clock cannot jump to ${atUs} us`);
    this.#nowUs = atUs;
  }

  #isAlarmNext(): boolean {
    const { firstUs } = this.#alarms;
    if (!this.#fillCurrent()) return firstUs !== Number.POSITIVE_INFINITY;
    const slots = this.#slots;
    const slot = this.#current[0] as number;
    const atUs = slots.atUs[slot] as number;
    if (firstUs !== atUs) return firstUs < atUs;
    const first = this.#firstAlarmed();
    const [destination, source] = [slots.destination[slot] as number, slots.source[slot] as number];
    const order = slots.rankOf(first) - slots.rankOf(destination);
    return (order || first - source || kinds.wake - (slots.kind[slot] as number)) < 0;
  }

  /** Whose alarm rings first. */
  #firstAlarmed(): number {
    const { first } = this.#alarms;
    return this.#ranked === undefined ? first : (this.#ranked[first] as number);
  }

  #ring(): void {
    const { firstUs } = this.#alarms;
    const first = this.#firstAlarmed();
    this.setAlarm(first, Number.POSITIVE_INFINITY);
    this.#nowUs = firstUs;
    this.destination = first;
    this.source = first;
    this.kind = kinds.wake;
    this.tag = 0;
    this.payload = undefined;
  }

  #link(bucket: number, slot: number): void {
    const index = bucket & bucketMask;
    this.#slots.next[slot] = this.#wheel[index] as number;
    this.#wheel[index] = slot;
    this.#mark(index, true);
    this.#wheelSize += 1;
  }

  /** Turns the wheel until the bucket at hand has an event. */
  #fillCurrent(): boolean {
    while (this.#current.length === 0) {
      if (this.#wheelSize === 0) {
        const far = this.#far[0];
        if (far === undefined) return false;
        // Nothing is near: jump to the bucket of the earliest far event.
        this.#bucket = Math.floor((this.#slots.atUs[far] as number) / bucketUs);
      } else this.#bucket = this.#nextFilled();
      this.#bringNear();
      this.#takeBucket();
    }
    return true;
  }

  /** The next bucket with an event. What is far lies behind all of the wheel, so no earlier one comes near meanwhile. */
  #nextFilled(): number {
    let bucket = this.#bucket + 1;
    for (;;) {
      const within = bucket & (wordBuckets - 1);
      const word = (this.#filled[(bucket >>> wordShift) & wordMask] as number) >>> within;
      if (word !== 0) return bucket + 31 - Math.clz32(word & -word);
      bucket += wordBuckets - within;
    }
  }

  #mark(index: number, isFilled: boolean): void {
    const bit = 1 << (index & (wordBuckets - 1));
    const word = this.#filled[index >> wordShift] as number;
    this.#filled[index >> wordShift] = isFilled ? word | bit : word & ~bit;
  }

  /** Moves what came within the wheel's reach from the far heap onto the wheel. */
  #bringNear(): void {
    const slots = this.#slots;
    const reach = this.#bucket + bucketCount;
    for (;;) {
      const top = this.#far[0];
      if (top === undefined) return;
      const bucket = Math.floor((slots.atUs[top] as number) / bucketUs);
      if (bucket >= reach) return;
      this.#link(bucket, slots.heapPop(this.#far));
    }
  }

  #takeBucket(): void {
    const index = this.#bucket & bucketMask;
    let slot = this.#wheel[index] as number;
    if (slot === none) return;
    this.#wheel[index] = none;
    this.#mark(index, false);
    while (slot !== none) {
      this.#slots.heapPush(this.#current, slot);
      this.#wheelSize -= 1;
      slot = this.#slots.next[slot] as number;
    }
  }
}

function agentsByRank(rank: Int32Array): Int32Array {
  const agents = new Int32Array(rank.length);
  for (const [agent, at] of rank.entries()) agents[at] = agent;
  return agents;
}
