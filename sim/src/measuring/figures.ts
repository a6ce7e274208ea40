import type { Network } from "../network/network.ts";
import { noSession } from "../network/session.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import type { World } from "../world/world.ts";
import { type GraphFigures, graphFigures } from "./graph.ts";
import type { Latencies } from "./latencies.ts";

/** A swarm as a whole: counted in the world, not asked of agents. */
export interface SwarmFigures {
  /** Right before the first step, and at the end. */
  readonly overlays: readonly OverlayFigures[];
  readonly traffic: TrafficFigures;
  /** From the end of a process, or the start of the observer where that is later, to `dead` at an honest agent. */
  readonly detection: DetectionFigures;
}

/** The sessions between running agents, as a graph. */
export type OverlayFigures = { readonly atMs: number } & GraphFigures;

/** What a running agent sent in a second, gossip included. */
interface TrafficFigures {
  /** Over the second half of the time before the first step: the swarm has formed, and nothing happens. */
  readonly rest: AgentTraffic;
  /** From the first step to the end. */
  readonly after: AgentTraffic;
  /** The busiest second from the first step on. */
  readonly peak: AgentTraffic;
}

interface AgentTraffic {
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
}

interface DetectionFigures {
  /** How often an agent learned of a death. */
  readonly count: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** How often traffic is counted. */
const countEveryMs = 1_000;

/** The counters of a world at one moment, and how long agents ran until then, summed over all. */
interface Count {
  readonly atMs: number;
  readonly agentMs: number;
  readonly messages: number;
  readonly bytes: number;
}

/** Measures a swarm while it runs. Takes no part: what it finds reaches no mind. */
export class Figures {
  readonly #world: World;
  readonly #firstMs: number;
  readonly #overlays: OverlayFigures[] = [];
  readonly #counts: Count[] = [{ atMs: 0, agentMs: 0, messages: 0, bytes: 0 }];

  constructor(world: World, { steps, durationMs }: Pick<Scenario, "steps" | "durationMs">) {
    this.#world = world;
    this.#firstMs = steps.reduce((least, { atMs }) => Math.min(least, atMs), durationMs);
  }

  /** A step is about to be done. */
  beforeStep(): void {
    if (this.#overlays.length > 0) return;
    this.#overlays.push(this.#overlay());
    this.#count();
  }

  /** Some virtual time has passed. */
  looked(): void {
    if (this.#nowMs - this.#last.atMs >= countEveryMs) this.#count();
  }

  /** The run is over; how long each verdict of a death took is given. */
  end(detections: Latencies): SwarmFigures {
    this.#count();
    this.#overlays.push(this.#overlay());
    const since = this.#at(this.#firstMs);
    const rates = this.#counts.flatMap((count, index) =>
      index === 0 || count.atMs <= this.#firstMs ? [] : [trafficOf(this.#counts[index - 1] as Count, count)],
    );
    const none = { messagesPerSecond: 0, bytesPerSecond: 0 };
    return {
      overlays: this.#overlays,
      traffic: {
        rest: trafficOf(this.#at(this.#firstMs / 2), since),
        after: trafficOf(since, this.#last),
        peak: rates.reduce((most, rate) => (rate.bytesPerSecond > most.bytesPerSecond ? rate : most), none),
      },
      detection: {
        count: detections.count,
        medianMs: detections.share(50),
        p99Ms: detections.share(99),
        maxMs: detections.share(100),
      },
    };
  }

  get #nowMs(): number {
    return this.#world.nowUs / 1_000;
  }

  get #last(): Count {
    return this.#counts.at(-1) as Count;
  }

  /** The last count that is not later. */
  #at(ms: number): Count {
    return this.#counts.findLast(({ atMs }) => atMs <= ms) as Count;
  }

  #count(): void {
    const { counters, gossip, agents } = this.#world;
    const running = agents.reduce((sum, { isRunning }) => sum + (isRunning ? 1 : 0), 0);
    this.#counts.push({
      atMs: this.#nowMs,
      agentMs: this.#last.agentMs + running * (this.#nowMs - this.#last.atMs),
      messages: counters.messages + gossip.counters.messages,
      bytes: counters.bytes + gossip.counters.bytes,
    });
  }

  #overlay(): OverlayFigures {
    const { agents, network } = this.#world;
    const running = agents.filter(({ isRunning }) => isRunning);
    const node = new Map(running.map(({ index }, at) => [index, at]));
    const neighbors = running.map(({ index }) =>
      network.peersOf(index).flatMap((peer) => {
        const at = node.get(peer);
        return at !== undefined && isJoined(network, index, peer) ? [at] : [];
      }),
    );
    return { atMs: this.#nowMs, ...graphFigures(neighbors) };
  }
}

/** Whether one session stands at both ends. */
function isJoined(network: Network, left: number, right: number): boolean {
  const session = network.sessionOf(left, right);
  return session !== noSession && session === network.sessionOf(right, left);
}

function trafficOf(from: Count, to: Count): AgentTraffic {
  const seconds = (to.agentMs - from.agentMs) / 1_000;
  const rate = (count: number): number => (seconds === 0 ? 0 : Math.round((count / seconds) * 100) / 100);
  return {
    messagesPerSecond: rate(to.messages - from.messages),
    bytesPerSecond: Math.round(rate(to.bytes - from.bytes)),
  };
}
