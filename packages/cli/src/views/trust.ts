import type { Inspection } from "@antibody/core";
import { type AuthorId, compareText, type Grant, ownersWord, shortId } from "@antibody/policy";
import { printable } from "../text/printable.ts";
import { fit, labeled, table } from "../text/table.ts";
import { timesOf } from "../text/times.ts";
import { idleGlobText } from "../trust/idleGlobs.ts";
import { ownerText } from "../trust/ownerKey.ts";
import type { TrustEffect, TrustPlan } from "../trust/plan.ts";

/** What `trust list` tells, as `--json` prints it. */
export interface TrustView {
  readonly schema: "antibody.trust/1";
  readonly time: string;
  readonly grants: readonly (Grant & {
    /** The author's streams that this device has heard of. */
    readonly streams: readonly string[];
    readonly promisesInForceCount: number;
    /** The peer that brought the author's root here, or `owner`. */
    readonly rootIntroducedBy?: string;
    /** What the author claims now, in force or not. */
    readonly claims: readonly TrustClaim[];
    /** Whether the author has signed what cannot both be true; nothing of it is enforced or undone then. */
    readonly isDisputed: boolean;
  })[];
  /** The owner's key that this device obeys, as people copy it. */
  readonly owner?: string;
  /** Authors whose policy is held and relayed, and changes nothing here. */
  readonly strangers: readonly string[];
}

/** One claim of an author on this device. */
interface TrustClaim {
  readonly resource: string;
  readonly stream: string;
  /** `inForce`, or why it is held. */
  readonly state: string;
}

/** What `trust add` and `trust remove` tell, as `--json` prints it. */
export interface TrustChangeView extends TrustPlan {
  readonly schema: "antibody.trustChange/1";
  readonly applied: true;
}

/** Effects shown of one plan; the numbers say the rest. */
const effectsShownMax = 20;

/** Puts together who may tell this device what. */
export function trustView(inspection: Inspection): TrustView {
  const granted = new Set(inspection.grants.map(({ author }) => author));
  const authors = inspection.authors ?? [];
  const introducers = new Map(authors.map(({ author, introducedBy }) => [author, introducedBy]));
  const strangers = inspection.streams.map(({ author }) => author).filter((author) => !granted.has(author));
  return {
    schema: "antibody.trust/1",
    time: timesOf(inspection).now,
    grants: inspection.grants
      .map((grant) => ({
        ...grant,
        streams: inspection.streams
          .filter(({ author }) => author === grant.author)
          .map(({ stream }) => stream),
        promisesInForceCount: inspection.resources.filter(
          ({ author, promise }) => author === grant.author && promise !== undefined,
        ).length,
        ...introducedField(inspection, introducers.get(grant.author)),
        claims: claimsOf(inspection, grant.author),
        isDisputed: inspection.streams.some(
          ({ author, held }) => author === grant.author && held === "equivocation",
        ),
      }))
      .toSorted((left, right) => right.rank - left.rank),
    strangers: [...new Set(strangers)],
    ...(inspection.owner === undefined ? {} : { owner: ownerText(inspection.owner.key) }),
  };
}

/** By the peer's name where it is known: that is what people call it. */
function introducedField(
  { members }: Inspection,
  introducer: string | undefined,
): { readonly rootIntroducedBy?: string } {
  if (introducer === undefined) return {};
  return { rootIntroducedBy: members.find(({ agent }) => agent === introducer)?.name ?? introducer };
}

function claimsOf(inspection: Inspection, author: AuthorId): readonly TrustClaim[] {
  const inForce = inspection.resources.flatMap((view) =>
    view.author === author && view.promise !== undefined
      ? [{ resource: view.resource, stream: view.stream ?? "", state: "inForce" }]
      : [],
  );
  const held = inspection.heldClaims.flatMap((claim) =>
    claim.author === author ? [{ resource: claim.resource, stream: claim.stream, state: claim.reason }] : [],
  );
  return [...inForce, ...held].toSorted(
    (left, right) => compareText(left.resource, right.resource) || compareText(left.stream, right.stream),
  );
}

/** Who brought the author's root here, and whether its grant is one for all of the owner's devices. */
function introducerText(root: string | undefined, grant: string | undefined): string {
  if (root === undefined || grant !== ownersWord) return printable(root ?? grant ?? "-");
  return `${printable(root)}; ${grant}`;
}

/** Claims shown of one author; the numbers say the rest. */
const claimsShownMax = 10;

function claimLines(view: TrustView): readonly string[] {
  return view.grants.flatMap(({ author, claims, isDisputed }) => {
    if (claims.length === 0) return [];
    const dispute = isDisputed ? ", in dispute: nothing is enforced or undone until a new epoch" : "";
    const lines = claims
      .slice(0, claimsShownMax)
      .map(({ resource, state }) =>
        fit(`  ${state === "inForce" ? "in force" : `held: ${state}`}  ${printable(resource)}`, 100),
      );
    const rest = claims.length - lines.length;
    return [
      fit(`${shortId(author)} claims ${claims.length}${dispute}`, 100),
      ...lines,
      ...(rest > 0 ? [`  and ${rest} more; --json has all`] : []),
    ];
  });
}

/** The table of `trust list`. */
export function trustLines(view: TrustView): readonly string[] {
  const rows = view.grants.map((grant) => [
    shortId(grant.author),
    String(grant.rank),
    grant.mode,
    grant.scope.join(" "),
    grant.powers.join(",") || "-",
    grant.streams.join(" ") || "-",
    String(grant.promisesInForceCount),
    introducerText(grant.rootIntroducedBy, grant.introducedBy),
  ]);
  const headers = ["AUTHOR", "RANK", "MODE", "SCOPE", "POWERS", "STREAMS", "IN FORCE", "INTRODUCED BY"];
  return [
    ...(rows.length === 0 ? ["no author is accepted: nothing is enforced"] : table(headers, rows)),
    ...claimLines(view),
    ...(view.owner === undefined ? [] : [`this device obeys ${view.owner}`]),
    ...view.strangers.map((author) => `not accepted, only relayed: ${shortId(author)}`),
  ];
}

/** What the owner looks at before saying yes. */
export function planLines(plan: TrustPlan, code: string): readonly string[] {
  const { before, after, effects } = plan;
  return [
    ...labeled("author", `${shortId(plan.author)}, compare: ${code}`, 7),
    ...labeled("before", before === undefined ? "not accepted" : grantText(before), 7),
    ...labeled("after", after === undefined ? "not accepted" : grantText(after), 7),
    ...effects.slice(0, effectsShownMax).map((effect) => fit(`  ${effectText(effect)}`, 100)),
    ...(effects.length > effectsShownMax ? [`  and ${effects.length - effectsShownMax} more`] : []),
    ...(plan.idleGlobs ?? []).map(
      (idle) => `  ${printable(idleGlobText(idle, "that the author claims here"))}`,
    ),
    ...(effects.length === 0 ? ["  changes nothing that is known today"] : []),
  ];
}

/** What a grant lets an author do, on one line. */
export function grantText(grant: Pick<Grant, "scope" | "rank" | "mode" | "powers">): string {
  const may = grant.powers.length === 0 ? "no powers" : `powers: ${grant.powers.join(", ")}`;
  return `${grant.scope.join(" ")}, rank ${grant.rank}, ${grant.mode}, ${may}`;
}

function effectText({ resource, effect, detail }: TrustEffect): string {
  const mark = { kept: "+", changed: "~", refused: " ", released: "-", undone: "-" }[effect];
  return `${mark} ${resource}: ${effect} (${detail})`;
}
