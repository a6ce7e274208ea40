import { Namespaces, whyNoRouters } from "../test/harness/namespaces.ts";
import type { Figures, Outcome } from "./figures.ts";
import { agentNames, type Run } from "./run.ts";
import { withAntibodyFleet } from "./swarm/antibodyFleet.ts";
import type { Fleet } from "./swarm/fleet.ts";
import {
  cut,
  fullViews,
  idle,
  kill,
  killTenth,
  partition,
  pauses,
  publish,
  type Repeats,
} from "./swarm/measurements.ts";
import { withSerfFleet } from "./swarm/serfFleet.ts";

const agentsDefault = 50;
const repeats: Repeats = {
  fullViews: 20,
  startsAtOnce: 5,
  kills: 10,
  massKills: 5,
  cuts: 5,
  partitions: 10,
  publishes: 40,
  pauseCycles: 3,
};

/** In this order: what rests first is not disturbed by what died before. */
const sections: Readonly<Record<string, (run: Run, fleet: Fleet, repeats: Repeats) => Promise<Figures>>> = {
  idle,
  publish,
  kill,
  killTenth,
  cut,
  pauses,
  partition,
  fullViews,
};

/** The names of what is measured, as `--only` takes them. */
export const swarmSections: readonly string[] = Object.keys(sections);

/** Agents and Debian's Serf, one after the other, as processes in network namespaces of this run's own. */
export async function swarm(run: Run): Promise<Outcome> {
  const reason = whyNoRouters();
  if (reason !== undefined) throw new Error(reason);
  const members = agentNames(run.agents ?? agentsDefault);
  const measured = async (fleet: Fleet): Promise<Map<string, Figures>> => {
    const figures = new Map<string, Figures>();
    for (const [name, measure] of Object.entries(sections)) {
      if (run.only !== undefined && !run.only.includes(name)) continue;
      const found = await measure(run, fleet, repeats).catch((error: unknown) => failure(run, error));
      // A whole run takes more than an hour: what is measured is told at once, whatever becomes of the rest.
      run.say(`${fleet.program}: ${name} ${JSON.stringify(found)}`);
      figures.set(name, found);
    }
    return figures;
  };
  const ours = await inHosts(members, (hosts) => withAntibodyFleet(run, hosts, members, measured));
  const serfs = await inHosts(members, (hosts) => withSerfFleet(run, hosts, members, measured));
  const pairs = [...ours].map(
    ([name, figures]) => [name, { ours: figures, serf: serfs.get(name) ?? {} }] as const,
  );
  return { figures: { agents: members.length }, sections: Object.fromEntries(pairs) };
}

/** What was measured before and after is not lost with a section that fails, of either program. */
function failure(run: Run, error: unknown): Figures {
  run.signal.throwIfAborted();
  return { failed: error instanceof Error ? error.message : String(error) };
}

async function inHosts<Value>(
  members: readonly string[],
  use: (hosts: Namespaces) => Promise<Value>,
): Promise<Value> {
  const hosts = new Namespaces(members);
  try {
    return await use(hosts);
  } finally {
    hosts.end();
  }
}
