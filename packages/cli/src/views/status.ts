import type { AgentInspection } from "@antibody/agent/control";
import type { Inspection, RolloutView, Verdict } from "@antibody/core";
import { shortId } from "@antibody/policy";
import { printable } from "../text/printable.ts";
import { labeled, table } from "../text/table.ts";
import { age, relative, timesOf } from "../text/times.ts";
import { type Problem, problemsOf } from "./problems.ts";
import { actionText, nextText, type ResourceFields, resourceFields, timeField } from "./resource.ts";
import { type RoleFields, rolesOf, roleText } from "./roles.ts";
import { rolloutText } from "./rollouts.ts";
import { count, phaseOrder, phaseWords, tally, verdictOrder } from "./words.ts";

/** What `status` tells, as `--json` prints it. */
export interface StatusView {
  readonly schema: "antibody.status/1";
  readonly time: string;
  readonly agent: string;
  readonly name: string;
  readonly swarm: string;
  readonly build: string;
  /** `degraded` when something needs a look; the exit code says the same. */
  readonly health: "ok" | "degraded";
  /** Why it is degraded, worst first, each with the command that tells more. */
  readonly problems: readonly Problem[];
  readonly cutOff: boolean;
  readonly peers: readonly { readonly agent: string; readonly name: string; readonly verdict: Verdict }[];
  readonly resources: readonly ResourceFields[];
  readonly pauses: readonly { readonly target: string; readonly reason: string; readonly until?: string }[];
  readonly streams: readonly StreamFields[];
  /** Claims of policy that are not in force here; `why RESOURCE` says what would bring them into force. */
  readonly heldClaims: readonly {
    readonly resource: string;
    readonly reason: string;
    readonly detail: string;
  }[];
  readonly heldClaimsCount: number;
  readonly incidentsCount: number;
  /** Generations that come into force in stages: what this device makes of each. */
  readonly rollouts?: readonly {
    readonly stream: string;
    readonly generation: number;
    readonly state: RolloutView["here"]["state"];
    readonly text: string;
  }[];
  /** Absent where no role is promised. */
  readonly roles?: readonly RoleFields[];
}

/** Where one stream of policy stands on this device. */
interface StreamFields {
  readonly author: string;
  readonly stream: string;
  readonly epoch?: number;
  readonly generation?: number;
  readonly pendingGeneration?: number;
  /** Of a complete one that is not in force here: whether it may be yet. */
  readonly pendingStage?: "waiting" | "blocked" | "stale";
  readonly missingFragmentsCount?: number;
  readonly held?: keyof typeof streamHolds;
  /** Why it may be old; it stays in force all the same. */
  readonly stale?: "expired" | "behind";
}

/** Rows of resources on one screen; `--all` shows the rest. */
const rowsMax = 20;

/** Problems whose cause is told in full. A guess: with a table of three they leave room on a screen of 24 lines. */
const problemsInFullMax = 3;

/** Held claims on one screen. A guess: enough to recognize a stream without a grant. */
const heldShownMax = 4;

/** What holds back a whole stream, in words. */
const streamHolds = {
  unknownAuthor: "its author's root is not here yet",
  noGrant: "this device does not accept its author",
  equivocation: "its author signed two bodies for one version; only a new epoch clears it",
  quota: "its bundles take more than the grant allows",
} as const;

/** Puts together what `status` tells. */
export function statusView(inspection: AgentInspection, self: string): StatusView {
  const times = timesOf(inspection);
  const problems = problemsOf(inspection, self);
  return {
    schema: "antibody.status/1",
    time: times.now,
    agent: inspection.agent,
    name: inspection.name,
    swarm: inspection.swarm,
    build: inspection.build,
    health: problems.length === 0 ? "ok" : "degraded",
    problems,
    cutOff: inspection.cutOff,
    peers: inspection.members
      .filter((member) => member.agent !== inspection.agent)
      .map(({ agent, name, verdict }) => ({ agent, name, verdict })),
    resources: inspection.resources
      .map((view) => resourceFields(view, times))
      .toSorted((left, right) => phaseOrder.indexOf(left.phase) - phaseOrder.indexOf(right.phase)),
    pauses: inspection.pauses.map(({ target, reason, untilMs }) => ({
      target,
      reason,
      ...timeField("until", times.at(untilMs)),
    })),
    streams: inspection.streams.map(streamFields),
    heldClaims: inspection.heldClaims.map(({ resource, reason, detail }) => ({ resource, reason, detail })),
    heldClaimsCount: inspection.heldClaims.length,
    incidentsCount: inspection.incidents.length,
    ...(inspection.roles === undefined ? {} : { roles: rolesOf(inspection) }),
    ...(inspection.rollouts === undefined ? {} : { rollouts: inspection.rollouts.map(rolloutFields) }),
  };
}

function rolloutFields(rollout: RolloutView): NonNullable<StatusView["rollouts"]>[number] {
  const { stream, generation, here } = rollout;
  return { stream, generation, state: here.state, text: rolloutText(rollout) };
}

