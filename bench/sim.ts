import { runScenario } from "@antibody/sim";
import { type Figures, round } from "./figures.ts";

/** One scenario in this process: how much faster than the world it runs, in how much memory. */
export async function sim(agents: number): Promise<Figures> {
  const report = await runScenario({ scenario: "mass-death", agents, seed: 7 });
  return {
    scenario: report.scenario,
    agents,
    simSecondsPerSecond: round(report.simSecondsPerSecond),
    rssMb: round(report.rssMb),
    outcome: report.outcome,
    hash: report.hash,
  };
}
