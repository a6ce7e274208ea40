import { setTimeout as wait } from "node:timers/promises";
import { type Figures, type Outcome, quantile, round, spread } from "./figures.ts";
import { cpuMs } from "./process.ts";
import { type Swarm, withAgents } from "./publish/agents.ts";
import { type RawSwarm, withRawGossip } from "./publish/rawGossip.ts";
import type { Run } from "./run.ts";

const agentsDefault = 20;
/** Bundles published one after the other, each to another agent. */
const repeats = 40;
/** Not measured: the first ones meet cold code, in both programs. */
const warmups = 10;
/** Between two bundles. */
const restMs = 400;

/** How long bundles took in one swarm. */
class Arrivals {
  /** Of each bundle, until the last member had it. */
  readonly lastMs: number[] = [];
  /** Of each bundle and member. */
  readonly eachMs: number[] = [];
  /** Of each bundle, what a member took of a processor, all threads, until the last had it. */
  readonly processorMs: number[] = [];
  /** Bundles that did not reach everybody in time. */
  missed = 0;

  count(tookMs: readonly number[] | undefined, processorMs: number): void {
    this.processorMs.push(processorMs);
    if (tookMs === undefined) {
      this.missed += 1;
      return;
    }
    this.eachMs.push(...tookMs);
    this.lastMs.push(Math.max(...tookMs));
  }

  /** How many times as long as another one it takes a processor, by medians. */
  timesProcessor(other: Arrivals): number {
    return round(quantile(this.processorMs, 0.5) / quantile(other.processorMs, 0.5));
  }

  /** How many times another one its median is. */
  times(other: Arrivals): number {
    return round(quantile(this.lastMs, 0.5) / quantile(other.lastMs, 0.5));
  }
}

/** Publishes one bundle in one swarm; what it gives back counts the outcome. */
type Turn = (bundle: number) => Promise<() => void>;

/**
 * From giving a bundle to one agent until the last one has it: verified and stored, and in force. Beside it the same
 * bytes, in as many messages as agents make of them, over bare gossipsub with the same settings of libp2p, over as many
 * processes with as many links, and once more as a message for each document; then the same over gossipsub as the
 * library comes. The two swarms that are compared stand at once and are used in turn: what else the machine does meets
 * both.
 */
export async function publish(run: Run): Promise<Outcome> {
  const agents = run.agents ?? agentsDefault;
  return withAgents(run, agents, async (real) => {
    const tuned = await withRawGossip(run, agents, "tuned", (raw) => besideTuned(run, real, raw));
    const library = await withRawGossip(run, agents, "library", (raw) => besideLibrary(run, real, raw));
    const documentBytes = real.documentBytes.join("+");
    const messageBytes = real.messageBytes.join("+");
    return { figures: { agents, ...tuned, ...library, documentBytes, messageBytes } };
  });
}

async function besideTuned(run: Run, real: Swarm, raw: RawSwarm): Promise<Figures> {
  const [verified, inForce, bare, apart] = [new Arrivals(), new Arrivals(), new Arrivals(), new Arrivals()];
  await inTurn(run, "agents and bare gossipsub", [
    agentsTurn(real, inForce, verified),
    rawTurn(raw, real.messageBytes, bare),
    rawTurn(raw, real.documentBytes, apart),
  ]);
  requireArrivals({ agents: inForce, "bare gossipsub": bare, "bare gossipsub, apart": apart });
  return {
    ...spread("lastAgent", inForce.lastMs),
    eachAgentP50Ms: quantile(inForce.eachMs, 0.5),
    ...spread("lastVerified", verified.lastMs),
    eachVerifiedP50Ms: quantile(verified.eachMs, 0.5),
    ...spread("rawLast", bare.lastMs),
    rawEachP50Ms: quantile(bare.eachMs, 0.5),
    rawApartLastP50Ms: quantile(apart.lastMs, 0.5),
    timesRawGossipsub: inForce.times(bare),
    timesRawVerified: verified.times(bare),
    timesRawApart: inForce.times(apart),
    agentProcessorMs: quantile(inForce.processorMs, 0.5),
    rawProcessorMs: quantile(bare.processorMs, 0.5),
    timesRawProcessor: inForce.timesProcessor(bare),
    missed: inForce.missed,
    rawMissed: bare.missed + apart.missed,
  };
}

async function besideLibrary(run: Run, real: Swarm, raw: RawSwarm): Promise<Figures> {
  const [verified, inForce, library] = [new Arrivals(), new Arrivals(), new Arrivals()];
  await inTurn(run, "agents and gossipsub as the library comes", [
    agentsTurn(real, inForce, verified),
    rawTurn(raw, real.messageBytes, library),
  ]);
  requireArrivals({ agents: inForce, "gossipsub as the library comes": library });
  return {
    ...spread("libraryLast", library.lastMs),
    libraryProcessorMs: quantile(library.processorMs, 0.5),
    besideLibraryLastP50Ms: quantile(inForce.lastMs, 0.5),
    timesLibraryGossipsub: inForce.times(library),
    timesLibraryProcessor: inForce.timesProcessor(library),
    libraryMissed: library.missed,
    besideLibraryMissed: inForce.missed,
  };
}

/** The first bundles are not counted. */
async function inTurn(run: Run, who: string, turns: readonly Turn[]): Promise<void> {
  for (let bundle = 0; bundle < warmups + repeats; bundle += 1) {
    for (const turn of turns) {
      const count = await turn(bundle);
      if (bundle >= warmups) count();
      await wait(restMs, undefined, { signal: run.signal });
    }
    if ((bundle + 1) % 10 === 0)
      run.say(`${who}: ${bundle + 1} of ${warmups + repeats} bundles published in each swarm`);
  }
}

function agentsTurn(real: Swarm, inForce: Arrivals, verified: Arrivals): Turn {
  return async (bundle) => {
    const { value, processorMs } = await meteredBy(real.pids, () => real.publish(bundle));
    return () => {
      const verifiedMs = value?.map((arrival) => arrival.verifiedMs);
      const inForceMs = value?.map((arrival) => arrival.inForceMs);
      verified.count(verifiedMs, processorMs);
      inForce.count(inForceMs, processorMs);
    };
  };
}

function rawTurn(raw: RawSwarm, messageBytes: readonly number[], arrivals: Arrivals): Turn {
  return async (bundle) => {
    const { value, processorMs } = await meteredBy(raw.pids, () => raw.publish(bundle, messageBytes));
    return () => arrivals.count(value, processorMs);
  };
}

function requireArrivals(all: Readonly<Record<string, Arrivals>>): void {
  const without = Object.entries(all).filter(([, { lastMs }]) => lastMs.length === 0);
  if (without.length === 0) return;
  throw new Error(`no bundle reached everybody: ${without.map(([who]) => who).join(", ")}`);
}

/** What came of it, and what one of the processes took of a processor for it, in the mean. */
async function meteredBy<Value>(
  pids: readonly number[],
  work: () => Promise<Value>,
): Promise<{ readonly value: Value; readonly processorMs: number }> {
  const total = (): number => pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
  const before = total();
  const value = await work();
  return { value, processorMs: (total() - before) / pids.length };
}
