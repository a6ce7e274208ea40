import type { Random } from "@antibody/core";
import type { EventQueue } from "../engine/eventQueue.ts";
import { kinds } from "../engine/kinds.ts";
import { digestOf } from "../hash/trace.ts";
import type { Network } from "../network/network.ts";
import { degrees, Mesh } from "./mesh.ts";
import {
  createMessage,
  forgetMessage,
  type GossipContent,
  type GossipMessage,
  type Topic,
  topics,
} from "./message.ts";

/** gossipsub's heartbeat, and for how many of them a message is offered to peers outside the mesh. Its defaults. */
const heartbeatUs = 1_000_000;
const offeredHeartbeats = 3;
/** For how long a message that was seen stays seen. gossipsub's default. */
const seenUs = 120_000_000;
/** Bytes of an offer (IHAVE) and an answer to it (IWANT), for the count of bytes. Estimate. */
const offerBytes = 60;

/** What gossip asks of the agents, and tells them. */
export interface GossipHosts {
  lifeOf(agent: number): number;
  /** The topic validator, then the mind: true when the message is valid and goes on to others. */
  heard(agent: number, from: number, content: GossipContent): boolean;
}

/** What gossip costs, counted over the whole swarm. */
export interface GossipCounters {
  messages: number;
  bytes: number;
  duplicates: number;
}

/**
 * gossipsub at the level of messages: a mesh per topic over the sessions that stand, full messages pushed along it,
 * duplicates dropped, recent messages offered to a few others at each heartbeat. No history: who cannot be
 * reached gets nothing later. Policy is known by its bytes; every rumor is a message of its own, since the agent puts
 * a nonce into each.
 */
export class Gossip {
  readonly counters: GossipCounters = { messages: 0, bytes: 0, duplicates: 0 };
  readonly #agents: number;
  readonly #network: Network;
  readonly #queue: EventQueue;
  readonly #hosts: GossipHosts;
  readonly #random: Random;
  readonly #meshes: Record<Topic, Mesh>;
  /** When in each second an agent's heartbeat falls, and when the next one is due; infinite when none is needed. */
  readonly #phaseUs: Float64Array;
  readonly #dueUs: Float64Array;
  /** What each agent still offers at heartbeats. */
  readonly #recent: GossipMessage[][];
  /** By key, oldest first. */
  readonly #messages = new Map<string, GossipMessage>();
  #published = 0;

  constructor(agents: number, network: Network, queue: EventQueue, hosts: GossipHosts, random: Random) {
    this.#agents = agents;
    this.#network = network;
    this.#queue = queue;
    this.#hosts = hosts;
    this.#random = random;
    this.#meshes = { policy: new Mesh(agents, random.fork()), health: new Mesh(agents, random.fork()) };
    this.#phaseUs = Float64Array.from({ length: agents }, () => random.below(heartbeatUs));
    this.#dueUs = new Float64Array(agents).fill(Number.POSITIVE_INFINITY);
    this.#recent = Array.from({ length: agents }, () => []);
  }

  meshOf(agent: number, topic: Topic): readonly number[] {
    return this.#meshes[topic].peersOf(agent);
  }

