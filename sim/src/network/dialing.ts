import type { DialResult, Member } from "@antibody/core";
import type { EventQueue } from "../engine/eventQueue.ts";
import { kinds } from "../engine/kinds.ts";
import type { DialPurpose, Hosts } from "./hosts.ts";
import type { Network } from "./network.ts";
import { noSession } from "./session.ts";

/** What travels to the peer: what its host needs to know of the dialer is in it. */
interface Dial {
  /** Of the dialer's, counted. */
  readonly number: number;
  /** Those of the dialer's attempts at this peer that are under way beside it. */
  readonly others: readonly number[];
  readonly purpose: DialPurpose;
  readonly timeoutUs: number;
  readonly latencyUs: number;
  /** The session that stands at the dialer's end. */
  readonly session: number;
  readonly greeting: Member;
}

/** The answer of a peer that lets the dialer in. */
interface Welcome {
  readonly number: number;
  readonly purpose: DialPurpose;
  /** Of the process that has dialed. */
  readonly life: number;
  readonly latencyUs: number;
  readonly peerLife: number;
  /** Attempts of the peer that were under way to the dialer: they have met this one. */
  readonly met: readonly number[];
  readonly greeting: Member | undefined;
}

/** An attempt of an agent that has nothing to show in hello yet. */
interface Later {
  readonly peer: number;
  readonly purpose: DialPurpose;
  readonly timeoutUs: number;
}

/** Any other end of an attempt. */
interface DialEnd {
  /** Of the attempt; absent where the peer was not asked. */
  readonly number: number | undefined;
  readonly peer: number;
  readonly purpose: DialPurpose;
  readonly result: DialResult;
}

/** A dial that has reached the peer's host and waits there. */
interface Waiting {
  readonly agent: number;
  readonly life: number;
  readonly dial: Dial;
  /** When it came, and when it looked last. */
  readonly cameUs: number;
  readonly sinceUs: number;
  /** It has looked again since, or is answered. */
  isOver: boolean;
}

/** Nothing has met most attempts: one list for all. */
const noAttempts: readonly number[] = [];

/** After how long who has nothing to show yet tries to dial again: its entry is being signed. */
const greetRetryUs = 1_000;
/** How often a dial looks again whether a silent host speaks, within its time. */
const acceptRetryUs = 50_000;

/**
 * Attempts to connect, and how they end: as TCP and hello answer, nothing is decided here. Each host decides with what
 * has come to it. Of two that dial each other at once, the attempt of the lower number makes the session; the other
 * waits until that one is decided.
 */
export class Dialing {
  readonly #network: Network;
  readonly #queue: EventQueue;
  readonly #hosts: Hosts;
  /** By agent: attempts so far. */
  readonly #dialed = new Map<number, number>();
  /** By agent, by peer: attempts that are under way. */
  readonly #underWay = new Map<number, Map<number, Set<number>>>();
  /** By agent whose process is paused, in the order in which they came. Each ends with its dial's time. */
  readonly #waiting = new Map<number, Set<Waiting>>();
  /** By agent whose process has a queue: the attempts that come after what waits there. */
  readonly #queued = new Map<number, Waiting[]>();
  /** By agent: attempts of higher ones that wait until its own are decided. */
  readonly #parked = new Map<number, Waiting[]>();

  constructor(network: Network, queue: EventQueue, hosts: Hosts) {
    this.#network = network;
    this.#queue = queue;
    this.#hosts = hosts;
  }

  /** Starts an attempt; `isKnown` says that the peer listens at one of the addresses that are tried. */
  dial(agent: number, peer: number, purpose: DialPurpose, timeoutMs: number, isKnown: boolean): void {
    const nowUs = this.#queue.nowUs;
    const timeoutUs = nowUs + Math.max(1, Math.ceil(timeoutMs * 1_000));
    if (purpose === "session" && this.#network.sessionOf(agent, peer) !== noSession) {
      this.#endUnasked(agent, { number: undefined, peer, purpose, result: "connected" }, nowUs + 1);
      return;
    }
    if (!isKnown) {
      this.#endUnasked(agent, { number: undefined, peer, purpose, result: "cut" }, timeoutUs);
      return;
    }
    this.#dial(agent, { peer, purpose, timeoutUs });
  }

