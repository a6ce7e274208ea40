import { formatDuration } from "@antibody/core";
import type { Progress, Scenario, SimReport } from "@antibody/sim";
import type { Command } from "commander";
import { type ExitCode, exitCode, usageError } from "../../errors.ts";
import type { Invocation } from "../../invocation.ts";
import { readWhole } from "../../options.ts";
import { calledAs, shellWord } from "../../self.ts";
import type { Terminal } from "../../terminal.ts";
import { labeled } from "../../text/table.ts";
import type { Verb } from "../../verb.ts";

/** How a scenario is run. */
export interface SimOptions {
  readonly agents?: number;
  readonly seed?: number;
  readonly report?: string;
  readonly audit?: boolean;
  readonly workers?: number;
}

/** Seeds are whole numbers of 32 bits. */
const seedMax = 2 ** 32 - 1;
const defaultSeed = 1;
/** As many threads as the simulator takes. */
const workersMax = 16;

/** `antibody sim run SCENARIO|FILE`: the same agents in virtual time, from a seed. */
export const simRun: Verb<SimOptions> = {
  usage: "run <scenario>",
  summary:
    "Run a scenario, by the name of a shipped one or from a file, with agents by the thousand in virtual time.",
  examples: [
    "antibody sim run mass-death --agents 1000 --seed 7 --report report.html",
    "antibody sim run mine.yaml --json",
  ],
  exits: [
    [0, "every invariant and expectation held"],
    [1, "one was violated: it is named, and the seed shows it again; or the file has problems"],
  ],
  asksAgent: false,
  declare: declareSim,
  async run({ invocation, options, args: [name = ""] }) {
    const self = calledAs(invocation.terminal);
    // Loaded here: the other commands start without the simulator.
    const { scenarioMaker } = await import("../../sim/scenario.ts");
    const makeScenario = await scenarioMaker(name, self);
    const scenario = makeScenario(options.seed ?? defaultSeed);
    return runAndShow(invocation, scenario, options, `${self} sim run ${shellWord(name)}`);
  },
};

/** The options of a run. */
export function declareSim(command: Command): void {
  command
    .option("--agents <number>", "how many agents; default: the scenario's own number", readWhole(2, 100_000))
    .option(
      "--seed <number>",
      "what every chance comes from; default: the scenario's own, or 1",
      readWhole(0, seedMax),
    )
    .option(
      "--workers <number>",
      "threads that simulate the run, for large swarms: the result is the same; default: 1",
      readWhole(1, workersMax),
    )
    .option("--report <file>", "write a page that shows the run in any browser: curves and a replay")
    .option(
      "--audit",
      "run it once more with every signature verified by every receiver: both must come to one hash",
    );
}

/** Runs a scenario, with progress, and tells what came of it. `words` are those that run it again. */
export async function runAndShow(
  invocation: Invocation,
  scenario: Scenario,
  options: SimOptions,
  words: string,
): Promise<ExitCode> {
  const { terminal } = invocation;
  const { auditedAgentsMax, isOfHolding, runScenario } = await import("@antibody/sim");
  if (options.audit === true && (options.agents ?? scenario.agents) > auditedAgentsMax) {
    throw usageError(
      `no more than ${auditedAgentsMax} agents can be audited: each holds what it verified as objects of its own`,
      "take fewer agents",
      `${words} --audit --agents ${auditedAgentsMax}`,
    );
  }
  const { workers = 1 } = options;
  if (workers > 1 && (options.audit === true || options.report !== undefined)) {
    throw usageError(
      "a run that is audited, or recorded for a page, uses one thread: it looks into the whole world",
      "leave out --workers",
      `${words}${options.audit === true ? " --audit" : ""}${options.report === undefined ? "" : ` --report ${shellWord(options.report)}`}`,
    );
  }
  const { startThread } = await import("../../sim/threads.ts");
  const { openReport } = await import("../../sim/reportFile.ts");
  const page = options.report === undefined ? undefined : await openReport(options.report);
  const report = await runScenario({
    scenario,
    seed: options.seed ?? scenario.seed ?? defaultSeed,
    ...(options.agents === undefined ? {} : { agents: options.agents }),
    onProgress: (progress) => showProgress(terminal, progress),
    ...(page === undefined ? {} : { observer: page.recorder }),
    ...(options.audit === true ? { audit: true } : {}),
    ...(workers > 1 ? { threads: { count: workers, start: startThread } } : {}),
  });
  await page?.write(report, `${words} --agents ${report.agents} --seed ${report.seed}`);
  if (terminal.live) terminal.err("\r\u001b[K");
  invocation.print(report, () => [
    ...reportLines(report, isOfHolding),
    ...(report.workers < workers ? labeled("workers", fewerWorkers(report), 10) : []),
    ...(options.report === undefined ? [] : labeled("report", options.report, 10)),
  ]);
  return report.outcome === "held" ? exitCode.ok : exitCode.failed;
}

