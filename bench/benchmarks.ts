import { death } from "./death.ts";
import type { Outcome } from "./figures.ts";
import { heal, healSections } from "./heal.ts";
import { idle } from "./idle.ts";
import { policy } from "./policy.ts";
import { publish } from "./publish.ts";
import { route } from "./route.ts";
import type { Run } from "./run.ts";
import { sim, simSections } from "./sim.ts";
import { swarm, swarmSections } from "./swarm.ts";

/** One benchmark. */
export interface Benchmark {
  /** One line. */
  readonly summary: string;
  readonly takesAgents: boolean;
  readonly takesPeers: boolean;
  readonly takesWorkers?: boolean;
  /** What `--only` may name. */
  readonly sections?: readonly string[];
  /** What figures are to reach, by their names. */
  readonly targets: Readonly<Record<string, string>>;
  measure(run: Run): Promise<Outcome>;
}

/** Every benchmark by name. */
export const benchmarks: Readonly<Record<string, Benchmark>> = {
  heal: {
    summary: "damage to files and processes until it is repaired, on one agent",
    takesAgents: false,
    takesPeers: true,
    sections: healSections,
    targets: {
      fileP50Ms: "≤ 5",
      processP50Ms: "≤ 10",
      sweep1000Ms: "≤ 30",
      lostDrifts: "0",
      hostileCpuPercent: "≤ 2",
    },
    measure: heal,
  },
  idle: {
    summary: "memory, processor and writes of one agent at rest, with 10 peers",
    takesAgents: false,
    takesPeers: false,
    targets: {
      pssMb: "≤ 90",
      anonMb: "≤ 35",
      cpuPercent: "≤ 0.3",
      startToFirstRepairMs: "≤ 300",
      journalWritesPerMin: "0",
    },
    measure: idle,
  },
  publish: {
    summary: "publishing a bundle until the last agent has it, beside bare gossipsub",
    takesAgents: true,
    takesPeers: false,
    targets: { timesRawGossipsub: "≤ 1.5" },
    measure: publish,
  },
  death: {
    summary: "killing an agent until every other one knows",
    takesAgents: true,
    takesPeers: true,
    targets: { falseDeaths: "0" },
    measure: death,
  },
  route: {
    summary: "HTTP through a route while two of four backends are killed, beside haproxy",
    takesAgents: false,
    takesPeers: true,
    targets: { failedPercent: "≤ 0.2", lastFailureAfterKillMs: "≤ 500" },
    measure: route,
  },
  sim: {
    summary: "speed and memory of the simulator",
    takesAgents: true,
    takesPeers: false,
    takesWorkers: true,
    sections: simSections,
    targets: {},
    measure: sim,
  },
  swarm: {
    summary: "views, deaths, pauses, partitions, news and rest of a swarm, beside Serf; needs root",
    takesAgents: true,
    takesPeers: false,
    sections: swarmSections,
    targets: {},
    measure: swarm,
  },
  policy: {
    summary: "verifying signed policy, and merging 10,000 promises, in this process",
    takesAgents: false,
    takesPeers: false,
    targets: {},
    measure: policy,
  },
};
