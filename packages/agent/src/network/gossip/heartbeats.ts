import { randomInt } from "node:crypto";
import { gossipHeartbeatMs, gossipStirredBeats } from "../limits.ts";
import type { BeatingGossip } from "./createGossip.ts";

/**
 * gossipsub's heartbeats while there is something for them to do: a message that is still offered, a mesh that has
 * just changed. At rest its own come seldom, each a wake of the agent to find nothing (the simulator's model has none).
 */
export class Heartbeats {
  readonly #gossip: Pick<BeatingGossip, "heartbeat">;
  readonly #failed: (error: unknown) => void;
  #left = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(gossip: Pick<BeatingGossip, "heartbeat">, failed: (error: unknown) => void) {
    this.#gossip = gossip;
    this.#failed = failed;
  }

  /** Something has happened: the next heartbeats come as often as gossipsub means them to. */
  stir(): void {
    this.#left = gossipStirredBeats;
    // Anywhere in the interval, or all that hear of one message would beat together.
    this.#timer ??= setTimeout(() => this.#beat(), randomInt(gossipHeartbeatMs)).unref();
  }

  stop(): void {
    this.#left = 0;
    clearTimeout(this.#timer);
  }

  #beat(): void {
    this.#left -= 1;
    this.#timer = undefined;
    this.#gossip.heartbeat().catch(this.#failed);
    if (this.#left > 0) this.#timer = setTimeout(() => this.#beat(), gossipHeartbeatMs).unref();
  }
}
