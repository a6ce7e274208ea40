import type { Inspection } from "@antibody/core";
import { type AuthorId, shortId } from "@antibody/policy";
import type { Deed, Published, Rotated, Said } from "../author/deeds.ts";
import { printable } from "../text/printable.ts";
import { count } from "./words.ts";

/** Where a generation is, as far as the agent here has heard. */
interface Whereabouts {
  /**
   * - `inForce`, `waiting`, `blocked`, `held`: on this device. - `superseded`: a later one took its place here.
   * - `ended`: its epoch is over. - `absent`: this device does not hold it.
   */
  readonly here: "inForce" | "waiting" | "blocked" | "held" | "superseded" | "ended" | "absent";
  /** What devices have signed of it; absent where it does not come into force in stages. */
  readonly reports?: { readonly devices: number; readonly healthy: number; readonly failed: number };
}

/** One line of `author log --json`. */
export type AuthorLogEntry = { readonly schema: "antibody.authorLog/1"; readonly author: AuthorId } & (
  | Deed
  | (Published & { readonly whereabouts: Whereabouts })
  | Heard
);

/** The newest that the agent holds, and that was not done from here. */
interface Heard {
  readonly type: "heard";
  readonly stream?: string;
  readonly epoch: number;
  readonly generation?: number;
  readonly manifest?: string;
  readonly rootNumber?: number;
}

const schema = "antibody.authorLog/1";
/** Changed resources of one generation on the screen; `--json` has all. A guess. */
const changesShownMax = 8;
/** Characters of a key that people compare. A guess: as many as ids are shortened to. */
const keyCharacters = 16;

/** What was done in an author's name, the oldest first, and what else the agent has heard of it. */
export function authorLogEntries(
  author: AuthorId,
  deeds: readonly Deed[],
  inspection: Inspection | undefined,
): readonly AuthorLogEntry[] {
  const done = deeds.map((deed): AuthorLogEntry => {
    if (deed.type !== "published" || inspection === undefined) return { schema, author, ...deed };
    return { schema, author, ...deed, whereabouts: whereaboutsOf(inspection, author, deed) };
  });
  const heard = inspection === undefined ? [] : heardOf(inspection, author, deeds);
  return [...done, ...heard.map((each): AuthorLogEntry => ({ schema, author, ...each }))];
}

function whereaboutsOf(inspection: Inspection, author: AuthorId, deed: Published): Whereabouts {
  const here = hereOf(inspection, author, deed);
  const rollout = inspection.rollouts?.find(({ manifest }) => manifest === deed.manifest);
  if (rollout === undefined) return { here };
  const sum = (of: "members" | "healthy" | "failed"): number =>
    rollout.waves.reduce((total, wave) => total + wave[of], 0);
  return { here, reports: { devices: sum("members"), healthy: sum("healthy"), failed: sum("failed") } };
}

function hereOf(
  { streams, authors = [] }: Inspection,
  author: AuthorId,
  { stream, epoch, generation, manifest }: Published,
): Whereabouts["here"] {
  const state = streams.find((each) => each.author === author && each.stream === stream);
  if (state?.active?.manifest === manifest) return state.held === undefined ? "inForce" : "held";
  if (state?.pending?.manifest === manifest) {
    if (state.held !== undefined) return "held";
    return state.pending.stage === "blocked" ? "blocked" : "waiting";
  }
  const newest = authors.find((each) => each.author === author);
  if (newest !== undefined && newest.epoch > epoch) return "ended";
  const active = state?.active?.version;
  return active !== undefined && active.generation > generation ? "superseded" : "absent";
}

function heardOf(
  { streams, authors = [] }: Inspection,
  author: AuthorId,
  deeds: readonly Deed[],
): readonly Heard[] {
  const manifests = new Set(deeds.flatMap((deed) => ("manifest" in deed ? [deed.manifest] : [])));
  const generations = streams.flatMap((state): readonly Heard[] => {
    const { active, stream } = state;
    if (state.author !== author || active === undefined || manifests.has(active.manifest)) return [];
    return [{ type: "heard", stream, ...active.version, manifest: active.manifest }];
  });
  const roots = deeds.flatMap((deed) => ("rootNumber" in deed ? [deed.rootNumber] : []));
  const root = authors.find((each) => each.author === author);
  if (root === undefined || root.rootNumber <= Math.max(1, ...roots)) return generations;
  return [{ type: "heard", epoch: root.epoch, rootNumber: root.rootNumber }, ...generations];
}

