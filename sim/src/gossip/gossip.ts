import type { Random } from "@antibody/core";
import type { EventQueue } from "../engine/eventQueue.ts";
import { kinds } from "../engine/kinds.ts";
import { digestOf } from "../hash/trace.ts";
import type { Network } from "../network/network.ts";
import {
  accept,
  announcedBytesMin,
  frameBytes,
  type GossipControl,
  idBytes,
  open,
  smallBytes,
  subscribe,
  topicBytes,
  welcome,
} from "./control.ts";
import { degrees, Mesh } from "./mesh.ts";
import { type GossipContent, type GossipMessage, type Topic, topics } from "./message.ts";
import { Spread, Spreads } from "./spread.ts";
import { Streams } from "./streams.ts";

/** gossipsub's heartbeat, and for how many of them a message is offered to peers outside the mesh. Its defaults. */
const heartbeatUs = 1_000_000;
const offeredHeartbeats = 3;
/** Of what is sent in vain, every copy comes too late. */
const inVain = Number.NEGATIVE_INFINITY;
/**
 * A message that was seen stays seen for this period and the next one, by everyone: so nobody needs to know when
 * others have seen it. gossipsub's default is one period from when it was seen.
 */
const seenPeriodUs = 120_000_000;

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

/** What an agent has, and since when. */
interface Recent {
  readonly message: GossipMessage;
  readonly sinceUs: number;
}

/** Most agents offer nothing most of the time: one list for all. */
const nothingRecent: readonly Recent[] = [];

/**
 * gossipsub at the level of messages: streams that come to be one by one, a mesh per topic that is agreed upon by
 * GRAFT and PRUNE, full messages pushed along it, duplicates dropped, recent messages offered to a few others at each
 * heartbeat. No history: who cannot be reached gets nothing later. Policy is known by its bytes; every rumor is a
 * message of its own, since the agent puts a nonce into each. It is held to the library itself (`test/calibration`).
 * Left out: scores, IDONTWANT but for its bytes (without time to verify it saves nothing), and what floods.
 */
export class Gossip {
  readonly counters: GossipCounters = { messages: 0, bytes: 0, duplicates: 0 };
  readonly #spreads: Spreads;
  readonly #network: Network;
  readonly #queue: EventQueue;
  readonly #hosts: GossipHosts;
  /** By agent: what others do meanwhile changes nothing of what one draws. */
  readonly #randoms: readonly Random[];
  readonly #streams: Streams;
  readonly #meshes: Record<Topic, Mesh>;
  /** When in each second an agent's heartbeat falls, and when the next one is due; infinite when none is needed. */
  readonly #phaseUs: Float64Array;
  readonly #dueUs: Float64Array;
  /** What each agent still offers at heartbeats. */
  readonly #recent: (readonly Recent[])[];
  readonly #messages = new Map<string, GossipMessage>();
  /** The period in which it was looked last for what is over. */
  #forgottenIn = 0;
  /** By agent: rumors that it has published. */
  readonly #published: Uint32Array;

  constructor(agents: number, network: Network, queue: EventQueue, hosts: GossipHosts, random: Random) {
    this.#spreads = new Spreads(agents);
    this.#network = network;
    this.#queue = queue;
    this.#hosts = hosts;
    const randoms = Array.from({ length: agents }, () => random.fork());
    this.#randoms = randoms;
    const streams = new Streams(agents);
    this.#streams = streams;
    const makeMesh = (): Mesh =>
      new Mesh(
        agents,
        (agent, peer) => streams.hasDialed(agent, peer),
        (agent) => randoms[agent] as Random,
      );
    this.#meshes = { policy: makeMesh(), health: makeMesh() };
    this.#phaseUs = Float64Array.from({ length: agents }, () => random.below(heartbeatUs));
    this.#dueUs = new Float64Array(agents).fill(Number.POSITIVE_INFINITY);
    this.#recent = new Array<readonly Recent[]>(agents).fill(nothingRecent);
    this.#published = new Uint32Array(agents);
  }

  meshOf(agent: number, topic: Topic): readonly number[] {
    return this.#meshes[topic].peersOf(agent);
  }

