import { shortId } from "@antibody/policy";
import { printable } from "../text/printable.ts";
import { fit, table } from "../text/table.ts";
import { age, relative } from "../text/times.ts";
import { actionText, nextText, type ResourceFields } from "../views/resource.ts";
import type { WatchView } from "../views/watch.ts";
import { count, phaseOrder, phaseWords, tally, verdictOrder } from "../views/words.ts";
import type { Room } from "./screen.ts";
import { chosen, pauseSpanDefault, type WatchState } from "./state.ts";

/** Lines of each part above the resources; the rest is counted. Guesses: a screen of 24 rows leaves the half for them. */
const partRowsMax = 3;
/** Fewer rows than this are taken for this many: the list always shows something. */
const rowsMin = 8;

const listKeys =
  "arrows move · w why · p pause · r resume · s step · c cancel · space hold · ? help · q quit";

/** The lines of one moment, at most one less than the rows of the terminal, each at most one less than its columns. */
export function frame(
  state: WatchState,
  view: WatchView,
  whyLines: readonly string[],
  lost: string | undefined,
  room: Room,
): readonly string[] {
  const rows = Math.max(rowsMin, room.rows) - 1;
  const foot = footLines(state, lost);
  const body =
    state.page.type === "list"
      ? listLines(state, view, rows - foot.length, room.columns)
      : textLines(state, whyLines, rows - foot.length);
  return [...body, ...foot].slice(0, rows).map((line) => fit(printable(line), room.columns - 1));
}

function listLines(state: WatchState, view: WatchView, rows: number, columns: number): readonly string[] {
  const above = [
    headLine(view),
    ...part(view.problems.map(({ what }) => `problem  ${what}`)),
    ...part(
      view.running.flatMap(({ resource, action }) =>
        action === undefined ? [] : [`running  ${resource}: ${actionText(action, view.time)}`],
      ),
    ),
    ...part(
      view.pauses.map(
        ({ target, reason, until }) => `paused   ${target}, ends ${relative(until, view.time)}: ${reason}`,
      ),
    ),
    ...part(
      view.incidents.map(
        ({ id, resource, at, cause }) =>
          `incident ${shortId(id as never)} ${resource}, ${age(at, view.time)} old: ${cause}`,
      ),
    ),
    ...part(
      view.peers
        .filter(({ verdict }) => verdict !== "reachable")
        .map(
          ({ name, verdict, since, why }) =>
            `peer     ${name} ${verdict} for ${age(since, view.time)}: ${why}`,
        ),
    ),
    "",
  ];
  const kept = above.slice(0, Math.max(1, rows - 4));
  return [...kept, ...resourceRows(state, view, rows - kept.length, columns)];
}

function headLine(view: WatchView): string {
  const phases = tally(
    view.resources.map(({ phase }) => phase),
    phaseOrder.toReversed(),
    phaseWords,
  );
  const peers = tally(
    view.peers.map(({ verdict }) => verdict),
    verdictOrder,
    (verdict) => verdict,
  );
  return [
    `${view.name}: ${view.health === "ok" ? "ok" : "DEGRADED"}`,
    phases === "" ? "nothing promised" : phases,
    `peers: ${peers === "" ? "none" : peers}${view.cutOff ? ", this agent is cut off" : ""}`,
    view.time.slice(11, 19),
  ].join("   ");
}

/** The first lines of a part, and how many more there are. */
function part(lines: readonly string[]): readonly string[] {
  if (lines.length <= partRowsMax) return lines;
  return [...lines.slice(0, partRowsMax - 1), `         and ${lines.length - partRowsMax + 1} more`];
}

/** A window on the resources that holds the cursor. */
function resourceRows(state: WatchState, view: WatchView, rows: number, columns: number): readonly string[] {
  const at = chosen(state, view);
  if (at === undefined) return ["nothing is promised to this device"];
  const room = Math.max(1, rows - 2);
  const index = view.resources.indexOf(at);
  const from = Math.max(0, Math.min(index - Math.floor(room / 2), view.resources.length - room));
  const shown = view.resources.slice(from, from + room);
  const [header = "", ...lines] = table(
    ["RESOURCE", "STATE", "SINCE", "WHY", "NEXT"],
    shown.map((fields) => rowOf(fields, view.time)),
    columns - 3,
  );
  const hidden = view.resources.length - shown.length;
  return [
    `  ${header}`,
    ...lines.map((line, row) => `${shown[row] === at ? ">" : " "} ${line}`),
    ...(hidden === 0 ? [] : [`  ${count(hidden, "more resource")}, ${from} above`]),
  ];
}

function rowOf(fields: ResourceFields, now: string): readonly string[] {
  return [
    fields.resource,
    phaseWords(fields.phase),
    age(fields.since, now),
    fields.why,
    nextText(fields, now),
  ];
}

function textLines(state: WatchState, lines: readonly string[], rows: number): readonly string[] {
  const { page } = state;
  if (page.type === "help") return helpLines;
  const from = page.type === "why" ? Math.min(page.from, Math.max(0, lines.length - rows)) : 0;
  return lines.slice(from, from + rows);
}

function footLines(state: WatchState, lost: string | undefined): readonly string[] {
  const told = [
    ...(lost === undefined ? [] : [`${lost}; what is shown is of before, and it is tried again`]),
    ...(state.message === "" ? [] : [state.message]),
  ];
  return ["", ...told, promptLine(state)];
}

function promptLine({ prompt, page, held }: WatchState): string {
  if (prompt === undefined) {
    if (held) return "held: nothing is painted until you press space again";
    return page.type === "list" ? listKeys : "arrows move · any other key goes back";
  }
  switch (prompt.type) {
    case "reason":
      return `pause ${targetText(prompt.target)}; why? ${prompt.typed}_`;
    case "span":
      return `pause ${targetText(prompt.target)} for how long [${pauseSpanDefault}]? ${prompt.typed}_`;
    case "cancel":
      return `cancel ${prompt.action} of ${prompt.resource}? It counts as failed. [y/N]`;
    default:
      return prompt satisfies never;
  }
}

function targetText(target: string): string {
  return target === "*" ? "everything" : target;
}

const helpLines: readonly string[] = [
  "keys",
  "",
  "  up, down, k, j     choose a resource",
  "  w, enter           why it is as it is: the page of antibody why",
  "  p                  pause it: asks for a reason, and when the pause ends",
  "  r, s               resume it; let one action of it through, and stay paused",
  "  c                  cancel the repair that runs: it counts as failed",
  "  P, R, S            the same for everything",
  "  space              hold the screen still, to select and copy; again to go on",
  "  q, Ctrl-C          leave; what is shown stays",
];