/** One entry in lines: the deed, then what belongs to it. */
export function authorLogLines(entry: AuthorLogEntry): readonly string[] {
  if (entry.type === "heard") return [`not from here     ${shortId(entry.author)}: ${heardText(entry)}`];
  const when = `${entry.time.slice(0, 10)} ${entry.time.slice(11, 19)}`;
  const who = printable(entry.name ?? shortId(entry.author));
  const lines = [deedText(entry), ...detailsOf(entry), `${signedText(entry)}; run by uid ${entry.uid}`];
  return lines.map((line, index) => `${index === 0 ? `${when}  ${who}:` : "   "} ${printable(line)}`);
}

function heardText({ stream, generation, epoch, rootNumber }: Heard): string {
  return stream === undefined
    ? `root ${rootNumber}, epoch ${epoch}, is the newest`
    : `stream ${stream}, generation ${generation} of epoch ${epoch}, is in force here`;
}

function deedText(deed: Deed): string {
  switch (deed.type) {
    case "published": {
      const { stream, generation, epoch, manifest } = deed;
      return `published ${stream}, generation ${generation} of epoch ${epoch} (${shortId(manifest)})`;
    }
    case "said":
      return `said ${deed.verb} of ${deed.stream}, generation ${deed.generation}`;
    case "rotated":
    case "revoked":
      return `${deed.type}: root ${deed.rootNumber}, epoch ${deed.epoch} (${deed.root.slice(0, keyCharacters)})`;
    default:
      return deed satisfies never;
  }
}

function detailsOf(deed: Deed & { readonly whereabouts?: Whereabouts }): readonly string[] {
  switch (deed.type) {
    case "published":
      return publishedDetails(deed);
    case "said":
      return saidDetails(deed);
    case "rotated":
    case "revoked":
      return rotatedDetails(deed);
    default:
      return deed satisfies never;
  }
}

function publishedDetails(deed: Published & { readonly whereabouts?: Whereabouts }): readonly string[] {
  const { whereabouts, changes, note, staging } = deed;
  return [
    ...(changes === undefined ? [count(deed.promisesCount, "promise")] : changeLines(changes)),
    ...(staging === undefined ? [] : [`in stages: ${staging}`]),
    ...(note === undefined ? [] : [`note: ${note}`]),
    ...(whereabouts === undefined ? [] : [whereaboutsText(whereabouts)]),
  ];
}

function changeLines({
  since,
  added,
  changed,
  removed,
}: NonNullable<Published["changes"]>): readonly string[] {
  const lines = [
    ...added.map((resource) => `+ ${resource}`),
    ...changed.map(({ resource, fields }) => `~ ${resource}: ${fields.join(", ")}`),
    ...removed.map((resource) => `- ${resource}`),
  ];
  if (lines.length === 0) return [`the same as generation ${since}`];
  const rest = lines.length - changesShownMax;
  return [...lines.slice(0, changesShownMax), ...(rest > 0 ? [`and ${rest} more; --json has all`] : [])];
}

const hereTexts = {
  inForce: "in force here",
  waiting: "not in force here yet",
  blocked: "went back here, and is never tried again here",
  held: "held here",
  superseded: "a later one took its place here",
  ended: "its epoch is over",
  absent: "not on this device",
} as const;

function whereaboutsText({ here, reports }: Whereabouts): string {
  if (reports === undefined) return hereTexts[here];
  const { devices, healthy, failed } = reports;
  return `${hereTexts[here]}; of ${count(devices, "device")} ${healthy} said that it is well, ${failed} that it failed`;
}

function saidDetails({ wave, reason }: Said): readonly string[] {
  return [
    ...(wave === undefined ? [] : [`up to wave ${wave}`]),
    ...(reason === undefined ? [] : [`reason: ${reason}`]),
  ];
}

function rotatedDetails({ threshold, keys, carriedCount }: Rotated): readonly string[] {
  return [
    `from now on ${threshold} of ${keys.map((key) => key.slice(0, keyCharacters)).join(", ")}`,
    `${count(carriedCount, "document")} of before stay valid`,
  ];
}

function signedText({ signedBy }: Deed): string {
  return `signed by ${signedBy.map((key) => key.slice(0, keyCharacters)).join(", ")}`;
}
