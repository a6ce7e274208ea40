import { wallMs } from "../engine/hostProcess.ts";
import { nameOf } from "../invariants/awaiting.ts";
import type { Violation } from "../invariants/truth.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import type { SeedJob, SeedResult } from "../sweeping/job.ts";
import type { WorkerPool } from "../sweeping/pool.ts";
import type { SimBundle } from "./bundle.ts";
import { ddmin } from "./ddmin.ts";
import {
  type Fault,
  faultCount,
  faultsOf,
  goneCount,
  isCalled,
  namesIn,
  numberOf,
  renamed,
  tidied,
  withFaults,
} from "./faults.ts";

/** A run that fails, and where to look for a smaller one. */
export interface ShrinkOptions {
  readonly scenario: Scenario;
  readonly agents: number;
  readonly seed: number;
  /** The invariant that must be violated still; the first that is where absent. */
  readonly invariant?: string;
  readonly build: string;
  readonly pool: WorkerPool;
  readonly onProgress?: (progress: ShrinkProgress) => void;
}

/** How far a search is. */
export interface ShrinkProgress {
  readonly runs: number;
  readonly faults: number;
  readonly agents: number;
  readonly wallMs: number;
}

/** The smallest run that was found. */
export interface Shrunk {
  readonly bundle: SimBundle;
  readonly faultsBefore: number;
  readonly faultsAfter: number;
  /** Runs that it took, those that were known already not counted. */
  readonly runs: number;
  readonly wallMs: number;
}

/** Runs that are known, by what was run; a search makes some hundred. */
const knownMax = 10_000;
/** In a smaller swarm one agent makes a quarter of it. A guess. */
const agentsMin = 4;
/** An invariant that is violated later with fewer faults is found, if it is so by no more than this. A guess. */
const laterMsMax = 10_000;

/**
 * Finds a smaller scenario that violates the same invariant: fewer faults first, by delta debugging, then fewer
 * agents, then a shorter time. Undefined when the run violates nothing.
 */
export async function shrink(options: ShrinkOptions): Promise<Shrunk | undefined> {
  const { scenario, agents, seed, build, pool } = options;
  const startedMs = wallMs();
  const first = await pool.run({ scenario, agents, seed, isToBeConcrete: true });
  const violation = first.violations.find(
    ({ invariant }) => options.invariant === undefined || invariant === options.invariant,
  );
  if (violation === undefined) return undefined;
  const whole = first.concrete;
  if (whole === undefined) throw new Error(`no process survives this run: ${violation.detail}`);
  const search = new Search(pool, violation.invariant, (runs, at) =>
    options.onProgress?.({
      runs,
      faults: faultCount(at.scenario),
      agents: at.agents,
      wallMs: wallMs() - startedMs,
    }),
  );
  let best: SeedJob = { scenario: relevant(whole, violation), agents, seed };
  // What is looked at beside the invariant changes nothing but the time that it takes: this must fail as well.
  if ((await search.firstFailing([best])) === undefined) best = { ...best, scenario: whole };
  best = await withFewerFaults(best, search);
  const smaller = await withFewerAgents(best, search);
  if (smaller !== undefined) best = await withFewerFaults(smaller, search);
  const { job, result, violation: seen } = await shortest(best, search);
  const bundle: SimBundle = {
    schema: "antibody.simBundle/1",
    build,
    scenario: { ...job.scenario, agents: job.agents },
    agents: job.agents,
    seed: job.seed,
    hash: result.hash,
    violation: seen,
    shrunkFrom: { scenario: scenario.name, agents, seed, faultsCount: faultCount(whole) },
  };
  return {
    bundle,
    faultsBefore: faultCount(whole),
    faultsAfter: faultCount(job.scenario),
    runs: search.runs,
    wallMs: wallMs() - startedMs,
  };
}

/** Runs candidates on the pool, each one once, and knows which of them fail in the same way. */
class Search {
  readonly invariant: string;
  runs = 0;
  readonly #pool: WorkerPool;
  readonly #known = new Map<string, SeedResult>();
  readonly #onRun: (runs: number, at: SeedJob) => void;

  constructor(pool: WorkerPool, invariant: string, onRun: (runs: number, at: SeedJob) => void) {
    this.#pool = pool;
    this.invariant = invariant;
    this.#onRun = onRun;
  }

