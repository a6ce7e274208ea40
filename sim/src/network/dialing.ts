import type { DialResult } from "@antibody/core";
import type { EventQueue } from "../engine/eventQueue.ts";
import { kinds } from "../engine/kinds.ts";
import type { DialPurpose, Hosts } from "./hosts.ts";
import type { Network } from "./network.ts";

interface Dial {
  readonly purpose: DialPurpose;
  readonly timeoutUs: number;
  readonly latencyUs: number;
}

interface DialEnd {
  readonly purpose: DialPurpose;
  readonly result: DialResult;
}

/** How often a dial looks again whether a silent host speaks, within its time. */
const acceptRetryUs = 50_000;

/** A dial that waits for a paused process. */
interface Waiting {
  readonly agent: number;
  readonly life: number;
  readonly dial: Dial;
  /** When it looked last: it looks again every `acceptRetryUs` from here. */
  readonly sinceUs: number;
  /** Something has changed, and it has looked again since. */
  isOver: boolean;
}

/** Attempts to connect, and how they end: as TCP and hello answer, nothing is decided here. */
export class Dialing {
  readonly #network: Network;
  readonly #queue: EventQueue;
  readonly #hosts: Hosts;
  /** By peer, in the order in which they came. Each ends with its dial's time. */
  readonly #waiting = new Map<number, Set<Waiting>>();

  constructor(network: Network, queue: EventQueue, hosts: Hosts) {
    this.#network = network;
    this.#queue = queue;
    this.#hosts = hosts;
  }

  /** Starts an attempt; `isKnown` says that the peer listens at one of the addresses that are tried. */
  dial(agent: number, peer: number, purpose: DialPurpose, timeoutMs: number, isKnown: boolean): void {
    const nowUs = this.#queue.nowUs;
    const timeoutUs = nowUs + Math.max(1, Math.ceil(timeoutMs * 1_000));
    if (purpose === "session" && this.#network.hasSession(agent, peer)) {
      this.#end(agent, peer, purpose, "connected", nowUs + 1);
      return;
    }
    if (!isKnown) {
      this.#end(agent, peer, purpose, "cut", timeoutUs);
      return;
    }
    const { links } = this.#network;
    const latencyUs = links.drawLatencyUs(agent);
    // A round trip for TCP, half of one for the first word of hello.
    const atUs = nowUs + links.connectLossUs(agent, peer) + 3 * links.delayUs(latencyUs, agent, peer);
    const dial: Dial = { purpose, timeoutUs, latencyUs };
    const life = this.#hosts.lifeOf(agent);
    this.#push(atUs, peer, agent, life, timeoutUs, dial);
  }

  /**
   * An attempt has reached the peer's host, or its time is about to be up: what is decided here comes to the dialer
   * later, and never in the same instant.
   */
  reached(peer: number, agent: number, life: number, payload: unknown): void {
    const reached = payload as Dial | Waiting;
    if (!("dial" in reached)) this.#look(peer, agent, life, reached);
    else if (!reached.isOver) {
      this.#endWait(peer, reached);
      this.#look(peer, agent, life, reached.dial);
    }
  }

  /**
   * A process was paused, and goes on or ended; or who reaches it has changed. Dials that wait for it look again at the
   * next of their times: in between, looking shows nothing that it has not shown.
   */
  changed(peer: number): void {
    const { nowUs } = this.#queue;
    for (const waiting of this.#waiting.get(peer) ?? []) {
      const { agent, life, dial, sinceUs } = waiting;
      const looks = Math.max(1, Math.ceil((nowUs - sinceUs) / acceptRetryUs));
      this.#push(sinceUs + looks * acceptRetryUs, peer, agent, life, dial.timeoutUs, dial);
      this.#endWait(peer, waiting);
    }
  }

  /** Who reaches whom has changed. */
  linksChanged(): void {
    for (const peer of [...this.#waiting.keys()]) this.changed(peer);
  }

  #look(peer: number, agent: number, life: number, dial: Dial): void {
    const hosts = this.#hosts;
    if (!hosts.isRunning(agent) || hosts.lifeOf(agent) !== life) return;
    const { purpose, latencyUs, timeoutUs } = dial;
    const nowUs = this.#queue.nowUs;
    if (!this.#network.links.joins(agent, peer) || !hosts.hasPower(peer)) {
      this.#end(agent, peer, purpose, "cut", timeoutUs);
    } else if (!hosts.isRunning(peer)) {
      this.#end(agent, peer, purpose, "refused", nowUs + latencyUs);
    } else if (nowUs >= timeoutUs - 1) {
      this.#end(agent, peer, purpose, "silent", timeoutUs);
    } else if (hosts.isPaused(peer)) {
      this.#wait(peer, { agent, life, dial, sinceUs: nowUs, isOver: false });
    } else if (!hosts.canGreet(peer)) {
      this.#push(nowUs + acceptRetryUs, peer, agent, life, timeoutUs, dial);
    } else if (hosts.busyUntilUs(peer) > nowUs) {
      this.#push(hosts.busyUntilUs(peer), peer, agent, life, timeoutUs, dial);
    } else if (this.#isEnough(agent, peer, purpose)) {
      this.#end(agent, peer, purpose, "connected", nowUs + latencyUs);
    } else if (this.#network.accept(peer, agent, latencyUs, purpose)) {
      this.#end(agent, peer, purpose, "connected", nowUs + latencyUs);
    }
  }

  #wait(peer: number, waiting: Waiting): void {
    const { agent, life, dial } = waiting;
    const known = this.#waiting.get(peer);
    if (known === undefined) this.#waiting.set(peer, new Set([waiting]));
    else known.add(waiting);
    this.#push(Number.POSITIVE_INFINITY, peer, agent, life, dial.timeoutUs, waiting);
  }

  #endWait(peer: number, waiting: Waiting): void {
    waiting.isOver = true;
    const known = this.#waiting.get(peer);
    known?.delete(waiting);
    if (known?.size === 0) this.#waiting.delete(peer);
  }

  /** An attempt looks at the peer then, or when its time is about to be up. */
  #push(
    atUs: number,
    peer: number,
    agent: number,
    life: number,
    timeoutUs: number,
    payload: Dial | Waiting,
  ): void {
    this.#queue.push(Math.min(atUs, timeoutUs - 1), peer, agent, kinds.dialReached, life, payload);
  }

  /** The dialer's end of a session stands: that is how its attempt ends. */
  opened(agent: number, peer: number, payload: unknown): void {
    const purpose = this.#network.opened(agent, peer, payload);
    if (purpose !== undefined) this.#hosts.dialed(agent, peer, purpose, "connected");
  }

  ended(agent: number, peer: number, payload: unknown): void {
    const { purpose, result } = payload as DialEnd;
    this.#hosts.dialed(agent, peer, purpose, result);
  }

  /** A fresh connection beside a session only proves that the peer lives; alone, it becomes the session. */
  #isEnough(agent: number, peer: number, purpose: DialPurpose): boolean {
    const network = this.#network;
    return network.isJoined(agent, peer) || (purpose === "fresh" && network.hasSession(agent, peer));
  }

  #end(agent: number, peer: number, purpose: DialPurpose, result: DialResult, atUs: number): void {
    const end: DialEnd = { purpose, result };
    this.#queue.push(atUs, agent, peer, kinds.dialEnded, this.#hosts.lifeOf(agent), end);
  }
}
