import type { Progress, SimCounters, SimReport } from "./report.ts";
import type { Running } from "./running.ts";

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
    awaited: running.expecting.flatMap(({ name, expectation, standing }) =>
      standing.type === "open" && simulatedMs >= expectation.fromMs ? [`${name}: ${standing.lacking}`] : [],
    ),
  };
}

/** What a run that is over showed. */
export function reportOf(
  running: Running,
  measured: { readonly wallMs: number; readonly setupMs: number; readonly rssMb: number },
): SimReport {
  const { scenario, seed, simulatedMs, world, watching, expecting } = running;
  const perSecond = 1_000 / Math.max(1, measured.wallMs - measured.setupMs);
  return {
    schema: "antibody.simReport/1",
    scenario: scenario.name,
    agents: world.agents.length,
    seed,
    simulatedMs,
    wallMs: Math.round(measured.wallMs),
    setupMs: Math.round(measured.setupMs),
    simSecondsPerSecond: Math.round((simulatedMs / 1_000) * perSecond * 10) / 10,
    eventsPerSecond: Math.round(world.counters.events * perSecond),
    rssMb: measured.rssMb,
    hash: world.hash,
    outcome: watching.violationCount === 0 ? "held" : "violated",
    violations: watching.violations,
    milestones: Object.fromEntries(
      expecting.flatMap(({ name, standing }) => (standing.type === "met" ? [[name, standing.afterMs]] : [])),
    ),
    counters: countersOf(running),
    swarm: running.measure(),
  };
}

function countersOf({ world, watching }: Running): SimCounters {
  const { counters, gossip, network } = world;
  return {
    events: counters.events,
    steps: counters.steps,
    messages: counters.messages + gossip.counters.messages,
    bytesModeled: counters.bytes + gossip.counters.bytes,
    ...watching.told,
    signatures: counters.signatures,
    dials: counters.dials,
    unsent: counters.unsent,
    overflows: network.overflows + counters.dropped,
    retransmissions: network.links.retransmissions,
    refusedPolicies: world.border.refusedPolicies,
    refusedStatements: world.border.refusedStatements,
    knownRumors: counters.knownRumors,
    inspections: watching.inspections,
    violations: watching.violationCount,
  };
}
