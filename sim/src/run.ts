import { auditedAgentsMax, auditOf, type Lane, withAudit } from "./auditing.ts";
import { drive } from "./driving.ts";
import { prepareHeap, rssMb, wallMs } from "./engine/hostProcess.ts";
import { localLinks } from "./network/links.ts";
import type { RunObserver } from "./recording/observer.ts";
import type { Progress, SimReport } from "./report.ts";
import { progressOf, reportOf } from "./reporting.ts";
import { Running } from "./running.ts";
import { findScenario } from "./scenarios/index.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import type { RunPlan } from "./threads/shard.ts";
import { sharesMax } from "./threads/share.ts";
import { largeAgents } from "./threads/thread.ts";
import { type StartThread, Threads } from "./threads/threads.ts";
import type { CreateMind } from "./world/agent.ts";
import { createCoreMind, createPlainMind } from "./world/coreMind.ts";

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
  /**
   * Simulates it in several threads, of which this one is the first: the result is the same. Not together with
   * `createMind`, `observer` and `audit`, which see the whole world. One thread does it all the same where the parts
   * would have to look at each other in one instant (`threadsOf`).
   */
  readonly threads?: { readonly count: number; readonly start: StartThread };
  /** Each agent keeps its directory in a store of its own, as a device does, instead of in columns for all. */
  readonly isPlain?: boolean;
}

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
  const count = threadsOf(scenario, agents, options.threads?.count ?? 1);
  if (options.threads !== undefined && count > 1) {
    return runThreads({ scenario, agents, seed: options.seed }, count, options.threads.start, options);
  }
  if (agents >= largeAgents) prepareHeap(agents);
  const { report } = await runLane(scenario, agents, options);
  if (options.audit !== true) return report;
  return withAudit(report, await runLane(scenario, agents, options, true));
}

/**
 * How many threads simulate a run where so many are asked for: one, where workloads of roles are looked at in all
 * agents at once, or where a link takes no time.
 */
export function threadsOf(scenario: Scenario, agents: number, asked: number): number {
  const { latencyUsMin } = { ...localLinks, ...scenario.links };
  const hasRoles = (scenario.bundles ?? []).some(({ documents }) =>
    documents.some(({ promises }) => Object.keys(promises).some((resource) => resource.startsWith("role:"))),
  );
  return hasRoles || latencyUsMin < 1 ? 1 : Math.min(asked, agents, sharesMax);
}

async function runThreads(
  plan: RunPlan,
  count: number,
  start: StartThread,
  { createMind, observer, audit, isPlain = false, onProgress }: RunOptions,
): Promise<SimReport> {
  if (createMind !== undefined || observer !== undefined || audit === true)
    throw new Error("A run whose whole world is looked into uses one thread");
  const startedMs = wallMs();
  const threads = new Threads(plan, count, start, isPlain);
  const readyMs = wallMs();
  const telling = tellingOf(threads.running, readyMs, onProgress);
  const outcomes = await threads.run(telling.onPause);
  return reportOf(threads.running, outcomes, {
    wallMs: wallMs() - startedMs,
    setupMs: readyMs - startedMs,
    rssMb: telling.rssMb(),
  });
}

/** Tells progress some times a second, and remembers how much memory there was. */
function tellingOf(
  running: Running,
  readyMs: number,
  onProgress: RunOptions["onProgress"],
): { onPause(nowMs: number): void; rssMb(): number } {
  let toldMs = readyMs;
  let rss = rssMb();
  return {
    onPause: (nowMs) => {
      if (nowMs - toldMs < progressEveryMs) return;
      toldMs = nowMs;
      rss = Math.max(rss, rssMb());
      onProgress?.(progressOf(running, nowMs - readyMs));
    },
    rssMb: () => Math.max(rss, rssMb()),
  };
}

/** One run. In the audit lane nobody watches but the audit. */
async function runLane(
  scenario: Scenario,
  agents: number,
  options: RunOptions,
  isAudit = false,
): Promise<Lane> {
  const startedMs = wallMs();
  const { seed, isPlain, observer } = options;
  const { createMind = isPlain === true ? createPlainMind : createCoreMind } = options;
  const running = new Running(scenario, agents, seed, createMind, undefined, isAudit ? undefined : observer);
  const audit = isAudit ? auditOf(running) : undefined;
  const readyMs = wallMs();
  const telling = tellingOf(running, readyMs, options.onProgress);
  await drive(running, { onPause: telling.onPause });
  running.finish();
  const report = reportOf(running, [running.outcome()], {
    wallMs: wallMs() - startedMs,
    setupMs: readyMs - startedMs,
    rssMb: telling.rssMb(),
  });
  return { report, receipts: audit?.receipts ?? 0 };
}
