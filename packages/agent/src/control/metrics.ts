import type { EventName, Inspection, ResourcePhase, Verdict } from "@antibody/core";
import type { AgentInspection, EventCount } from "../ports.ts";
import type { MetricFamily, MetricSample } from "./exposition.ts";
import type { ProcessUsage } from "./usage.ts";

/** All of these have a value, 0 too: an alert on a series that is not there never fires. */
const verdicts: { readonly [verdict in Verdict]: true } = {
  reachable: true,
  suspected: true,
  stalled: true,
  unreachable: true,
  dead: true,
  away: true,
  left: true,
};
const phases: { readonly [phase in ResourcePhase]: true } = {
  unknown: true,
  kept: true,
  drifted: true,
  repairing: true,
  verifying: true,
  backingOff: true,
  contested: true,
  handedOff: true,
  paused: true,
  held: true,
  standingBy: true,
  unobservable: true,
};

/** All that the agent tells of itself in numbers: from its inspection, its log and its process. */
export function metricsOf(
  inspection: AgentInspection,
  events: readonly EventCount[],
  usage: ProcessUsage,
): readonly MetricFamily[] {
  return [
    ...identity(inspection, usage),
    ...swarm(inspection),
    ...healing(inspection, events),
    ...policy(inspection),
    ...routing(inspection),
    ...body(inspection, events),
    ...processFamilies(usage),
  ];
}

function identity({ build, agent, name, swarm: of }: Inspection, { node }: ProcessUsage): MetricFamily[] {
  return [
    gauge("antibody_build_info", "The build that runs; always 1.", [one({ build, node })]),
    gauge("antibody_agent_info", "Who this agent is; always 1.", [one({ agent, name, swarm: of })]),
  ];
}

function swarm(inspection: AgentInspection): MetricFamily[] {
  const peers = inspection.members.filter(({ agent }) => agent !== inspection.agent);
  const { quorum } = inspection;
  return [
    gauge(
      "antibody_peers",
      "Peers by what this agent holds of them.",
      tally(
        "verdict",
        Object.keys(verdicts),
        peers.map(({ verdict }) => verdict),
      ),
    ),
    gauge("antibody_peers_connected", "Peers that this agent has a session with.", [
      plain(peers.filter(({ connected }) => connected).length),
    ]),
    gauge("antibody_peers_relayed", "Of these, sessions through another peer.", [
      plain(inspection.relayed?.length ?? 0),
    ]),
    gauge("antibody_peers_observed", "Peers that it is this agent's duty to observe.", [
      plain(peers.filter(({ observedByMe }) => observedByMe).length),
    ]),
    gauge("antibody_quorum_observers", "Observers of this agent.", [plain(quorum.observers)]),
    gauge("antibody_quorum_votes", "Votes of them that would make it dead.", [plain(quorum.votes)]),
    gauge("antibody_cut_off", "1 while most of the agent's own probes fail: it accuses nobody then.", [
      plain(inspection.cutOff ? 1 : 0),
    ]),
    gauge("antibody_local_health_score", "How far the agent doubts its own timing; 0 is well.", [
      plain(inspection.localHealth),
    ]),
    counter("antibody_ignored_total", "Messages and fields of newer builds that this one does not know.", [
      plain((inspection.ignored ?? []).reduce((sum, { count }) => sum + count, 0)),
    ]),
    gauge("antibody_evicted", "1 when this agent was put out of its swarm.", [
      plain(inspection.evicted === undefined ? 0 : 1),
    ]),
    gauge("antibody_evictions", "Members that were put out of the swarm.", [
      plain(inspection.evictions?.length ?? 0),
    ]),
  ];
}

function healing(inspection: Inspection, events: readonly EventCount[]): MetricFamily[] {
  const { resources, incidents, pauses } = inspection;
  return [
    gauge(
      "antibody_resources",
      "Promised resources by where they stand.",
      tally(
        "phase",
        Object.keys(phases),
        resources.map(({ phase }) => phase),
      ),
    ),
    counter("antibody_repairs_total", "Drifts that ended, by this agent's repair or by others.", [
      plain(toldOf("resource.repaired", events)),
    ]),
    counter("antibody_handoffs_total", "Cases that were given to a human.", [
      plain(toldOf("resource.handedOff", events)),
    ]),
    gauge("antibody_incidents", "Cases kept, mended ones among them.", [plain(incidents.length)]),
    gauge("antibody_pauses", "Pauses in force.", [plain(pauses.length)]),
  ];
}