  /** An attempt that had to wait goes on. */
  later(agent: number, payload: unknown): void {
    this.#dial(agent, payload as Later);
  }

  #dial(agent: number, later: Later): void {
    const { peer, purpose, timeoutUs } = later;
    const nowUs = this.#queue.nowUs;
    const greeting = this.#hosts.greetingOf(agent);
    if (nowUs >= timeoutUs) {
      this.#endUnasked(agent, { number: undefined, peer, purpose, result: "failed" }, nowUs + 1);
      return;
    }
    if (greeting === undefined) {
      const againUs = Math.min(nowUs + greetRetryUs, timeoutUs);
      this.#queue.push(againUs, agent, agent, kinds.dialLater, this.#hosts.lifeOf(agent), later);
      return;
    }
    const session = this.#network.sessionOf(agent, peer);
    const others = this.#underWayTo(agent, peer);
    const number = this.#begin(agent, peer);
    const { links } = this.#network;
    const latencyUs = links.drawLatencyUs(agent);
    const dial: Dial = { number, others, purpose, timeoutUs, latencyUs, session, greeting };
    // A round trip for TCP, half of one for the first word of hello.
    const reachesUs = nowUs + links.connectLossUs(agent, peer) + 3 * links.delayUs(latencyUs, agent, peer);
    const atUs = Math.max(nowUs + latencyUs, Math.min(reachesUs, lastLookUs(dial)));
    this.#queue.push(atUs, peer, agent, kinds.dialReached, this.#hosts.lifeOf(agent), dial);
  }

  /** An attempt has reached the peer's host. */
  reached(peer: number, agent: number, life: number, payload: unknown): void {
    const { nowUs } = this.#queue;
    const dial = payload as Dial;
    this.#decide(peer, { agent, life, dial, cameUs: nowUs, sinceUs: nowUs, isOver: false });
  }

  /** A host looks again at an attempt that waits there. */
  again(peer: number, payload: unknown): void {
    const waiting = payload as Waiting;
    if (waiting.isOver) return;
    this.#endWait(peer, waiting);
    this.#decide(peer, { ...waiting, sinceUs: this.#queue.nowUs, isOver: false });
  }

  /**
   * A process was paused, and goes on or ended; or who reaches it has changed. Dials that wait for it look again at the
   * next of their times: in between, looking shows nothing that it has not shown.
   */
  changed(peer: number): void {
    const { nowUs } = this.#queue;
    for (const waiting of this.#waiting.get(peer) ?? []) {
      const { sinceUs } = waiting;
      const looks = Math.max(1, Math.ceil((nowUs - sinceUs) / acceptRetryUs));
      this.#lookAgain(peer, { ...waiting }, Math.max(nowUs, sinceUs + looks * acceptRetryUs));
      this.#endWait(peer, waiting);
    }
  }

  /** What has waited for a busy process is done: dials that came after it look again. */
  drained(peer: number): void {
    const queued = this.#queued.get(peer);
    if (queued === undefined) return;
    this.#queued.delete(peer);
    for (const waiting of queued) {
      if (waiting.isOver) continue;
      this.#lookAgain(peer, { ...waiting }, this.#queue.nowUs);
      waiting.isOver = true;
    }
  }

  /** Who reaches whom has changed. */
  linksChanged(): void {
    for (const peer of [...this.#waiting.keys()]) this.changed(peer);
  }

  /** The answer of a peer that has let the dialer in has come back: the dialer's end stands, if its process is there. */
  opened(agent: number, peer: number, session: number, payload: unknown): void {
    const { number, purpose, life, latencyUs, peerLife, met, greeting } = payload as Welcome;
    if (!this.#hosts.isRunning(agent) || this.#hosts.lifeOf(agent) !== life) {
      this.#network.receives(agent, peer, session);
      return;
    }
    if (!this.#network.isLater(agent, peer, session)) {
      this.#network.stand(agent, peer, { number: session, latencyUs, peerLife, attempt: undefined, met });
      this.#hosts.opened(agent, peer, true, greeting);
    }
    this.#hosts.dialed(agent, peer, purpose, "connected");
    this.#finish(agent, peer, number);
  }

  /** An attempt has ended otherwise. */
  ended(agent: number, payload: unknown): void {
    const { number, peer, purpose, result } = payload as DialEnd;
    this.#hosts.dialed(agent, peer, purpose, result);
    if (number !== undefined) this.#finish(agent, peer, number);
  }

  /** The process of an agent is gone, and with it its attempts: who has waited for one is answered. */
  processEnded(agent: number): void {
    this.#underWay.delete(agent);
    this.#unpark(agent);
    this.changed(agent);
    this.drained(agent);
  }

  /** Answers an attempt, which takes its way back to the dialer; or lets it wait. */
  #decide(peer: number, waiting: Waiting): void {
    const { agent, life, dial } = waiting;
    const hosts = this.#hosts;
    if (!hosts.isRunning(agent) || hosts.lifeOf(agent) !== life) return;
    const nowUs = this.#queue.nowUs;
    const endsUs = Math.max(nowUs + dial.latencyUs, dial.timeoutUs);
    if (!this.#network.links.joins(agent, peer) || !hosts.hasPower(peer)) {
      this.#answer(peer, waiting, "cut", endsUs);
    } else if (!hosts.isRunning(peer)) {
      this.#answer(peer, waiting, "refused", nowUs + dial.latencyUs);
    } else if (nowUs >= lastLookUs(dial)) {
      this.#answer(peer, waiting, "silent", endsUs);
    } else if (hosts.isPaused(peer)) {
      this.#wait(peer, waiting);
    } else if (hosts.greetingOf(peer) === undefined) {
      this.#lookAgain(peer, waiting, nowUs + acceptRetryUs);
    } else if (hosts.busyUntilUs(peer) > nowUs) {
      if (hosts.hasQueue(peer)) this.#enqueue(peer, waiting);
      else this.#lookAgain(peer, waiting, hosts.busyUntilUs(peer));
    } else if (this.#isEnough(peer, waiting)) {
      this.#answer(peer, waiting, "connected", nowUs + dial.latencyUs);
    } else if (peer < agent && this.#underWay.get(peer)?.has(agent) === true) {
      this.#park(peer, waiting);
    } else this.#accept(peer, waiting);
  }

  #accept(peer: number, { agent, life, dial }: Waiting): void {
    const { number, purpose, latencyUs } = dial;
    const hosts = this.#hosts;
    this.#network.accept(peer, agent, life, latencyUs, { attempt: number, met: dial.others });
    const greeting = hosts.greetingOf(peer);
    const peerLife = hosts.lifeOf(peer);
    const met = this.#underWayTo(peer, agent);
    const welcome: Welcome = { number, purpose, life, latencyUs, peerLife, met, greeting };
    // Whatever the peer sends comes after its answer to hello.
    this.#network.send(peer, agent, kinds.opened, welcome);
    hosts.opened(peer, agent, false, dial.greeting);
  }

  /**
   * A fresh connection beside a session only proves that the peer lives; alone, it becomes the session. An attempt that
   * has met another finds the session that this one has made.
   */
  #isEnough(peer: number, waiting: Waiting): boolean {
    const { agent, dial } = waiting;
    const session = this.#network.sessionOf(peer, agent);
    if (dial.session === noSession) return session !== noSession && this.#hasMet(peer, waiting);
    return dial.purpose === "fresh" || session === dial.session;
  }

  /** Whether an attempt was under way when another one made the session that stands. */
  #hasMet(peer: number, { agent, dial }: Waiting): boolean {
    const origin = this.#network.originOf(peer, agent);
    if (origin === undefined) return false;
    const { attempt, met } = origin;
    return met.includes(dial.number) || (attempt !== undefined && dial.others.includes(attempt));
  }

  #underWayTo(agent: number, peer: number): readonly number[] {
    const numbers = this.#underWay.get(agent)?.get(peer);
    return numbers === undefined ? noAttempts : [...numbers];
  }

  /** A process with a queue has time for nobody before it is through: it would be looked at in vain step by step. */
  #enqueue(peer: number, waiting: Waiting): void {
    const queued = this.#queued.get(peer) ?? [];
    const later = queued.findIndex(({ cameUs }) => cameUs > waiting.cameUs);
    queued.splice(later < 0 ? queued.length : later, 0, waiting);
    this.#queued.set(peer, queued);
    this.#lookAgain(peer, waiting, Number.POSITIVE_INFINITY);
  }

  #wait(peer: number, waiting: Waiting): void {
    const known = this.#waiting.get(peer) ?? new Set<Waiting>();
    this.#waiting.set(peer, known.add(waiting));
    this.#lookAgain(peer, waiting, Number.POSITIVE_INFINITY);
  }

  #endWait(peer: number, waiting: Waiting): void {
    waiting.isOver = true;
    const known = this.#waiting.get(peer);
    known?.delete(waiting);
    if (known?.size === 0) this.#waiting.delete(peer);
  }

  #lookAgain(peer: number, waiting: Waiting, atUs: number): void {
    const againUs = Math.min(atUs, lastLookUs(waiting.dial));
    this.#queue.push(againUs, peer, peer, kinds.dialAgain, this.#hosts.lifeOf(peer), waiting);
  }

  #endUnasked(agent: number, end: DialEnd, atUs: number): void {
    this.#queue.push(atUs, agent, agent, kinds.dialEnded, this.#hosts.lifeOf(agent), end);
  }

  #answer(peer: number, waiting: Waiting, result: DialResult, atUs: number): void {
    const { agent, life, dial } = waiting;
    waiting.isOver = true;
    const end: DialEnd = { number: dial.number, peer, purpose: dial.purpose, result };
    this.#queue.push(atUs, agent, peer, kinds.dialEnded, life, end);
  }

  #park(peer: number, waiting: Waiting): void {
    const parked = this.#parked.get(peer) ?? [];
    parked.push(waiting);
    this.#parked.set(peer, parked);
    this.#lookAgain(peer, waiting, Number.POSITIVE_INFINITY);
  }

  /** An agent's own attempts are decided, at one peer or at all: what waited for that goes on. */
  #unpark(agent: number, peer?: number): void {
    const parked = this.#parked.get(agent);
    if (parked === undefined) return;
    const rest = parked.filter((one) => peer !== undefined && one.agent !== peer);
    if (rest.length > 0) this.#parked.set(agent, rest);
    else this.#parked.delete(agent);
    for (const one of parked) {
      if (one.isOver || rest.includes(one)) continue;
      one.isOver = true;
      this.#decide(agent, { ...one, sinceUs: this.#queue.nowUs, isOver: false });
    }
  }

  #begin(agent: number, peer: number): number {
    const number = (this.#dialed.get(agent) ?? 0) + 1;
    this.#dialed.set(agent, number);
    const peers = this.#underWay.get(agent) ?? new Map<number, Set<number>>();
    this.#underWay.set(agent, peers);
    const numbers = peers.get(peer) ?? new Set<number>();
    peers.set(peer, numbers.add(number));
    return number;
  }

  #finish(agent: number, peer: number, number: number): void {
    const peers = this.#underWay.get(agent);
    const numbers = peers?.get(peer);
    numbers?.delete(number);
    if (numbers !== undefined && numbers.size > 0) return;
    peers?.delete(peer);
    if (peers?.size === 0) this.#underWay.delete(agent);
    this.#unpark(agent, peer);
  }
}

/** When a host looks at an attempt for the last time: its answer comes in time. */
function lastLookUs({ timeoutUs, latencyUs }: Dial): number {
  return timeoutUs - latencyUs;
}
