import { auditedAgentsMax, auditOf, type Lane, withAudit } from "./auditing.ts";
import { drive } from "./driving.ts";
import { prepareHeap, rssMb, wallMs } from "./engine/hostProcess.ts";
import type { RunObserver } from "./recording/observer.ts";
import type { Progress, SimReport } from "./report.ts";
import { progressOf, reportOf } from "./reporting.ts";
import { Running } from "./running.ts";
import { findScenario } from "./scenarios/index.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import type { CreateMind } from "./world/agent.ts";
import { createCoreMind } from "./world/coreMind.ts";

/** How a scenario is run. */
export interface RunOptions {
  /** A shipped scenario by its name, or one of your own. */
  readonly scenario: string | Scenario;
  /** The scenario's own number where absent. At least 2. */
  readonly agents?: number;
  /** A whole number, 0 or above. */
  readonly seed: number;
  /** Called a few times a second. */
  readonly onProgress?: (progress: Progress) => void;
  /** Minds other than the core's, for tests of the simulator itself. */
  readonly createMind?: CreateMind;
  /** Watches and takes no part: the hash is the same with and without. */
  readonly observer?: RunObserver;
  /**
   * Runs it once more, with every receiver verifying all that is signed anew: what the lane that verifies once holds
   * for verified must be so, and both must come to one hash.
   */
  readonly audit?: boolean;
}

/** From here on a world is worth a smaller heap. A guess. */
const largeAgents = 500;
/** How often progress is told. */
const progressEveryMs = 250;

/**
 * Runs a scenario from a seed, in virtual time, and says what it showed. Equal options give equal hashes. Rejects for
 * an unknown scenario, and when a mind throws.
 */
export async function runScenario(options: RunOptions): Promise<SimReport> {
  const scenario = typeof options.scenario === "string" ? findScenario(options.scenario) : options.scenario;
  const agents = options.agents ?? scenario.agents;
  if (!(agents >= 2) || !Number.isSafeInteger(agents)) throw new Error(`${agents} agents make no swarm`);
  if (!(options.seed >= 0) || !Number.isSafeInteger(options.seed))
    throw new Error(`${options.seed} is no seed`);
  if (options.audit === true && agents > auditedAgentsMax)
    throw new Error(`At most ${auditedAgentsMax} agents can be audited: each holds objects of its own`);
  if (agents >= largeAgents) prepareHeap();
  const { report } = await runLane(scenario, agents, options);
  if (options.audit !== true) return report;
  return withAudit(report, await runLane(scenario, agents, options, true));
}

/** One run. In the audit lane nobody watches but the audit. */
async function runLane(
  scenario: Scenario,
  agents: number,
  options: RunOptions,
  isAudit = false,
): Promise<Lane> {
  const startedMs = wallMs();
  const { seed, createMind = createCoreMind, observer } = options;
  const running = new Running(scenario, agents, seed, createMind, undefined, isAudit ? undefined : observer);
  const audit = isAudit ? auditOf(running) : undefined;
  const readyMs = wallMs();
  let toldMs = readyMs;
  let rss = rssMb();
  await drive(running, {
    onPause: (nowMs) => {
      if (nowMs - toldMs < progressEveryMs) return;
      toldMs = nowMs;
      rss = Math.max(rss, rssMb());
      options.onProgress?.(progressOf(running, nowMs - readyMs));
    },
  });
  running.finish();
  const report = reportOf(running, {
    wallMs: wallMs() - startedMs,
    setupMs: readyMs - startedMs,
    rssMb: Math.max(rss, rssMb()),
  });
  return { report, receipts: audit?.receipts ?? 0 };
}
