import type { Inspection, ResourceView } from "@antibody/core";
import { type Json, matchesAnyGlob, type Power, shortId } from "@antibody/policy";
import { shellWord } from "../self.ts";
import { labeled, unbroken } from "../text/table.ts";
import { relative, timesOf } from "../text/times.ts";
import { powersOf } from "../trust/plan.ts";
import {
  type AttemptFields,
  actionText,
  attemptFields,
  attemptText,
  nextText,
  type ResourceFields,
  resourceFields,
  timeField,
} from "./resource.ts";
import { type RoleFields, roleRows, rolesOf } from "./roles.ts";
import { phaseWords } from "./words.ts";

/** What `why RESOURCE` tells, as `--json` prints it. Without `phase`: nothing about it is in force. */
export interface WhyView extends Partial<ResourceFields> {
  readonly schema: "antibody.why/1";
  readonly time: string;
  readonly resource: string;
  readonly promise?: Json;
  readonly signedBy?: {
    readonly author: string;
    readonly stream: string;
    readonly generation: number;
    readonly fragment: string;
    readonly fragmentName?: string;
  };
  readonly grant?: { readonly scope: readonly string[]; readonly rank: number; readonly mode: string };
  readonly drift?: { readonly attributes: readonly string[]; readonly summary: string };
  readonly repairsCount: number;
  readonly failuresCount: number;
  readonly attempts: readonly AttemptFields[];
  readonly pause?: { readonly reason: string; readonly until?: string };
  /** Claims on the resource that are not in force. */
  readonly heldClaims: readonly {
    readonly author: string;
    readonly stream: string;
    readonly reason: string;
    readonly detail: string;
  }[];
  readonly incident?: string;
  /** Of a role: who holds it, and who would be next. */
  readonly role?: RoleFields;
  /** The command that comes next. */
  readonly nextCommand: string;
}

/** Puts together what is known of a resource. */
export function whyView(inspection: Inspection, resource: string, self: string): WhyView {
  const view = inspection.resources.find((each) => each.resource === resource);
  const times = timesOf(inspection);
  const pause = inspection.pauses.find(({ target }) => target === resource || target === "*");
  const incident = inspection.incidents.findLast((each) => each.resource === resource);
  const role = rolesOf(inspection).find((each) => each.resource === resource);
  return {
    schema: "antibody.why/1",
    time: times.now,
    ...(view === undefined ? {} : resourceFields(view, times)),
    resource,
    ...(view?.promise === undefined ? {} : { promise: view.promise }),
    ...signerFields(view),
    ...grantFields(inspection, view),
    ...(view?.drift === undefined ? {} : { drift: view.drift }),
    repairsCount: view?.repairs ?? 0,
    failuresCount: view?.failures ?? 0,
    attempts: (view?.attempts ?? []).map(attemptFields),
    ...(pause === undefined
      ? {}
      : { pause: { reason: pause.reason, ...timeField("until", times.at(pause.untilMs)) } }),
    heldClaims: inspection.heldClaims
      .filter((claim) => claim.resource === resource)
      .map(({ author, stream, reason, detail }) => ({ author, stream, reason, detail })),
    ...(incident === undefined ? {} : { incident: incident.id }),
    ...(role === undefined ? {} : { role }),
    nextCommand: nextCommand(inspection, resource, view, self),
  };
}

function signerFields(view: ResourceView | undefined): Pick<WhyView, "signedBy"> {
  const { author, stream, generation, fragment } = view ?? {};
  if (author === undefined || stream === undefined || generation === undefined || fragment === undefined)
    return {};
  const name = view?.fragmentName === undefined ? {} : { fragmentName: view.fragmentName };
  return { signedBy: { author, stream, generation, fragment, ...name } };
}

function grantFields(inspection: Inspection, view: ResourceView | undefined): Pick<WhyView, "grant"> {
  const grant = inspection.grants.find(
    (each) => each.author === view?.author && matchesAnyGlob(each.scope, view.resource),
  );
  if (grant === undefined) return {};
  return { grant: { scope: grant.scope, rank: grant.rank, mode: grant.mode } };
}

