import type { Digests, Event, Output, PeerMessage } from "@antibody/core";
import type { AgentId } from "@antibody/policy";
import { Trace } from "./trace.ts";

type Probe = Extract<PeerMessage, { readonly type: "probe" }>;
type Ack = Extract<PeerMessage, { readonly type: "ack" }>;

/** Marks of the two messages that make up nearly all traffic; every other output is hashed as a plain value. */
const probeMark = 1;
const ackMark = 2;
const otherMark = 3;
const deathMark = 4;

/** How the traces of agents stand. */
export interface TraceStanding {
  readonly lows: Int32Array;
  readonly highs: Int32Array;
}

/** 16 hex digits over the traces of all agents; `of` says where that of an agent stands. */
export function joinedDigest(agents: number, of: (agent: number) => TraceStanding): string {
  const joined = new Trace();
  for (let agent = 0; agent < agents; agent += 1) {
    const { lows, highs } = of(agent);
    joined.word(lows[agent] as number);
    joined.word(highs[agent] as number);
  }
  return joined.digest();
}

/**
 * The running hash over every output of every agent of a world, with everything in it: a trace for each agent, with
 * the times, joined in the order of their numbers. So the order in which agents act in one instant is no part of it,
 * and agents that are simulated apart can be hashed apart. The most frequent outputs are
 * spelled out, for speed alone: peers by their numbers in the world, and the digests that an agent told last by
 * their object, since a mind tells the same one until it holds something else.
 */
export class OutputTrace {
  /** Of the agent whose step is added. */
  readonly #trace = new Trace();
  /** By agent: how its trace stands. */
  readonly #lows: Int32Array;
  readonly #highs: Int32Array;
  readonly #indexOf: (id: AgentId) => number;
  /** By agent: the digests told last, and their hash. */
  readonly #told: (Digests | undefined)[];
  readonly #hashes: Int32Array;
  readonly #digests = new Trace();
  readonly #deaths = new WeakMap<Event, number>();

  constructor(agents: number, indexOf: (id: AgentId) => number) {
    this.#indexOf = indexOf;
    this.#lows = new Int32Array(agents).fill(this.#trace.low);
    this.#highs = new Int32Array(agents).fill(this.#trace.high);
    this.#told = new Array<Digests | undefined>(agents).fill(undefined);
    this.#hashes = new Int32Array(agents);
  }

  /** How the traces stand now, by agent. */
  get standing(): TraceStanding {
    return { lows: this.#lows, highs: this.#highs };
  }

  /** What one step of an agent put out, at a time. */
  add(agent: number, nowUs: number, outputs: readonly Output[]): void {
    if (outputs.length === 0) return;
    const trace = this.#trace;
    trace.resume(this.#lows[agent] as number, this.#highs[agent] as number);
    trace.number(nowUs);
    for (const output of outputs) this.#output(agent, output);
    this.#lows[agent] = trace.low;
    this.#highs[agent] = trace.high;
  }

  #output(agent: number, output: Output): void {
    if (output.type === "send") {
      const { to, message } = output;
      if (message.type === "probe") {
        this.#probe(agent, to, message);
        return;
      }
      if (message.type === "ack") {
        this.#ack(agent, to, message);
        return;
      }
    }
    if (output.type === "tell" && output.event.name === "swarm.dead") {
      this.#trace.word(deathMark);
      this.#trace.word(this.#deathHash(output.event));
      return;
    }
    this.#trace.word(otherMark);
    this.#trace.value(output);
  }

  /** In a massacre, hundreds of thousands tell of a few hundred deaths: by one object for each. */
  #deathHash(event: Event): number {
    const known = this.#deaths.get(event);
    if (known !== undefined) return known;
    const trace = this.#digests;
    trace.restart();
    trace.value(event);
    const hash = trace.hash();
    this.#deaths.set(event, hash);
    return hash;
  }

  #probe(agent: number, to: AgentId, { sequence, digests, accusation }: Probe): void {
    const trace = this.#trace;
    trace.word(probeMark);
    trace.word(this.#indexOf(to));
    trace.number(sequence);
    trace.word(this.#hashOf(agent, digests));
    trace.value(accusation);
  }

  #ack(agent: number, to: AgentId, { sequence, digests, incarnation }: Ack): void {
    const trace = this.#trace;
    trace.word(ackMark);
    trace.word(this.#indexOf(to));
    trace.number(sequence);
    trace.word(this.#hashOf(agent, digests));
    trace.number(incarnation[0]);
    trace.number(incarnation[1]);
    trace.number(incarnation[2]);
  }

  #hashOf(agent: number, digests: Digests): number {
    if (this.#told[agent] === digests) return this.#hashes[agent] as number;
    const trace = this.#digests;
    trace.restart();
    trace.text(digests.members);
    trace.text(digests.policy);
    const hash = trace.hash();
    this.#told[agent] = digests;
    this.#hashes[agent] = hash;
    return hash;
  }
}
