import type { Member, Random } from "@antibody/core";
import { Random as Stream } from "@antibody/core";
import { EventQueue } from "../src/engine/eventQueue.ts";
import { kinds } from "../src/engine/kinds.ts";
import { Dialing } from "../src/network/dialing.ts";
import type { Hosts } from "../src/network/hosts.ts";
import { type LinkModel, Links, localLinks } from "../src/network/links.ts";
import { Network } from "../src/network/network.ts";

/** One host of the harness: what a test sets, and what it saw. */
export interface Host {
  power: boolean;
  running: boolean;
  paused: boolean;
  greets: boolean;
  life: number;
  silentSinceUs: number;
  /** Until when the process does something else, and whether anything waits for it. */
  busyUntilMs: number;
  hasQueue: boolean;
  readonly log: string[];
}

export interface Wire {
  readonly hosts: Host[];
  readonly queue: EventQueue;
  readonly network: Network;
  readonly dialing: Dialing;
  readonly random: Random;
  /** Runs everything that is due up to a time, in milliseconds. */
  runTo(ms: number): void;
}

/** A network alone, without minds: arrivals are written into each host's log as `message@ms`. */
export function createWire(count: number, links: Partial<LinkModel> = {}, seed = 1): Wire {
  const random = Stream.fromSeed(seed);
  const queue = new EventQueue();
  const hosts: Host[] = Array.from({ length: count }, () => ({
    power: true,
    running: true,
    paused: false,
    greets: true,
    life: 1,
    silentSinceUs: Number.POSITIVE_INFINITY,
    busyUntilMs: 0,
    hasQueue: false,
    log: [],
  }));
  const at = (index: number): Host => hosts[index] as Host;
  const port: Hosts = {
    hasPower: (index) => at(index).power,
    isRunning: (index) => at(index).running,
    isPaused: (index) => at(index).paused,
    busyUntilUs: (index) => at(index).busyUntilMs * 1_000,
    hasQueue: (index) => at(index).hasQueue,
    silentSinceUs: (index) => at(index).silentSinceUs,
    lifeOf: (index) => at(index).life,
    greetingOf: (index) => (at(index).greets ? ({} as Member) : undefined),
    opened: (index, peer) => at(index).log.push(`opened ${peer}`),
    closed: (index, peer) => at(index).log.push(`closed ${peer}`),
    dialed: (index, peer, purpose, result) => at(index).log.push(`${purpose} ${peer} ${result}`),
  };
  const network = new Network(count, new Links(count, { ...localLinks, ...links }, random), queue, port);
  const dialing = new Dialing(network, queue, port);
  const dispatch = (): void => {
    const { destination, source, kind, tag, payload } = queue;
    if (kind === kinds.dialReached) dialing.reached(destination, source, tag, payload);
    else if (kind === kinds.dialEnded) dialing.ended(destination, payload);
    else if (kind === kinds.dialAgain) dialing.again(destination, payload);
    else if (kind === kinds.dialLater) dialing.later(destination, payload);
    else if (kind === kinds.opened) dialing.opened(destination, source, tag, payload);
    else if (kind === kinds.closed) network.closed(destination, source, tag);
    else if (kind === kinds.silence) network.silence(destination, source, tag);
    else if (network.receives(destination, source, tag)) at(destination).log.push(String(payload));
  };
  return {
    hosts,
    queue,
    network,
    dialing,
    random,
    runTo: (ms) => {
      while (queue.peekUs() <= ms * 1_000) {
        queue.pop();
        dispatch();
      }
      queue.advanceTo(ms * 1_000);
    },
  };
}

/** Two hosts with a session, the log still empty. A link that loses much needs longer to settle. */
export function createPair(links: Partial<LinkModel> = {}, seed = 1, settledMs = 100): Wire {
  const wire = createWire(2, links, seed);
  wire.dialing.dial(0, 1, "session", settledMs, true);
  wire.runTo(settledMs);
  for (const host of wire.hosts) host.log.length = 0;
  return wire;
}

export function logOf(wire: Wire, index: number): readonly string[] {
  return (wire.hosts[index] as Host).log;
}
