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

/** Attempts to connect, and how they end: as TCP and hello answer, nothing is decided here. */
export class Dialing {
  readonly #network: Network;
  readonly #queue: EventQueue;
  readonly #hosts: Hosts;

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
    this.#queue.push(Math.min(atUs, timeoutUs - 1), peer, agent, kinds.dialReached, life, dial);
  }

  /**
   * An attempt has reached the peer's host, or its time is about to be up: what is decided here comes to the dialer
   * later, and never in the same instant.
   */
  reached(peer: number, agent: number, life: number, payload: unknown): void {
    const dial = payload as Dial;
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
    } else if (hosts.isPaused(peer) || !hosts.canGreet(peer)) {
      const againUs = Math.min(nowUs + acceptRetryUs, timeoutUs - 1);
      this.#queue.push(againUs, peer, agent, kinds.dialReached, life, dial);
    } else if (hosts.busyUntilUs(peer) > nowUs) {
      this.#queue.push(
        Math.min(hosts.busyUntilUs(peer), timeoutUs - 1),
        peer,
        agent,
        kinds.dialReached,
        life,
        dial,
      );
    } else if (this.#isEnough(agent, peer, purpose)) {
      this.#end(agent, peer, purpose, "connected", nowUs + latencyUs);
    } else if (this.#network.accept(peer, agent, latencyUs, purpose)) {
      this.#end(agent, peer, purpose, "connected", nowUs + latencyUs);
    }
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
