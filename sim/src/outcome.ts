import type { TraceStanding } from "./hash/traceOutput.ts";
import type { Violation } from "./invariants/truth.ts";
import type { Watching } from "./invariants/watching.ts";
import type { ShareFigures } from "./measuring/figures.ts";
import type { Counts } from "./measuring/latencies.ts";
import type { SimCounters } from "./report.ts";
import type { World } from "./world/world.ts";

/** What one thread of a run came to. Plain: it travels to the one that makes the report. */
export interface ShareOutcome {
  readonly traces: TraceStanding;
  readonly counters: SimCounters;
  readonly violations: readonly Violation[];
  readonly detections: Counts;
  readonly figures: ShareFigures;
}

/** What a run, or a part of it, came to. */
export function outcomeOf(world: World, watching: Watching, figures: ShareFigures): ShareOutcome {
  const { counters, gossip, network } = world;
  return {
    traces: world.traces,
    counters: {
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
    },
    violations: watching.violations,
    detections: watching.detections.counts,
    figures,
  };
}