function streamFields(state: Inspection["streams"][number]): StreamFields {
  const { active, pending } = state;
  return {
    author: state.author,
    stream: state.stream,
    ...(active === undefined ? {} : active.version),
    ...(pending === undefined
      ? {}
      : {
          pendingGeneration: pending.version.generation,
          missingFragmentsCount: pending.missing.length,
          ...(pending.stage === undefined ? {} : { pendingStage: pending.stage }),
        }),
    ...(state.held === undefined ? {} : { held: state.held }),
    ...(state.stale === undefined ? {} : { stale: state.stale.reason }),
  };
}

/** The screen of `status`. `all` also shows the resources that are kept, or stand by. */
export function statusLines(view: StatusView, all: boolean): readonly string[] {
  const rows = view.resources.filter(({ phase }) => all || (phase !== "kept" && phase !== "standingBy"));
  const shown = all ? rows : rows.slice(0, rowsMax);
  return [
    `${printable(view.name)}: ${view.health === "ok" ? "ok" : "DEGRADED"}`,
    ...labeled("agent", `${shortId(view.agent)} of ${shortId(view.swarm)}, build ${view.build}`, 9),
    ...labeled("peers", peersText(view), 9),
    ...labeled("resources", resourcesText(view), 9),
    ...view.streams.flatMap((stream) => labeled("policy", streamText(stream), 9)),
    ...(view.rollouts ?? []).flatMap(({ stream, generation, text }) =>
      labeled("rollout", `${stream} generation ${generation}: ${text}`, 9),
    ),
    ...(view.roles ?? []).flatMap((role) => labeled("role", roleText(role), 9)),
    ...view.pauses.flatMap((pause) =>
      labeled("paused", `${pause.target}, ends ${relative(pause.until, view.time)}: ${pause.reason}`, 9),
    ),
    ...heldLines(view),
    ...problemLines(view),
    ...(shown.length === 0 ? [] : ["", ...resourceTable(shown, view.time)]),
    ...(rows.length > shown.length ? [`${rows.length - shown.length} more: --all shows them`] : []),
    ...nextLines(view),
  ];
}

/** Of a few problems the whole cause, which the table has no room for; of many a line each. */
function problemLines(view: StatusView): readonly string[] {
  const { problems, resources, time } = view;
  if (problems.length > problemsInFullMax)
    return problems.slice(0, rowsMax).flatMap(({ what }) => labeled("problem", what, 9));
  return problems.flatMap(({ what, resource }) => {
    const fields = resources.find((each) => each.resource === resource);
    return labeled("problem", fields === undefined ? what : `${what}: ${whyText(fields, time)}`, 9);
  });
}

/** Held claims are no fault: policy of others is relayed too. But who waits for one must find it here. */
function heldLines(view: StatusView): readonly string[] {
  const shown = view.heldClaims.slice(0, heldShownMax);
  const more = view.heldClaims.length - shown.length;
  return [
    ...shown.flatMap(({ resource, detail }) => labeled("held", `${resource}: ${detail}`, 9)),
    ...(more === 0 ? [] : labeled("", `and ${more} more; why RESOURCE says what would change it`, 9)),
  ];
}

function peersText(view: StatusView): string {
  const verdicts = view.peers.map(({ verdict }) => verdict);
  const text = verdicts.length === 0 ? "none" : tally(verdicts, verdictOrder, (verdict) => verdict);
  return view.cutOff ? `${text}; this agent itself is cut off, it accuses nobody` : text;
}

function resourcesText(view: StatusView): string {
  const phases = view.resources.map(({ phase }) => phase);
  const text = phases.length === 0 ? "none promised" : tally(phases, phaseOrder.toReversed(), phaseWords);
  const held =
    view.heldClaimsCount === 0 ? "" : `; ${count(view.heldClaimsCount, "claim")} of policy not in force`;
  return text + held;
}

function streamText(stream: StreamFields): string {
  const active = stream.generation === undefined ? "nothing active" : `generation ${stream.generation}`;
  const pending =
    stream.pendingGeneration === undefined
      ? ""
      : `; generation ${stream.pendingGeneration} ${pendingText(stream)}`;
  const held = stream.held === undefined ? "" : `; held: ${streamHolds[stream.held]}`;
  const stale = stream.stale === undefined ? "" : "; may be old";
  return `${stream.stream} by ${shortId(stream.author)}, ${active}${pending}${held}${stale}`;
}

function pendingText({ pendingStage, missingFragmentsCount = 0 }: StreamFields): string {
  if (pendingStage === "blocked") return "failed here or was halted";
  if (pendingStage === "waiting") return "waits for its turn";
  if (pendingStage === "stale") return "is not taken up: its author may have said something newer";
  return `waits for ${count(missingFragmentsCount, "fragment")}`;
}

function resourceTable(resources: readonly ResourceFields[], now: string): readonly string[] {
  return table(
    ["RESOURCE", "STATE", "SINCE", "WHY", "NEXT"],
    resources.map((fields) => [
      fields.resource,
      phaseWords(fields.phase),
      age(fields.since, now),
      whyText(fields, now),
      nextText(fields, now),
    ]),
  );
}

function whyText({ action, why }: ResourceFields, now: string): string {
  return action === undefined ? why : actionText(action, now);
}

function nextLines(view: StatusView): readonly string[] {
  const next = view.problems[0]?.next;
  return next === undefined ? [] : ["", `next: ${next}`];
}