  /** In order, so many at once as the pool has processes: the answer is the same for every number of them. */
  async firstFailing(jobs: readonly SeedJob[]): Promise<number | undefined> {
    for (let start = 0; start < jobs.length; start += this.#pool.size) {
      const results = await Promise.all(
        jobs.slice(start, start + this.#pool.size).map((job) => this.run(job)),
      );
      const found = results.findIndex((result) => this.violationIn(result) !== undefined);
      if (found >= 0) return start + found;
    }
    return undefined;
  }

  violationIn({ violations }: SeedResult): Violation | undefined {
    return violations.find(({ invariant }) => invariant === this.invariant);
  }

  async run(job: SeedJob): Promise<SeedResult> {
    const key = JSON.stringify(job);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const result = await this.#pool.run(job);
    this.runs += 1;
    this.#onRun(this.runs, job);
    if (this.#known.size < knownMax) this.#known.set(key, result);
    return result;
  }
}

/** The scenario without what the violation is not about: other expectations, and the time after it. */
function relevant(scenario: Scenario, { invariant, atMs }: Violation): Scenario {
  const expectations = scenario.expectations.filter((expectation) => nameOf(expectation) === invariant);
  const isExpected = expectations.length > 0;
  // What is expected is judged when its time is up. Shorter, and it would be missing for that reason.
  const durationMs = Math.min(scenario.durationMs, Math.ceil(atMs) + (isExpected ? 0 : laterMsMax));
  return { ...scenario, expectations, durationMs };
}

async function withFewerFaults(job: SeedJob, search: Search): Promise<SeedJob> {
  const { scenario } = job;
  const jobOf = (faults: readonly Fault[]): SeedJob => ({ ...job, scenario: withFaults(scenario, faults) });
  const faults = await ddmin(faultsOf(scenario), async (candidates) => {
    const jobs = candidates.map(jobOf);
    const sound = jobs.filter((one) => hasPremises(one.scenario));
    const found = await search.firstFailing(sound);
    return found === undefined ? undefined : jobs.indexOf(sound[found] as SeedJob);
  });
  const least = jobOf(faults);
  const tidy = { ...least, scenario: tidied(least.scenario) };
  return (await search.firstFailing([tidy])) === undefined ? least : tidy;
}

/**
 * Whether what is expected could come true at all: something is published that may show, and something happens to
 * those who are meant. Else it fails for that reason alone, and shows nothing.
 */
function hasPremises({ steps, expectations }: Scenario): boolean {
  return expectations.every((expectation) => {
    if (expectation.type === "oneView" || expectation.type === "deathsKnown") return true;
    const published = steps.filter((step) => step.type === "publish");
    if (expectation.type === "inForce") {
      return published.some(({ generation }) => generation === expectation.generation);
    }
    const { who } = expectation.type === "phase" ? expectation : {};
    return published.length > 0 && (who === undefined || steps.some((step) => isCalled(step, who)));
  });
}

/**
 * The same faults in a smaller swarm: those whom they concern, and as few others as are needed. Never so few that
 * those who are gone for good are more than a third: whoever is left could not know of them, and that shows nothing.
 */
async function withFewerAgents(job: SeedJob, search: Search): Promise<SeedJob | undefined> {
  const names = namesIn(job.scenario);
  const least = Math.max(agentsMin, names.length, 3 * goneCount(job.scenario) + 1);
  const compact = renamed(job.scenario, (name) => `agent-${names.indexOf(name)}`);
  const candidates: SeedJob[] = [];
  for (let [more, next] = [0, 1]; least + more < job.agents; [more, next] = [next, more + next]) {
    const agents = least + more;
    candidates.push({ ...job, scenario: compact, agents });
    if (names.every((name) => numberOf(name) < agents)) candidates.push({ ...job, agents });
  }
  const found = await search.firstFailing(candidates);
  return found === undefined ? undefined : candidates[found];
}

/** The run up to the moment at which the violation is seen: what comes later cannot matter. */
async function shortest(
  job: SeedJob,
  search: Search,
): Promise<{ readonly job: SeedJob; readonly result: SeedResult; readonly violation: Violation }> {
  const result = await search.run(job);
  const violation = search.violationIn(result);
  if (violation === undefined)
    throw new Error(`${search.invariant} is not violated any more by the same run`);
  const durationMs = Math.min(job.scenario.durationMs, Math.ceil(violation.atMs));
  const steps = job.scenario.steps.filter(({ atMs }) => atMs <= durationMs);
  const shorter = { ...job, scenario: { ...job.scenario, steps, durationMs } };
  const seen = await search.run(shorter);
  const still = search.violationIn(seen);
  return still === undefined ? { job, result, violation } : { job: shorter, result: seen, violation: still };
}