/** Why a run has used fewer threads than were asked for. */
function fewerWorkers({ workers, agents }: SimReport): string {
  return workers === 1
    ? "1: what goes with a role is looked at in all agents at once, and a link that takes no time leaves no window"
    : `${workers}: there are ${agents} agents`;
}

/** One line that is painted over; only where somebody looks. */
function showProgress(terminal: Terminal, progress: Progress): void {
  if (!terminal.live) return;
  const done = Math.floor((100 * progress.simulatedMs) / Math.max(1, progress.durationMs));
  const parts = [
    `${done}%`,
    `simulated ${formatDuration(progress.simulatedMs)}`,
    `${progress.simSecondsPerSecond.toFixed(1)} s a second`,
    `${formatDuration(progress.etaMs)} left`,
    ...(progress.violations === 0 ? [] : [`${progress.violations} violations`]),
  ];
  terminal.err(`\r\u001b[K${parts.join(", ")}`);
}

function reportLines(report: SimReport, isOfHolding: (milestone: string) => boolean): readonly string[] {
  const line = (label: string, text: string): readonly string[] => labeled(label, text, 10);
  const { counters } = report;
  return [
    ...line(
      "scenario",
      `${report.scenario}, ${report.agents} agents, seed ${report.seed}: ${report.outcome}`,
    ),
    ...line(
      "time",
      `${formatDuration(report.simulatedMs)} simulated at ${report.simSecondsPerSecond.toFixed(1)} s a second, after ${formatDuration(report.setupMs)} of setting up; ${Math.round(report.rssMb)} MB`,
    ),
    ...line(
      "counted",
      `${counters.deaths} deaths, ${counters.falseDeaths} false ones, ${counters.refutations} refutations, ${counters.repairs} repairs, ${counters.messages} messages`,
    ),
    ...report.swarm.overlays.flatMap((overlay) => line("overlay", overlayText(overlay))),
    ...line("sent", trafficText(report.swarm.traffic)),
    ...(report.swarm.detection.count === 0 ? [] : line("detected", detectionText(report.swarm.detection))),
    ...Object.entries(report.milestones).flatMap(([name, ms]) =>
      isOfHolding(name)
        ? line("held", `${name} for ${formatDuration(ms)}`)
        : line("reached", `${name} after ${formatDuration(ms)}`),
    ),
    ...report.violations.flatMap((violation) => line("violated", violationText(violation))),
    ...line("hash", report.hash),
    ...(report.audit === undefined ? [] : line("audited", auditText(report.audit))),
  ];
}

function overlayText(overlay: SimReport["swarm"]["overlays"][number]): string {
  const { atMs, nodes, degreeMin, degreeMedian, degreeMax, meanPathHops, diameterHops } = overlay;
  const pieces = overlay.components === 1 ? "" : `, in ${overlay.components} pieces`;
  return `at ${formatDuration(atMs)} ${nodes} agents${pieces}, with ${degreeMin} to ${degreeMax} sessions, median ${degreeMedian}; ${meanPathHops} hops on average, ${diameterHops} at most; second eigenvalue ${overlay.secondEigenvalue}`;
}

function trafficText({ rest, after, peak }: SimReport["swarm"]["traffic"]): string {
  const text = ({ messagesPerSecond, bytesPerSecond }: typeof rest): string =>
    `${messagesPerSecond} messages and ${bytesPerSecond} bytes`;
  return `a second and agent: ${text(rest)} at rest, ${text(after)} from the first step on, ${text(peak)} in the busiest second`;
}

function detectionText({ medianMs, p99Ms, maxMs }: SimReport["swarm"]["detection"]): string {
  return `half of the deaths after ${formatDuration(medianMs)}, 99% after ${formatDuration(p99Ms)}, all after ${formatDuration(maxMs)}`;
}

function auditText({ hash, receipts }: NonNullable<SimReport["audit"]>): string {
  return `${receipts} times something signed was verified anew, and the hash is ${hash}`;
}

function violationText({ invariant, agent, atMs, detail }: SimReport["violations"][number]): string {
  return `${invariant} at ${formatDuration(atMs)}${agent === undefined ? "" : ` (${agent})`}: ${detail}`;
}
