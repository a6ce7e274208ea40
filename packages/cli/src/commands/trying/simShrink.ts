import { formatDuration } from "@antibody/core";
import type { ShrinkProgress, Shrunk, WorkerPool } from "@antibody/sim";
import { CliError, exitCode } from "../../errors.ts";
import { type Invocation, shellWord } from "../../invocation.ts";
import { readWhole } from "../../options.ts";
import { calledAs } from "../../self.ts";
import type { Painted } from "../../sim/painted.ts";
import type { Verb } from "../../verb.ts";
import { version } from "../../version.ts";
import { type ShrinkView, shrinkLines } from "../../views/simShrink.ts";
import { count } from "../../views/words.ts";

interface ShrinkCommandOptions {
  readonly seed: number;
  readonly agents?: number;
  readonly jobs?: number;
  readonly invariant?: string;
  readonly out?: string;
}

/** What is made smaller. */
interface Failing {
  readonly scenario: import("@antibody/sim").Scenario;
  readonly agents: number;
  readonly seed: number;
  readonly invariant?: string;
}

/** Seeds are whole numbers of 32 bits. */
const seedMax = 2 ** 32 - 1;
/** Processes on one machine; a guess. */
const jobsMax = 256;

/** `antibody sim shrink SCENARIO --seed S`: the few faults of a failing run that matter. */
export const simShrink: Verb<ShrinkCommandOptions> = {
  usage: "shrink <scenario>",
  summary:
    "Make a failing run smaller, fewer faults, fewer agents, less time, and keep it as a bundle to replay.",
  examples: ["antibody sim shrink mass-death --agents 60 --seed 33 --out mass-death.json"],
  exits: [
    [0, "a smaller run violates the same invariant: the bundle holds it"],
    [1, "the run violates nothing, or not what was asked for"],
  ],
  asksAgent: false,
  declare: (command) =>
    void command
      .requiredOption("--seed <number>", "the seed that fails", readWhole(0, seedMax))
      .option(
        "--agents <number>",
        "how many agents; default: the scenario's own number",
        readWhole(2, 100_000),
      )
      .option("--invariant <name>", "what must be violated; default: what is first")
      .option("--jobs <number>", "how many processes; default: one for each core", readWhole(1, jobsMax))
      .option("--out <file>", "where the bundle goes; default: SCENARIO-SEED.bundle.json"),
  async run({ invocation, options, args: [name = ""] }) {
    const { terminal } = invocation;
    // Loaded here: the other commands start without the simulator.
    const { scenarioMaker } = await import("../../sim/scenario.ts");
    const { startWorkers } = await import("../../sim/workers.ts");
    const { Painted } = await import("../../sim/painted.ts");
    const { seed, invariant } = options;
    const makeScenario = await scenarioMaker(name, calledAs(terminal));
    const scenario = makeScenario(seed);
    const agents = options.agents ?? scenario.agents;
    const pool = startWorkers(terminal, options.jobs);
    const failing = { scenario, agents, seed, ...(invariant === undefined ? {} : { invariant }) };
    const fileOf = (file: string): string => options.out ?? file;
    try {
      const isFound = await shrinkAndKeep(invocation, failing, {
        pool,
        painted: new Painted(terminal),
        fileOf,
      });
      if (isFound) return exitCode.ok;
      throw new CliError({
        code: "holds",
        message: `${scenario.name} with ${agents} agents and seed ${seed} holds`,
        cause: invariant === undefined ? "no invariant is violated" : `${invariant} is not violated`,
        next: `${calledAs(terminal)} sim sweep ${name} finds seeds that fail`,
        exit: exitCode.failed,
      });
    } finally {
      pool.close();
    }
  },
};

/** Makes a failing run smaller, keeps it as a file, and prints what was found. False when the run does not fail. */
export async function shrinkAndKeep(
  invocation: Invocation,
  failing: Failing,
  given: {
    readonly pool: WorkerPool;
    readonly painted: Painted;
    /** Where the bundle goes, from the name that it would have. */
    readonly fileOf: (file: string) => string;
  },
): Promise<boolean> {
  const { pool, painted, fileOf } = given;
  const { shrink } = await import("@antibody/sim");
  const { bundleFileName, writeBundle } = await import("../../sim/bundleFile.ts");
  const shrunk = await shrink({
    ...failing,
    build: version,
    pool,
    onProgress: (progress) => painted.paint(progressText(failing.seed, progress)),
  }).catch((error: unknown) => {
    if (!invocation.terminal.interrupted.aborted) throw error;
    return "interrupted" as const;
  });
  painted.clear();
  if (shrunk === undefined) return false;
  if (shrunk === "interrupted") {
    throw new CliError({
      code: "interrupted",
      message: `seed ${failing.seed} was not made smaller`,
      cause: "interrupted; nothing is kept of the search",
      next: "run the command again",
      exit: exitCode.failed,
    });
  }
  const file = fileOf(bundleFileName(shrunk.bundle));
  await writeBundle(file, shrunk.bundle);
  const next = `${calledAs(invocation.terminal)} sim replay ${shellWord(file)}`;
  const view = viewOf(shrunk, file, next);
  invocation.print(view, () => shrinkLines(view));
  return true;
}

function viewOf(
  { bundle, faultsBefore, faultsAfter, runs, wallMs }: Shrunk,
  file: string,
  next: string,
): ShrinkView {
  const { scenario, agents, seed, hash, violation, shrunkFrom } = bundle;
  return {
    schema: "antibody.simShrink/1",
    file,
    scenario: scenario.name,
    seed,
    hash,
    violation,
    before: { faultsCount: faultsBefore, agents: shrunkFrom.agents },
    after: { faultsCount: faultsAfter, agents, durationMs: scenario.durationMs },
    runsCount: runs,
    tookMs: Math.round(wallMs),
    next,
  };
}

function progressText(seed: number, { runs, faults, agents, wallMs }: ShrinkProgress): string {
  return `seed ${seed}: ${count(runs, "run")} in ${formatDuration(wallMs)}, trying ${count(faults, "fault")}, ${agents} agents`;
}