function nextCommand(
  inspection: Inspection,
  resource: string,
  view: ResourceView | undefined,
  self: string,
): string {
  if (view === undefined) return heldCommand(inspection, resource, self);
  switch (view.phase) {
    case "handedOff": {
      // Who mends it by hand pauses it meanwhile; resuming then looks and tries again at once.
      return `${self} pause ${shellWord(resource)} --reason "mending it" --for 1h`;
    }
    case "paused":
      return inspection.pauses.some(({ target }) => target === resource)
        ? `${self} resume ${shellWord(resource)}`
        : `${self} resume`;
    case "repairing":
    case "verifying":
      return view.action === undefined ? `${self} logs` : `${self} cancel ${view.action.id}`;
    case "contested":
    case "backingOff":
    case "drifted":
      return `${self} pause ${shellWord(resource)} --reason "looking at it" --for 10m`;
    case "held":
      return `${self} trust list`;
    case "unknown":
    case "unobservable":
    case "standingBy":
    case "kept":
      return `${self} logs`;
    default:
      return view.phase satisfies never;
  }
}

/** What would bring a claim into force that is not. */
function heldCommand(inspection: Inspection, resource: string, self: string): string {
  const claim = inspection.heldClaims.find((each) => each.resource === resource);
  if (claim?.reason === "noGrant") {
    return `${self} trust add ${shortId(claim.author)} --scope '${resource}' --rank 1${powerOption(powersOf(claim.resource))}`;
  }
  const grants = inspection.grants.filter(({ author }) => author === claim?.author);
  const [grant] = grants;
  // A grant is accepted as a whole: the command repeats what stands, and adds what is missing.
  if (claim?.reason === "missingPower" && grant !== undefined && grants.length === 1) {
    const powers = [...new Set([...grant.powers, ...powersOf(claim.resource)])];
    const scope = grant.scope.map((glob) => ` --scope '${glob}'`).join("");
    return `${self} trust add ${shortId(claim.author)}${scope} --rank ${grant.rank} --mode ${grant.mode}${powerOption(powers)}`;
  }
  return `${self} trust list`;
}

function powerOption(powers: readonly Power[]): string {
  return powers.length === 0 ? "" : ` --power ${powers.join(",")}`;
}

/** The newest attempts on the screen: who fails again and again mostly fails alike. A guess. */
const attemptsShownMax = 4;

/** The screen of `why`. */
export function whyLines(view: WhyView): readonly string[] {
  const line = (label: string, text: string | undefined): readonly string[] =>
    text === undefined || text === "" ? [] : labeled(label, text, 8);
  const now = view.time;
  return [
    ...line("resource", view.resource),
    ...line(
      "state",
      view.phase === undefined
        ? "nothing about it is in force"
        : `${phaseWords(view.phase)}, since ${relative(view.since, now)}`,
    ),
    ...line("why", view.why),
    ...line("drift", view.drift && `${view.drift.attributes.join(", ")}: ${view.drift.summary}`),
    ...line("promise", view.promise === undefined ? undefined : JSON.stringify(view.promise)),
    ...line("signed", signedText(view)),
    ...line(
      "grant",
      view.grant && `${view.grant.scope.join(" ")}, rank ${view.grant.rank}, ${view.grant.mode}`,
    ),
    ...line("now", view.action && actionText(view.action, now)),
    ...line("paused", view.pause && `ends ${relative(view.pause.until, now)}: ${view.pause.reason}`),
    ...line("waits", nextText({ next: "", ...view }, now)),
    ...line("tried", `${view.repairsCount} repaired, ${view.failuresCount} failed in a row`),
    ...line("", earlierText(view.attempts.length - attemptsShownMax)),
    ...view.attempts.slice(-attemptsShownMax).flatMap((attempt) => line("", attemptText(attempt, now))),
    ...view.heldClaims.flatMap((claim) =>
      line("held", `${claim.stream} by ${shortId(claim.author)}: ${claim.reason}, ${claim.detail}`),
    ),
    ...(view.role === undefined ? [] : roleRows(view.role).flatMap((row) => line(...row))),
    ...line("incident", view.incident && shortId(view.incident)),
    unbroken("next", view.nextCommand, 8),
  ];
}

function earlierText(earlierCount: number): string {
  return earlierCount <= 0 ? "" : `${earlierCount} before these; --json has them`;
}

function signedText(view: WhyView): string | undefined {
  const { signedBy } = view;
  if (signedBy === undefined) return undefined;
  const { author, stream, generation, fragment, fragmentName } = signedBy;
  const named = fragmentName === undefined ? shortId(fragment) : `${fragmentName} (${shortId(fragment)})`;
  return `${shortId(author)}, stream ${stream}, generation ${generation}, fragment ${named}`;
}
