import { compareText } from "@antibody/policy";
import { joinedDigest } from "./hash/traceOutput.ts";
import type { Violation } from "./invariants/truth.ts";
import { violationsKeptMax } from "./invariants/watching.ts";
import { swarmFigures } from "./measuring/figures.ts";
import { Latencies } from "./measuring/latencies.ts";
import type { ShareOutcome } from "./outcome.ts";
import type { Progress, SimCounters, SimReport } from "./report.ts";
import type { Running } from "./running.ts";
import { shareOf } from "./threads/share.ts";

/** How a run stands, for people who wait for it. */
export function progressOf(running: Running, wallMs: number): Progress {
  const { scenario, simulatedMs, world, watching } = running;
  const perSecond = 1_000 / Math.max(1, wallMs);
  return {
    scenario: scenario.name,
    simulatedMs,
    durationMs: scenario.durationMs,
    wallMs,
    etaMs: simulatedMs > 0 ? (wallMs * (scenario.durationMs - simulatedMs)) / simulatedMs : 0,
    simSecondsPerSecond: (simulatedMs / 1_000) * perSecond,
    eventsPerSecond: world.counters.events * perSecond,
    running: world.agents.filter(({ isRunning }) => isRunning).length,
    violations: watching.violationCount,
    awaited: running.awaiting.flatMap(({ name, expectation, standing }) =>
      standing.type === "open" && simulatedMs >= expectation.fromMs ? [`${name}: ${standing.lacking}`] : [],
    ),
  };
}

/** What a run that is over showed: `running` is the part that has judged, `outcomes` those of all threads in order. */
export function reportOf(
  running: Running,
  outcomes: readonly ShareOutcome[],
  measured: { readonly wallMs: number; readonly setupMs: number; readonly rssMb: number },
): SimReport {
  const { scenario, seed, simulatedMs, world, awaiting } = running;
  const perSecond = 1_000 / Math.max(1, measured.wallMs - measured.setupMs);
  const counters = outcomes.map((outcome) => outcome.counters).reduce(sumOf);
  const share = { index: 0, count: outcomes.length };
  const detections = new Latencies();
  for (const outcome of outcomes) detections.join(outcome.detections);
  return {
    schema: "antibody.simReport/1",
    scenario: scenario.name,
    agents: world.agents.length,
    seed,
    workers: outcomes.length,
    simulatedMs,
    wallMs: Math.round(measured.wallMs),
    setupMs: Math.round(measured.setupMs),
    simSecondsPerSecond: Math.round((simulatedMs / 1_000) * perSecond * 10) / 10,
    eventsPerSecond: Math.round(counters.events * perSecond),
    rssMb: measured.rssMb,
    hash: joinedDigest(
      world.agents.length,
      (agent) => (outcomes[shareOf(agent, share)] as ShareOutcome).traces,
    ),
    outcome: counters.violations === 0 ? "held" : "violated",
    violations: inOrder(outcomes.flatMap(({ violations }) => violations)),
    milestones: Object.fromEntries(
      awaiting.flatMap(({ name, standing }) => (standing.type === "met" ? [[name, standing.afterMs]] : [])),
    ),
    counters,
    swarm: swarmFigures(
      outcomes.map(({ figures }) => figures),
      scenario,
      detections,
    ),
  };
}

/** By time; within one moment in an order that depends on nobody's thread. */
function inOrder(violations: readonly Violation[]): readonly Violation[] {
  return violations
    .toSorted((left, right) => left.atMs - right.atMs || compareText(placeOf(left), placeOf(right)))
    .slice(0, violationsKeptMax);
}

function placeOf({ agent = "", invariant, detail }: Violation): string {
  return [agent.padStart(20), invariant, detail].join(" ");
}

function sumOf(left: SimCounters, right: SimCounters): SimCounters {
  const names = Object.keys(left) as (keyof SimCounters)[];
  return Object.fromEntries(names.map((name) => [name, left[name] + right[name]])) as unknown as SimCounters;
}
