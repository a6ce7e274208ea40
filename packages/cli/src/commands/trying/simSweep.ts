import { join } from "node:path";
import { formatDuration } from "@antibody/core";
import type { SeedResult, SweepProgress, WorkerPool } from "@antibody/sim";
import { InvalidArgumentError, Option } from "commander";
import { exitCode } from "../../errors.ts";
import type { Invocation } from "../../invocation.ts";
import { readWhole } from "../../options.ts";
import { calledAs } from "../../self.ts";
import { Painted } from "../../sim/painted.ts";
import type { Verb } from "../../verb.ts";
import { type SweepView, seedLines, seedView, sweepLines } from "../../views/simSweep.ts";
import { shrinkAndKeep } from "./simShrink.ts";

interface SweepCommandOptions {
  readonly seeds: Seeds;
  readonly agents?: number;
  readonly jobs?: number;
  readonly shrink?: boolean;
  readonly out: string;
}

interface Seeds {
  readonly first: number;
  readonly last: number;
}

/** Seeds are whole numbers of 32 bits. */
const seedMax = 2 ** 32 - 1;
/** Processes on one machine; a guess. */
const jobsMax = 256;
/** Failing seeds that one sweep makes smaller: mostly they fail for one reason. A guess. */
const shrunkMax = 5;

/** `antibody sim sweep SCENARIO`: a scenario from many seeds, on all cores. */
export const simSweep: Verb<SweepCommandOptions> = {
  usage: "sweep <scenario>",
  summary:
    "Run a scenario from many seeds, on all cores, and name each seed that fails. The scenario fuzz is another one for every seed.",
  examples: [
    "antibody sim sweep mass-death --seeds 1..1000 --agents 100",
    "antibody sim sweep fuzz --seeds 1..2000 --shrink",
  ],
  exits: [
    [0, "every invariant and expectation held, from every seed"],
    [1, "a seed failed, or the sweep was interrupted"],
  ],
  asksAgent: false,
  declare: (command) =>
    void command
      .addOption(
        new Option("--seeds <first..last>", "which seeds")
          .argParser(readSeeds)
          .default({ first: 1, last: 100 }, "1..100"),
      )
      .option(
        "--agents <number>",
        "how many agents; default: the scenario's own number",
        readWhole(2, 100_000),
      )
      .option("--jobs <number>", "how many processes; default: one for each core", readWhole(1, jobsMax))
      .option("--shrink", `also make the first ${shrunkMax} failing runs smaller, each into a bundle`)
      .option("--out <directory>", "where bundles go", "."),
  async run({ invocation, options, args: [name = ""] }) {
    const { terminal } = invocation;
    // Loaded here: the other commands start without the simulator.
    const { sweep } = await import("@antibody/sim");
    const { scenarioMaker } = await import("../../sim/scenario.ts");
    const { startWorkers } = await import("../../sim/workers.ts");
    const scenarioOf = await scenarioMaker(name, calledAs(terminal));
    const pool = startWorkers(terminal, options.jobs);
    const painted = new Painted(terminal);
    try {
      const { first, last } = options.seeds;
      const { seedsDone, failing, wallMs } = await sweep({
        scenarioOf,
        firstSeed: first,
        lastSeed: last,
        pool,
        ...(options.agents === undefined ? {} : { agents: options.agents }),
        isEnough: () => terminal.interrupted.aborted,
        onSeed: (result, progress) => {
          painted.clear();
          if (result.violations.length > 0) printSeed(invocation, name, result);
          painted.paint(progressText(progress));
        },
      });
      painted.clear();
      if (options.shrink === true) {
        const ordered = failing.slice(0, shrunkMax);
        await shrinkAll(invocation, ordered, { pool, painted, options, scenarioOf });
      }
      const view: SweepView = {
        schema: "antibody.simSweep/1",
        scenario: name,
        firstSeed: first,
        lastSeed: last,
        seedsCount: seedsDone,
        failedSeeds: failing.map(({ seed }) => seed),
        interrupted: terminal.interrupted.aborted,
        tookMs: Math.round(wallMs),
      };
      invocation.print(view, () => sweepLines(view, calledAs(terminal), options.agents));
      return failing.length === 0 && !view.interrupted ? exitCode.ok : exitCode.failed;
    } finally {
      painted.clear();
      pool.close();
    }
  },
};

/** Reads `1..1000`, or one seed. */
function readSeeds(text: string): Seeds {
  const [, first = "", last = first] = /^(\d{1,10})(?:\.\.(\d{1,10}))?$/.exec(text) ?? [];
  const seeds = { first: Number(first), last: Number(last) };
  if (first === "" || seeds.first > seeds.last || seeds.last > seedMax) {
    throw new InvalidArgumentError("Write a range of seeds such as 1..1000.");
  }
  return seeds;
}

function printSeed(invocation: Invocation, scenario: string, result: SeedResult): void {
  const view = seedView(scenario, result);
  invocation.print(view, () => seedLines(view));
}

async function shrinkAll(
  invocation: Invocation,
  failing: readonly SeedResult[],
  given: {
    readonly pool: WorkerPool;
    readonly painted: Painted;
    readonly options: SweepCommandOptions;
    readonly scenarioOf: (seed: number) => import("@antibody/sim").Scenario;
  },
): Promise<void> {
  const { pool, painted, options, scenarioOf } = given;
  for (const { seed, violations } of failing) {
    if (invocation.terminal.interrupted.aborted) return;
    const scenario = scenarioOf(seed);
    const agents = options.agents ?? scenario.agents;
    const [first] = violations;
    const invariant = first === undefined ? {} : { invariant: first.invariant };
    const fileOf = (file: string): string => join(options.out, file);
    await shrinkAndKeep(invocation, { scenario, agents, seed, ...invariant }, { pool, painted, fileOf });
  }
}

function progressText({ done, total, failed, wallMs, etaMs }: SweepProgress): string {
  const perSecond = done / Math.max(0.001, wallMs / 1_000);
  return [
    `${done} of ${total} seeds`,
    `${failed} failed`,
    `${perSecond.toFixed(1)} a second`,
    `${formatDuration(etaMs)} left`,
  ].join(", ");
}
