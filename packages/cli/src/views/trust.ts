import type { Inspection } from "@antibody/core";
import { type Grant, shortId } from "@antibody/policy";
import { fit, labeled, table } from "../text/table.ts";
import { timesOf } from "../text/times.ts";
import type { TrustEffect, TrustPlan } from "../trust/plan.ts";

/** What `trust list` tells, as `--json` prints it. */
export interface TrustView {
  readonly schema: "antibody.trust/1";
  readonly time: string;
  readonly grants: readonly (Grant & {
    /** The author's streams that this device has heard of. */
    readonly streams: readonly string[];
    readonly promisesInForceCount: number;
  })[];
  /** Authors whose policy is held and relayed, and changes nothing here. */
  readonly strangers: readonly string[];
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
      }))
      .toSorted((left, right) => right.rank - left.rank),
    strangers: [...new Set(strangers)],
  };
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
    grant.introducedBy ?? "-",
  ]);
  const headers = ["AUTHOR", "RANK", "MODE", "SCOPE", "POWERS", "STREAMS", "IN FORCE", "INTRODUCED BY"];
  return [
    ...(rows.length === 0 ? ["no author is accepted: nothing is enforced"] : table(headers, rows)),
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
    ...(effects.length === 0 ? ["  changes nothing that is known today"] : []),
  ];
}

function grantText(grant: Grant): string {
  const may = grant.powers.length === 0 ? "no powers" : `powers: ${grant.powers.join(", ")}`;
  return `${grant.scope.join(" ")}, rank ${grant.rank}, ${grant.mode}, ${may}`;
}

function effectText({ resource, effect, detail }: TrustEffect): string {
  const mark = { kept: "+", changed: "~", refused: " ", released: "-", undone: "-" }[effect];
  return `${mark} ${resource}: ${effect} (${detail})`;
}