  /** An end of a session stands. Of both, the dialer's gossip hears first: the other one's by its welcome. */
  opened(agent: number, peer: number, isDialer: boolean): void {
    this.#detach(agent, peer);
    this.#streams.met(agent, peer);
    this.#spreads.joined(agent);
    if (!isDialer) return;
    this.#say(agent, peer, welcome, 0);
    this.#attach(agent, peer, true);
  }

  closed(agent: number, peer: number): void {
    this.#detach(agent, peer);
    this.#needHeartbeat(agent);
  }

  /** The agent's process is gone, and with it all that gossipsub held in memory. */
  processEnded(agent: number): void {
    this.#streams.clear(agent);
    for (const topic of topics) this.#meshes[topic].clear(agent);
    this.#recent[agent] = nothingRecent;
    this.#dueUs[agent] = Number.POSITIVE_INFINITY;
    this.#spreads.left(agent);
    for (const { spread } of this.#messages.values()) spread.forget(agent);
  }

  publish(agent: number, content: GossipContent, bytes: number): void {
    const period = periodOf(this.#queue.nowUs);
    const key = this.#keyOf(agent, content, period);
    const message = this.known(key) ?? this.learn(key, content, bytes, period);
    if (message.spread.hasReached(agent)) return;
    this.#spreads.joined(agent);
    message.spread.reached(agent);
    this.#push(agent, agent, message);
    // Who publishes with a small mesh sends to others, too.
    const mesh = this.#meshes[content.topic];
    const lacking = degrees.wanted - mesh.peersOf(agent).length;
    if (lacking <= 0) return;
    const others = this.#readyPeersOf(agent).filter((peer) => !mesh.has(agent, peer));
    for (const peer of this.#randomOf(agent).sample(others, lacking)) this.#transmit(agent, peer, message);
  }

  /** The message that a key names; undefined where it is not known, or not any more. */
  known(key: string): GossipMessage | undefined {
    return this.#messages.get(key);
  }

  /** A process begins: what was on its way to an earlier one is nothing to it. */
  processStarted(agent: number): void {
    for (const { spread } of this.#messages.values()) spread.forget(agent);
  }

  /** Whether anything can come of a copy that arrives at a process of an agent; if so it is on its way. */
  awaits(agent: number, life: number, { spread, sinceUs }: GossipMessage, atUs: number): boolean {
    if (
      life !== this.#hosts.lifeOf(agent) ||
      spread.hasReached(agent) ||
      sinceUs + spread.arrivesUs(agent) < atUs
    )
      return false;
    spread.onItsWay(agent, atUs - sinceUs);
    return true;
  }

  /** Makes a message that is not known. */
  learn(key: string, content: GossipContent, bytes: number, period: number): GossipMessage {
    const { nowUs } = this.#queue;
    this.#forget(nowUs);
    const spread = new Spread(this.#spreads);
    const message: GossipMessage = { type: "message", content, key, bytes, period, sinceUs: nowUs, spread };
    this.#messages.set(key, message);
    return message;
  }

  /** Something of gossip has arrived. */
  arrived(agent: number, from: number, payload: unknown): void {
    const said = payload as GossipMessage | GossipControl;
    if (said.type === "message") this.#receive(agent, from, said);
    else this.#obey(agent, from, said);
  }

  /** A heartbeat is due. They run only while one has something to do. */
  heartbeat(agent: number): void {
    this.#dueUs[agent] = Number.POSITIVE_INFINITY;
    const nowUs = this.#queue.nowUs;
    const next = this.#streams.giveUp(agent, nowUs);
    if (next !== undefined) this.#say(agent, next, open, smallBytes);
    const ready = this.#readyPeersOf(agent);
    this.#maintain(agent, ready, nowUs);
    this.#offer(agent, ready);
    const isRestless =
      this.#recentOf(agent).length > 0 ||
      this.#streams.isOpening(agent) ||
      topics.some((topic) => this.#meshes[topic].isRestless(agent, ready));
    if (isRestless) this.#needHeartbeat(agent);
  }

  /** gossip knows of a session from now on. */
  #attach(agent: number, peer: number, hasDialed: boolean): void {
    if (this.#streams.attach(agent, peer, hasDialed, this.#queue.nowUs)) {
      this.#say(agent, peer, open, smallBytes);
    }
    this.#needHeartbeat(agent);
  }

  #detach(agent: number, peer: number): void {
    for (const topic of topics) this.#meshes[topic].lost(agent, peer);
    const next = this.#streams.detach(agent, peer, this.#queue.nowUs);
    if (next !== undefined) this.#say(agent, next, open, smallBytes);
  }

  #obey(agent: number, from: number, said: GossipControl): void {
    const nowUs = this.#queue.nowUs;
    switch (said.type) {
      case "welcome":
        this.#attach(agent, from, false);
        return;
      case "open":
        this.#say(agent, from, accept, smallBytes);
        return;
      case "accept": {
        const next = this.#streams.opened(agent, from, nowUs);
        this.#say(agent, from, subscribe, topics.length * topicBytes);
        if (next !== undefined) this.#say(agent, next, open, smallBytes);
        return;
      }
      case "subscribe": {
        this.#streams.subscribed(agent, from);
        if (!this.#streams.stands(agent, from)) return;
        const graft = topics.filter((topic) => this.#meshes[topic].subscribed(agent, from, nowUs));
        this.#change(agent, from, graft, []);
        return;
      }
      case "mesh": {
        const refused = said.graft.filter((topic) => !this.#meshes[topic].grafted(agent, from, nowUs));
        for (const topic of said.prune) this.#meshes[topic].pruned(agent, from, nowUs);
        this.#change(agent, from, [], refused);
        this.#needHeartbeat(agent);
        return;
      }
      case "offer": {
        const messages = said.messages.filter(({ spread, period }) => {
          return !isOver(period, nowUs) && !spread.hasReached(agent);
        });
        if (messages.length === 0) return;
        this.#say(agent, from, { type: "want", messages }, messages.length * idBytes);
        return;
      }
      case "want":
        for (const message of said.messages) {
          if (!isOver(message.period, nowUs)) this.#transmit(agent, from, message);
        }
    }
  }

  #receive(agent: number, from: number, message: GossipMessage): void {
    if (isOver(message.period, this.#queue.nowUs)) return;
    if (message.spread.hasReached(agent)) {
      this.counters.duplicates += 1;
      return;
    }
    message.spread.reached(agent);
    if (this.#hosts.heard(agent, from, message.content)) this.#push(agent, from, message);
  }

  /** What the heartbeat changes of both meshes is told to each peer at once. */
  #maintain(agent: number, ready: readonly number[], nowUs: number): void {
    const changes = topics.map((topic) => this.#meshes[topic].maintain(agent, ready, nowUs));
    const told = new Set(changes.flatMap(({ graft, prune }) => [...graft, ...prune]));
    for (const peer of told) {
      const graft = topics.filter((_, index) => changes[index]?.graft.includes(peer));
      const prune = topics.filter((_, index) => changes[index]?.prune.includes(peer));
      this.#change(agent, peer, graft, prune);
    }
  }

  #change(agent: number, peer: number, graft: readonly Topic[], prune: readonly Topic[]): void {
    if (graft.length + prune.length === 0) return;
    this.#say(agent, peer, { type: "mesh", graft, prune }, (graft.length + prune.length) * topicBytes);
  }

  #push(agent: number, from: number, message: GossipMessage): void {
    const peers = this.#meshes[message.content.topic].peersOf(agent);
    for (const peer of peers) {
      if (peer !== from && this.#streams.stands(agent, peer)) this.#transmit(agent, peer, message);
    }
    if (message.bytes >= announcedBytesMin && from !== agent) {
      this.counters.bytes += (peers.length - 1) * (frameBytes + smallBytes);
    }
    this.#recent[agent] = this.#recentOf(agent).concat([{ message, sinceUs: this.#queue.nowUs }]);
    this.#needHeartbeat(agent);
  }

  /** Offers what is recent to a few peers outside the mesh; who lacks it asks for it. */
  #offer(agent: number, ready: readonly number[]): void {
    const nowUs = this.#queue.nowUs;
    const recent = this.#recentOf(agent).filter(
      ({ sinceUs }) => nowUs - sinceUs < offeredHeartbeats * heartbeatUs,
    );
    this.#recent[agent] = recent.length === 0 ? nothingRecent : recent;
    if (recent.length === 0) return;
    for (const topic of topics) {
      const offered = recent.flatMap(({ message }) => (message.content.topic === topic ? [message] : []));
      if (offered.length === 0) continue;
      const others = ready.filter((peer) => !this.#meshes[topic].has(agent, peer));
      for (const peer of this.#randomOf(agent).sample(others, degrees.lazy))
        this.#offerTo(agent, peer, offered);
    }
  }

  /** To a peer that has seen all of it, an offer is sent as to others and changes nothing: no event is spent on it. */
  #offerTo(agent: number, peer: number, offered: readonly GossipMessage[]): void {
    const messages = offered.filter(({ spread }) => !spread.hasReached(peer));
    const unlessUs = messages.length > 0 ? Number.POSITIVE_INFINITY : inVain;
    this.counters.bytes += frameBytes + topicBytes + offered.length * idBytes;
    const offer: GossipControl = { type: "offer", messages };
    this.#network.sendCopy(agent, peer, offer, unlessUs);
  }

  #say(agent: number, peer: number, said: GossipControl, bytes: number): void {
    this.counters.bytes += frameBytes + bytes;
    this.#network.send(agent, peer, kinds.gossip, said);
  }

  #readyPeersOf(agent: number): number[] {
    return [...this.#network.peersOf(agent)].filter((peer) => this.#streams.isReady(agent, peer));
  }

  /**
   * Sends a full message. To a peer that has seen it, or will sooner, it is sent as to others and changes nothing: no
   * event is spent on it.
   */
  #transmit(agent: number, peer: number, message: GossipMessage): void {
    const { counters } = this;
    counters.messages += 1;
    counters.bytes += frameBytes + topicBytes + message.bytes;
    const { spread, sinceUs } = message;
    const soonestUs = spread.hasReached(peer) ? inVain : sinceUs + spread.arrivesUs(peer);
    const arrivesUs = this.#network.sendCopy(agent, peer, message, soonestUs);
    if (arrivesUs === undefined || arrivesUs > soonestUs) counters.duplicates += 1;
    else if (this.#network.lifeAt(agent, peer) === this.#hosts.lifeOf(peer))
      spread.onItsWay(peer, arrivesUs - sinceUs);
  }

  #recentOf(agent: number): readonly Recent[] {
    return this.#recent[agent] as readonly Recent[];
  }

  #randomOf(agent: number): Random {
    return this.#randoms[agent] as Random;
  }

  #needHeartbeat(agent: number): void {
    if (this.#dueUs[agent] !== Number.POSITIVE_INFINITY) return;
    const nowUs = this.#queue.nowUs;
    const phaseUs = this.#phaseUs[agent] as number;
    const dueUs = (Math.floor((nowUs - phaseUs) / heartbeatUs) + 1) * heartbeatUs + phaseUs;
    this.#dueUs[agent] = dueUs;
    this.#queue.push(dueUs, agent, agent, kinds.heartbeat, this.#hosts.lifeOf(agent), undefined);
  }

  /** What a message is known by. Policy that is published again in another period is another message. */
  #keyOf(agent: number, content: GossipContent, period: number): string {
    if (content.topic === "policy") return `${digestOf(content.bytes)}.${period}`;
    const number = (this.#published[agent] as number) + 1;
    this.#published[agent] = number;
    return `${agent}.${number}`;
  }

  /** Drops what everyone has forgotten. */
  #forget(nowUs: number): void {
    const period = periodOf(nowUs);
    if (period === this.#forgottenIn) return;
    this.#forgottenIn = period;
    for (const [key, { period: of, spread }] of this.#messages) {
      if (!isOver(of, nowUs)) continue;
      spread.end();
      this.#messages.delete(key);
    }
  }
}

function periodOf(nowUs: number): number {
  return Math.floor(nowUs / seenPeriodUs);
}

function isOver(period: number, nowUs: number): boolean {
  return periodOf(nowUs) > period + 1;
}
