import type { Outcome } from "./figures.ts";
import { quantile, round, spread } from "./figures.ts";
import { measureAgents } from "./publish/agents.ts";
import { measureRawGossip } from "./publish/rawGossip.ts";
import type { Run } from "./run.ts";

const agentsDefault = 20;

/**
 * From giving a bundle to one agent until the last one has put it into force, and beside it the same two messages
 * over bare gossipsub with the same settings of libp2p, over as many processes with as many links. One after the
 * other: they would slow each other down.
 */
export async function publish(run: Run): Promise<Outcome> {
  const agents = run.agents ?? agentsDefault;
  const real = await measureAgents(run, agents);
  const raw = await measureRawGossip(run, agents, real.documentBytes);
  if (real.lastMs.length === 0 || raw.lastMs.length === 0) {
    throw new Error(
      `no bundle reached everybody: ${real.missed} of agents and ${raw.missed} bare ones missed`,
    );
  }
  const p50 = (samples: readonly number[]): number => quantile(samples, 0.5);
  return {
    figures: {
      agents,
      ...spread("lastAgent", real.lastMs),
      eachAgentP50Ms: p50(real.eachMs),
      ...spread("rawLast", raw.lastMs),
      rawEachP50Ms: p50(raw.eachMs),
      timesRawGossipsub: round(p50(real.lastMs) / p50(raw.lastMs)),
      documentBytes: real.documentBytes.join("+"),
      missed: real.missed,
      rawMissed: raw.missed,
    },
  };
}