  opened(agent: number, peer: number): void {
    if (!this.#network.isJoined(agent, peer)) return;
    for (const topic of topics) this.#meshes[topic].subscribed(agent, peer);
  }

  closed(agent: number, peer: number): void {
    for (const topic of topics) this.#meshes[topic].lost(agent, peer);
    this.#needHeartbeat(agent);
  }

  /** The agent's process is gone, and with it all that gossipsub held in memory. */
  processEnded(agent: number): void {
    for (const topic of topics) this.#meshes[topic].clear(agent);
    this.#recent[agent] = [];
    this.#dueUs[agent] = Number.POSITIVE_INFINITY;
    for (const message of this.#messages.values()) forgetMessage(message, agent);
  }

  publish(agent: number, content: GossipContent, bytes: number): void {
    const nowUs = this.#queue.nowUs;
    this.#forget(nowUs);
    this.#published += 1;
    const key = content.topic === "policy" ? digestOf(content.bytes) : String(this.#published);
    let message = this.#messages.get(key);
    if (message === undefined) {
      message = createMessage(content, key, bytes, nowUs, this.#agents);
      this.#messages.set(key, message);
    }
    if (message.seen[agent] === 1) return;
    message.seen[agent] = 1;
    this.#push(agent, agent, message);
  }

  /** A message has arrived. */
  arrived(agent: number, from: number, payload: unknown): void {
    const message = payload as GossipMessage;
    if (message.seen[agent] === 1) {
      this.counters.duplicates += 1;
      return;
    }
    message.seen[agent] = 1;
    if (this.#hosts.heard(agent, from, message.content)) this.#push(agent, from, message);
  }

  /** A heartbeat is due. They run only while one has something to do. */
  heartbeat(agent: number): void {
    this.#dueUs[agent] = Number.POSITIVE_INFINITY;
    const peers = [...this.#network.peersOf(agent)];
    for (const topic of topics) this.#meshes[topic].maintain(agent, peers);
    this.#offer(agent, peers);
    const isThin = topics.some((topic) => this.#meshes[topic].peersOf(agent).length < degrees.low);
    if ((this.#recent[agent] as GossipMessage[]).length > 0 || (isThin && peers.length >= degrees.low)) {
      this.#needHeartbeat(agent);
    }
  }

  #push(agent: number, from: number, message: GossipMessage): void {
    for (const peer of this.#meshes[message.content.topic].peersOf(agent)) {
      if (peer !== from) this.#transmit(agent, peer, message);
    }
    (this.#recent[agent] as GossipMessage[]).push(message);
    this.#needHeartbeat(agent);
  }

  /** Offers what is recent to a few peers outside the mesh; who lacks it asks for it. */
  #offer(agent: number, peers: readonly number[]): void {
    const nowUs = this.#queue.nowUs;
    const recent = (this.#recent[agent] as GossipMessage[]).filter(
      (message) => nowUs - message.publishedUs < offeredHeartbeats * heartbeatUs,
    );
    this.#recent[agent] = recent;
    if (recent.length === 0) return;
    for (const topic of topics) {
      const offered = recent.filter((message) => message.content.topic === topic);
      if (offered.length === 0) continue;
      const others = peers.filter((peer) => !this.#meshes[topic].has(agent, peer));
      for (const peer of this.#random.sample(others, degrees.lazy)) {
        this.counters.bytes += offerBytes;
        for (const message of offered) {
          if (message.seen[peer] === 0) this.#transmit(agent, peer, message);
        }
      }
    }
  }

  /**
   * Sends a full message. To a peer that has seen it, or will sooner, sending costs what it costs and changes
   * nothing: no event is spent on it.
   */
  #transmit(agent: number, peer: number, message: GossipMessage): void {
    const { counters } = this;
    counters.messages += 1;
    counters.bytes += message.bytes;
    if (message.seen[peer] === 1) {
      counters.duplicates += 1;
      return;
    }
    const soonestUs = message.publishedUs + (message.arrivesUs[peer] as number);
    const arrivesUs = this.#network.sendSooner(agent, peer, kinds.gossip, message, soonestUs);
    if (arrivesUs === undefined || arrivesUs === soonestUs) counters.duplicates += 1;
    else message.arrivesUs[peer] = arrivesUs - message.publishedUs;
  }

  #needHeartbeat(agent: number): void {
    if (this.#dueUs[agent] !== Number.POSITIVE_INFINITY) return;
    const nowUs = this.#queue.nowUs;
    const phaseUs = this.#phaseUs[agent] as number;
    const dueUs = (Math.floor((nowUs - phaseUs) / heartbeatUs) + 1) * heartbeatUs + phaseUs;
    this.#dueUs[agent] = dueUs;
    this.#queue.push(dueUs, agent, agent, kinds.heartbeat, this.#hosts.lifeOf(agent), undefined);
  }

  /** Drops what everyone has forgotten, oldest first. */
  #forget(nowUs: number): void {
    for (const [key, message] of this.#messages) {
      if (nowUs - message.publishedUs < seenUs) return;
      this.#messages.delete(key);
    }
  }
}
