import { type Member, Random } from "@antibody/core";
import { EventQueue } from "../../sim/src/engine/eventQueue.ts";
import { kinds } from "../../sim/src/engine/kinds.ts";
import type { Topic } from "../../sim/src/gossip/message.ts";
import { Dialing } from "../../sim/src/network/dialing.ts";
import { type LinkModel, Links, localLinks } from "../../sim/src/network/links.ts";
import { Network } from "../../sim/src/network/network.ts";

/** What differs between crowds. The same plan gives the same sessions and latencies in every lane. */
export interface CrowdPlan {
  readonly agents: number;
  readonly seed: number;
  /** Over how long the dials are spread. 0: everyone dials at once. */
  readonly formMs: number;
  readonly links?: LinkModel;
}

/** Gossip of a whole crowd: the simulator's model, or as many objects of the library. */
export interface Lane {
  /** Every agent starts, at a time of its own within the first second. */
  start(agent: number): void;
  opened(agent: number, peer: number, isDialer: boolean): void;
  closed(agent: number, peer: number): void;
  arrived(agent: number, from: number, payload: unknown): void;
  heartbeat(agent: number): void;
  /** The agent's process is gone. */
  ended(agent: number): void;
  publish(agent: number, number: number, topic: Topic, bytes: number): void;
  meshOf(agent: number, topic: Topic): readonly number[];
  /** Full messages that were sent so far, duplicates too. */
  sent(): number;
  /** Bytes that were sent so far, control included. */
  bytes(): number;
  /** Resolves when nothing more happens at this time; undefined when that is so already. */
  settled(): Promise<void> | undefined;
}

/** What a lane is given. */
export interface CrowdTools {
  readonly plan: CrowdPlan;
  readonly network: Network;
  readonly queue: EventQueue;
  readonly random: Random;
  isRunning(agent: number): boolean;
  /** Calls back at a virtual time. */
  at(ms: number, due: () => void): void;
  /** An agent has got a message for the first time. */
  heard(agent: number, number: number): void;
}

const startMs = 1_000;
const rings = 5;

/** A crowd whose sessions follow five rings, as observers do, and the virtual time that it lives in. */
export class Crowd {
  readonly lane: Lane;
  readonly network: Network;
  readonly random: Random;
  /** Called for each agent that gets a message for the first time. */
  heard: (agent: number, number: number, nowUs: number) => void = () => undefined;
  readonly #plan: CrowdPlan;
  readonly #queue = new EventQueue();
  readonly #dialing: Dialing;
  readonly #ended: Uint8Array;

  constructor(plan: CrowdPlan, makeLane: (tools: CrowdTools) => Lane) {
    this.#plan = plan;
    const { agents, seed } = plan;
    const queue = this.#queue;
    this.random = Random.fromSeed(seed);
    this.#ended = new Uint8Array(agents);
    const hosts = this.#hosts();
    this.network = new Network(
      agents,
      new Links(agents, plan.links ?? localLinks, this.random.fork()),
      queue,
      hosts,
    );
    this.#dialing = new Dialing(this.network, queue, hosts);
    this.lane = makeLane({
      plan,
      network: this.network,
      queue,
      random: this.random.fork(),
      isRunning: (agent) => this.isRunning(agent),
      at: (ms, due) => this.#at(ms, due),
      heard: (agent, number) => this.heard(agent, number, queue.nowUs),
    });
    for (let agent = 0; agent < agents; agent += 1) {
      this.#at(this.random.below(startMs), () => this.lane.start(agent));
    }
    this.#planDials();
  }

  isRunning(agent: number): boolean {
    return this.#ended[agent] === 0;
  }

  get nowUs(): number {
    return this.#queue.nowUs;
  }

  /** Lets all happen that happens up to a time. */
  async runTo(ms: number): Promise<void> {
    const queue = this.#queue;
    while (queue.peekUs() <= ms * 1_000) {
      queue.pop();
      this.#handle();
      const settling = this.lane.settled();
      if (settling !== undefined) await settling;
    }
    queue.advanceTo(ms * 1_000);
  }

  /** The processes of some agents end; their hosts close the sockets. */
  end(agents: readonly number[]): void {
    for (const agent of agents) {
      this.#ended[agent] = 1;
      this.network.processEnded(agent);
      this.#dialing.processEnded(agent);
      this.lane.ended(agent);
    }
  }

  #handle(): void {
    const { destination, source, kind, tag, payload } = this.#queue;
    if (kind === kinds.fault) (payload as () => void)();
    else if (kind === kinds.dialReached) this.#dialing.reached(destination, source, tag, payload);
    else if (kind === kinds.dialAgain) this.#dialing.again(destination, payload);
    else if (!this.isRunning(destination)) return;
    else if (kind === kinds.dialEnded) this.#dialing.ended(destination, payload);
    else if (kind === kinds.opened) this.#dialing.opened(destination, source, tag, payload);
    else if (kind === kinds.closed) this.network.closed(destination, source, tag);
    else if (kind === kinds.heartbeat) this.lane.heartbeat(destination);
    else if (kind === kinds.copy) this.lane.arrived(destination, source, payload);
    else if (this.network.receives(destination, source, tag)) this.lane.arrived(destination, source, payload);
  }

  #at(ms: number, due: () => void): void {
    this.#queue.push(Math.round(ms * 1_000), -1, -1, kinds.fault, 0, due);
  }

  /** Latencies are drawn when an agent dials: all dials are drawn before anything else is. */
  #planDials(): void {
    const { agents, formMs } = this.#plan;
    const everyone = Array.from({ length: agents }, (_, agent) => agent);
    for (let ring = 0; ring < rings; ring += 1) {
      const order = this.random.sample(everyone, agents);
      for (const [index, agent] of order.entries()) {
        const next = order[(index + 1) % agents] as number;
        const atMs = 2 * startMs + (formMs > 0 ? this.random.below(formMs) : 0);
        this.#at(atMs, () => this.#dialing.dial(agent, next, "session", startMs, true));
      }
    }
  }

  #hosts(): ConstructorParameters<typeof Network>[3] {
    return {
      hasPower: () => true,
      isRunning: (agent) => this.isRunning(agent),
      isPaused: () => false,
      busyUntilUs: () => 0,
      hasQueue: () => false,
      silentSinceUs: () => Number.POSITIVE_INFINITY,
      lifeOf: () => 1,
      greetingOf: () => ({}) as Member,
      opened: (agent, peer, isDialer) => this.lane.opened(agent, peer, isDialer),
      closed: (agent, peer) => this.lane.closed(agent, peer),
      dialed: () => undefined,
    };
  }
}
