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

  count(tookMs: readonly number[] | undefined): void {
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

/**
 * From giving a bundle to one agent until the last one has it: verified and stored, and in force. Beside it the same
 * bytes, in as many messages as agents make of them, over bare gossipsub with the same settings of libp2p, over as many
 * processes with as many links; and once more as a message for each document. Both swarms stand at once and are used in
 * turn: what else the machine does meets both.
 */
export async function publish(run: Run): Promise<Outcome> {
  const agents = run.agents ?? agentsDefault;
  return withAgents(run, agents, (real) =>
    withRawGossip(run, agents, async (raw) => {
      const figures = await inTurn(run, real, raw);
      const documentBytes = real.documentBytes.join("+");
      const messageBytes = real.messageBytes.join("+");
      return { figures: { agents, ...figures, documentBytes, messageBytes } };
    }),
  );
}

async function inTurn(run: Run, real: Swarm, raw: RawSwarm): Promise<Figures> {
  const [verified, inForce, bare, apart] = [new Arrivals(), new Arrivals(), new Arrivals(), new Arrivals()];
  const rest = (): Promise<void> => wait(restMs, undefined, { signal: run.signal });
  for (let bundle = 0; bundle < warmups + repeats; bundle += 1) {
    const arrivals = await meteredBy(real.pids, () => real.publish(bundle));
    await rest();
    const together = await meteredBy(raw.pids, () => raw.publish(bundle, real.messageBytes));
    await rest();
    const one = await raw.publish(bundle, real.documentBytes);
    await rest();
    if (bundle >= warmups) {
      verified.count(arrivals.value?.map(({ verifiedMs }) => verifiedMs));
      inForce.count(arrivals.value?.map(({ inForceMs }) => inForceMs));
      inForce.processorMs.push(arrivals.processorMs);
      bare.count(together.value);
      bare.processorMs.push(together.processorMs);
      apart.count(one);
    }
    if ((bundle + 1) % 10 === 0)
      run.say(`${bundle + 1} of ${warmups + repeats} bundles published in each swarm`);
  }
  if ([inForce, bare, apart].some(({ lastMs }) => lastMs.length === 0)) {
    throw new Error(
      `no bundle reached everybody: agents missed ${inForce.missed}, bare gossipsub ${bare.missed}`,
    );
  }
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