function policy({ streams, heldClaims, grants }: Inspection): MetricFamily[] {
  const active = streams.flatMap((stream) =>
    stream.active === undefined ? [] : [{ labels: labelsOf(stream), version: stream.active.version }],
  );
  return [
    gauge(
      "antibody_policy_generation",
      "The generation in force of each stream.",
      active.map(({ labels, version }) => ({ labels, value: version.generation })),
    ),
    gauge(
      "antibody_policy_epoch",
      "The epoch of that generation.",
      active.map(({ labels, version }) => ({ labels, value: version.epoch })),
    ),
    gauge(
      "antibody_policy_fragments_missing",
      "Fragments that the next generation of a stream waits for.",
      streams.flatMap((stream) =>
        stream.pending === undefined
          ? []
          : [{ labels: labelsOf(stream), value: stream.pending.missing.length }],
      ),
    ),
    gauge(
      "antibody_policy_held_claims",
      "Claims that are not in force, by why.",
      tally(
        "reason",
        [],
        heldClaims.map(({ reason }) => reason),
      ),
    ),
    gauge("antibody_grants", "Grants of the owner.", [plain(grants.length)]),
  ];
}

function labelsOf({ author, stream }: Inspection["streams"][number]): MetricSample["labels"] {
  return { author, stream };
}

function routing({ routes, capabilities, roles = [] }: Inspection): MetricFamily[] {
  return [
    gauge(
      "antibody_route_backends",
      "Backends of each route by state; none ready means that calls fail.",
      routes.flatMap(({ resource, backends }) =>
        (["ready", "ejected"] as const).map((state) => ({
          labels: { resource, state },
          value: backends.filter((backend) => backend.state === state).length,
        })),
      ),
    ),
    gauge(
      "antibody_capability_announced",
      "1 while this device offers a capability to peers.",
      capabilities.map(({ name, announced }) => ({
        labels: { capability: name },
        value: announced ? 1 : 0,
      })),
    ),
    gauge(
      "antibody_role_held",
      "1 while this device holds a role.",
      roles.map(({ resource, heldHere }) => ({ labels: { resource }, value: heldHere ? 1 : 0 })),
    ),
    gauge(
      "antibody_role_holders",
      "Who says that it holds a role, as this agent sees it.",
      roles.map(({ resource, holders }) => ({ labels: { resource }, value: holders.length })),
    ),
    gauge(
      "antibody_role_count",
      "How many shall hold it.",
      roles.map(({ resource, count }) => ({ labels: { resource }, value: count })),
    ),
  ];
}

function body({ queues, troubles }: AgentInspection, events: readonly EventCount[]): MetricFamily[] {
  return [
    gauge(
      "antibody_queue_length",
      "Length of each bounded collection.",
      queues.map(({ name, length }) => ({ labels: { queue: name }, value: length })),
    ),
    gauge(
      "antibody_queue_bound",
      "The most that it may hold.",
      queues.map(({ name, bound }) => ({ labels: { queue: name }, value: bound })),
    ),
    gauge(
      "antibody_troubles",
      "What keeps the agent's body from its full work.",
      tally(
        "event",
        [],
        (troubles ?? []).map(({ name }) => name),
      ),
    ),
    counter(
      "antibody_events_total",
      "Lines of the agent's log since it began.",
      events.map(({ event, level, count }) => ({ labels: { event, level }, value: count })),
    ),
  ];
}

/** Named as client libraries name them, so that common dashboards find them. */
function processFamilies(usage: ProcessUsage): MetricFamily[] {
  return [
    counter("process_cpu_seconds_total", "CPU time of the process, user and system.", [
      plain(usage.cpuSeconds),
    ]),
    gauge("process_resident_memory_bytes", "Memory of the process that is resident.", [
      plain(usage.residentBytes),
    ]),
    gauge("nodejs_heap_size_used_bytes", "Memory that JavaScript objects take.", [plain(usage.heapBytes)]),
    gauge("process_start_time_seconds", "When the process began, since 1970.", [plain(usage.startSeconds)]),
  ];
}

/** How many of each kind there are: of those listed also where there is none. */
function tally(label: string, listed: readonly string[], kinds: readonly string[]): MetricSample[] {
  const counts = new Map<string, number>(listed.map((kind) => [kind, 0]));
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, value]) => ({ labels: { [label]: kind }, value }));
}

/** How often an event was told, at whatever level. */
function toldOf(name: EventName, events: readonly EventCount[]): number {
  return events.filter(({ event }) => event === name).reduce((sum, { count }) => sum + count, 0);
}

function gauge(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, type: "gauge", help, samples };
}

function counter(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, type: "counter", help, samples };
}

function plain(value: number): MetricSample {
  return { labels: {}, value };
}

function one(labels: MetricSample["labels"]): MetricSample {
  return { labels, value: 1 };
}
