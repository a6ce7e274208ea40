import { setTimeout as wait } from "node:timers/promises";
import { type Figures, type Outcome, quantile, round, spread } from "./figures.ts";
import { type Swarm, withAgents } from "./publish/agents.ts";
import { withRawGossip } from "./publish/rawGossip.ts";
import type { Run } from "./run.ts";

const agentsDefault = 20;
/** Bundles published one after the other, each to another agent. */
const repeats = 40;
/** Not measured: the first ones meet cold code, in both programs. */
const warmups = 10;
/** Between two bundles. */
const restMs = 400;

/** How long bundles took in one swarm. */
interface Arrivals {
  /** Of each bundle, until the last member had it. */
  readonly lastMs: number[];
  /** Of each bundle and member. */
  readonly eachMs: number[];
  /** Bundles that did not reach everybody in time. */
  missed: number;
}

/**
 * From giving a bundle to one agent until the last one has put it into force, and beside it the same two messages
 * over bare gossipsub with the same settings of libp2p, over as many processes with as many links. Both swarms
 * stand at once and are used in turn: what else the machine does meets both.
 */
export async function publish(run: Run): Promise<Outcome> {
  const agents = run.agents ?? agentsDefault;
  return withAgents(run, agents, (real) =>
    withRawGossip(run, agents, real.documentBytes, async (raw) => {
      const figures = await inTurn(run, real, raw);
      return { figures: { agents, ...figures, documentBytes: real.documentBytes.join("+") } };
    }),
  );
}

async function inTurn(run: Run, real: Swarm, raw: Swarm): Promise<Figures> {
  const ofReal: Arrivals = { lastMs: [], eachMs: [], missed: 0 };
  const ofRaw: Arrivals = { lastMs: [], eachMs: [], missed: 0 };
  for (let bundle = 0; bundle < warmups + repeats; bundle += 1) {
    for (const [swarm, arrivals] of [
      [real, ofReal],
      [raw, ofRaw],
    ] as const) {
      const tookMs = await swarm.publish(bundle);
      if (bundle >= warmups) count(arrivals, tookMs);
      await wait(restMs, undefined, { signal: run.signal });
    }
    if ((bundle + 1) % 10 === 0)
      run.say(`${bundle + 1} of ${warmups + repeats} bundles published in each swarm`);
  }
  if (ofReal.lastMs.length === 0 || ofRaw.lastMs.length === 0) {
    throw new Error(
      `no bundle reached everybody: agents missed ${ofReal.missed}, bare gossipsub ${ofRaw.missed}`,
    );
  }
  return {
    ...spread("lastAgent", ofReal.lastMs),
    eachAgentP50Ms: quantile(ofReal.eachMs, 0.5),
    ...spread("rawLast", ofRaw.lastMs),
    rawEachP50Ms: quantile(ofRaw.eachMs, 0.5),
    timesRawGossipsub: round(quantile(ofReal.lastMs, 0.5) / quantile(ofRaw.lastMs, 0.5)),
    missed: ofReal.missed,
    rawMissed: ofRaw.missed,
  };
}

function count(arrivals: Arrivals, tookMs: readonly number[] | undefined): void {
  if (tookMs === undefined) {
    arrivals.missed += 1;
    return;
  }
  arrivals.eachMs.push(...tookMs);
  arrivals.lastMs.push(Math.max(...tookMs));
}
