import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { SimReport } from "@antibody/sim";
import { launcher } from "../test/harness/colonies.ts";
import { type Outcome, quantile } from "./figures.ts";
import type { Run } from "./run.ts";

const agentsDefault = 1_000;
/** What can be run: the first where nothing is said. Of a massacre the cost rises with the square of the agents. */
export const simSections: readonly string[] = [
  "mass-death",
  "clean-publish",
  "partition-heal",
  "paused-agents",
];
const seed = 7;
/** Runs of one seed: the speed is that of the middle one, and all must have one hash. */
const repeats = 3;
/** Above it once is enough: such a run takes minutes. */
const repeatedAgentsMax = 2_000;

/** The simulator as its user runs it, a process for each run: how much faster than the world, in how much memory. */
export async function sim(run: Run): Promise<Outcome> {
  const agents = run.agents ?? agentsDefault;
  const scenario = run.only?.[0] ?? (simSections[0] as string);
  const reports: SimReport[] = [];
  const count = agents > repeatedAgentsMax ? 1 : repeats;
  for (let repeat = 0; repeat < count; repeat += 1) {
    run.say(`${scenario} with ${agents} agents, ${repeat + 1} of ${count}`);
    reports.push(await simulate(run, scenario, agents));
  }
  const hashes = new Set(reports.map(({ hash }) => hash));
  const [hash] = hashes;
  if (hash === undefined || hashes.size > 1)
    throw new Error(`runs of one seed differ: ${[...hashes].join(" ")}`);
  const speeds = reports.map(({ simSecondsPerSecond }) => simSecondsPerSecond);
  return {
    figures: {
      scenario,
      agents,
      workers: reports[0]?.workers ?? 1,
      simSecondsPerSecond: quantile(speeds, 0.5),
      simSecondsPerSecondMin: quantile(speeds, 0),
      rssMb: quantile(
        reports.map(({ rssMb }) => rssMb),
        1,
      ),
      setupMs: quantile(
        reports.map(({ setupMs }) => setupMs),
        0.5,
      ),
      outcome: reports.every(({ outcome }) => outcome === "held") ? "held" : "violated",
      hash,
      runs: count,
    },
  };
}

async function simulate(run: Run, scenario: string, agents: number): Promise<SimReport> {
  const words = ["--json", "sim", "run", scenario, "--agents", String(agents), "--seed", String(seed)];
  if (run.workers !== undefined) words.push("--workers", String(run.workers));
  const child = spawn(launcher.file, [...launcher.args, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  const end = (): void => void child.kill("SIGKILL");
  run.signal.addEventListener("abort", end, { once: true });
  try {
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), ended(child)]);
    run.signal.throwIfAborted();
    // An invariant that was violated is an outcome; a report that is missing is a failure.
    if (output.trim() === "") throw new Error(`the simulator ended without a report: ${errors.trim()}`);
    return JSON.parse(output) as SimReport;
  } finally {
    run.signal.removeEventListener("abort", end);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}
