import type { Scenario } from "../scenarios/scenario.ts";
import type { World } from "../world/world.ts";
import { type GraphFigures, graphFigures } from "./graph.ts";
import type { Latencies } from "./latencies.ts";
import { endsOf, SessionEnds } from "./sessionEnds.ts";

/** A swarm as a whole: counted in the world, not asked of agents. */
export interface SwarmFigures {
  /** Right before the first step, and at the end. */
  readonly overlays: readonly OverlayFigures[];
  readonly traffic: TrafficFigures;
  /** From the end of a process, or the start of the observer where that is later, to `dead` at an honest agent. */
  readonly detection: DetectionFigures;
}

/** The sessions between running agents, as a graph. */
type OverlayFigures = { readonly atMs: number } & GraphFigures;

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

/** The sessions of running agents at one moment, as one thread sees them. */
interface Sessions {
  readonly atMs: number;
  /** The agents that run. */
  readonly running: readonly number[];
  /** Of their sessions, as `endsOf` gives them. */
  readonly ends: Int32Array<ArrayBuffer>;
}

/** What one thread has measured of its agents. Plain data. */
export interface ShareFigures {
  readonly sessions: readonly Sessions[];
  readonly counts: readonly Count[];
}

/** Measures a swarm while it runs. Takes no part: what it finds reaches no mind. */
export class Figures {
  readonly #world: World;
  readonly #sessions: Sessions[] = [];
  readonly #counts: Count[] = [{ atMs: 0, agentMs: 0, messages: 0, bytes: 0 }];

  constructor(world: World) {
    this.#world = world;
  }

  /** A step is about to be done. */
  beforeStep(): void {
    if (this.#sessions.length > 0) return;
    this.#sessions.push(this.#standing());
    this.#count();
  }

  /** Some virtual time has passed. */
  looked(): void {
    if (this.#nowMs - this.#last.atMs >= countEveryMs) this.#count();
  }

  /** The run is over. */
  end(): ShareFigures {
    this.#count();
    this.#sessions.push(this.#standing());
    return { sessions: this.#sessions, counts: this.#counts };
  }

  get #nowMs(): number {
    return this.#world.nowUs / 1_000;
  }

  get #last(): Count {
    return this.#counts.at(-1) as Count;
  }

  #count(): void {
    const { counters, gossip, agents } = this.#world;
    const running = agents.filter((agent) => agent.isRunning && this.#world.isOwn(agent)).length;
    this.#counts.push({
      atMs: this.#nowMs,
      agentMs: this.#last.agentMs + running * (this.#nowMs - this.#last.atMs),
      messages: counters.messages + gossip.counters.messages,
      bytes: counters.bytes + gossip.counters.bytes,
    });
  }

  #standing(): Sessions {
    const { agents, network } = this.#world;
    const running = agents.flatMap((agent) =>
      agent.isRunning && this.#world.isOwn(agent) ? [agent.index] : [],
    );
    return { atMs: this.#nowMs, running, ends: endsOf(running, network) };
  }
}

/** A swarm as a whole, from what the threads of a run have measured; how long each verdict of a death took is given. */
export function swarmFigures(
  shares: readonly ShareFigures[],
  { steps, durationMs }: Pick<Scenario, "steps" | "durationMs">,
  detections: Latencies,
): SwarmFigures {
  const firstMs = steps.reduce((least, { atMs }) => Math.min(least, atMs), durationMs);
  const [first] = shares as readonly [ShareFigures, ...ShareFigures[]];
  const counts = first.counts.map((_, index) => sumOf(shares.map((share) => share.counts[index] as Count)));
  const at = (ms: number): Count => counts.findLast(({ atMs }) => atMs <= ms) as Count;
  const since = at(firstMs);
  const rates = counts.flatMap((count, index) =>
    index === 0 || count.atMs <= firstMs ? [] : [trafficOf(counts[index - 1] as Count, count)],
  );
  const none = { messagesPerSecond: 0, bytesPerSecond: 0 };
  return {
    overlays: first.sessions.map((_, index) =>
      overlayOf(shares.map(({ sessions }) => sessions[index] as Sessions)),
    ),
    traffic: {
      rest: trafficOf(at(firstMs / 2), since),
      after: trafficOf(since, counts.at(-1) as Count),
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

function sumOf(counts: readonly Count[]): Count {
  return counts.reduce((sum, { atMs, agentMs, messages, bytes }) => ({
    atMs,
    agentMs: sum.agentMs + agentMs,
    messages: sum.messages + messages,
    bytes: sum.bytes + bytes,
  }));
}

/** The sessions as a graph, by what each thread has seen of them. */
function overlayOf(shares: readonly Sessions[]): OverlayFigures {
  const running = shares.flatMap((share) => share.running).sort((left, right) => left - right);
  const node = new Map(running.map((index, at) => [index, at]));
  const sessions = new SessionEnds(joined(shares.map(({ ends }) => ends)));
  const neighbors = running.map((index) => sessions.peersOf(index).map((peer) => node.get(peer) as number));
  return { atMs: (shares[0] as Sessions).atMs, ...graphFigures(neighbors) };
}

function joined(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function trafficOf(from: Count, to: Count): AgentTraffic {
  const seconds = (to.agentMs - from.agentMs) / 1_000;
  const rate = (count: number): number => (seconds === 0 ? 0 : Math.round((count / seconds) * 100) / 100);
  return {
    messagesPerSecond: rate(to.messages - from.messages),
    bytesPerSecond: Math.round(rate(to.bytes - from.bytes)),
  };
}
