import type { Recording } from "../src/recording/recording.ts";
import { type Curve, drawCurve } from "./curve.ts";
import { element, onScheme } from "./dom.ts";
import { bytes, count, plural, quantity } from "./format.ts";
import type { Player } from "./player.ts";
import {
  type Columns,
  detectionSeries,
  falseSeries,
  generationSeries,
  mistakenSeries,
  processSeries,
  rateSeries,
} from "./series.ts";
import { Zoom } from "./zoom.ts";

/** Generations of a stream that get a line: the newest, as long as they can be told apart. */
const generationsShown = 7;

/** All curves that have something to show, and why the others are left out. */
export function createCurves(recording: Recording, player: Player): HTMLElement {
  const curves: Curve[] = [];
  const absent: string[] = [];
  const offer = (curve: Curve, isEmpty: boolean, why: string): void => {
    if (isEmpty) absent.push(why);
    else curves.push(curve);
  };
  if (recording.streams.length === 0) absent.push("Nothing was published, so there are no generations.");
  recording.streams.forEach((_, stream) => {
    curves.push(generationCurve(recording, stream));
  });
  curves.push(processCurve(recording));
  const detections = detectionCurve(recording);
  offer(
    detections,
    detections.columns[0].length === 0,
    "Nobody was declared dead, so there is no detection latency.",
  );
  const mistaken = mistakenSeries(recording);
  offer(mistakenCurve(mistaken), isZero(mistaken), "Every running agent's view was true at all times.");
  const wrong = falseSeries(recording);
  offer(falseCurve(wrong), isZero(wrong), "No false positives: nobody who was there was held dead.");
  curves.push(
    rateCurve(recording, "messages", "Messages", quantity),
    rateCurve(recording, "bytes", "Bytes", bytes),
  );
  const repairs = repairCurve(recording);
  offer(repairs, isZero(repairs.columns), "No resource drifted, so nothing was repaired.");
  const zoom = new Zoom(recording);
  const cards = curves.map((curve) => draw(curve, recording, player, zoom));
  const notes = absent.map((why) => element("li", {}, why));
  return element(
    "section",
    {},
    element("h2", {}, "Curves"),
    element(
      "p",
      { class: "muted" },
      "Click to move the replay there, drag to zoom in, double-click to zoom out.",
    ),
    zoom.choice,
    element("div", { class: "curves" }, ...cards),
    ...(notes.length === 0 ? [] : [element("ul", { class: "absent" }, ...notes)]),
  );
}

/** Draws a curve, and again whenever light turns to dark. */
function draw(curve: Curve, recording: Recording, player: Player, zoom: Zoom): HTMLElement {
  const card = element("figure", { class: "curve", "data-curve": curve.title });
  const caption = element(
    "figcaption",
    {},
    element("b", { class: "name" }, curve.title),
    element("span", { class: "note" }, curve.note),
  );
  const plot = element("div", { class: "plot" });
  card.append(caption, plot);
  let drawn = drawCurve(plot, curve, recording.steps, player, zoom);
  onScheme(() => {
    drawn.destroy();
    drawn = drawCurve(plot, curve, recording.steps, player, zoom);
  });
  return card;
}

function generationCurve(recording: Recording, stream: number): Curve {
  const { name, generations } = recording.streams[stream] as Recording["streams"][number];
  const [x, ...lines] = generationSeries(recording, stream);
  const first = Math.max(0, generations.length - generationsShown);
  return {
    title: recording.streams.length === 1 ? "Policy in force" : `Policy in force: ${name}`,
    note: "running agents on each generation, %",
    columns: [x, ...lines.slice(first)],
    lines: generations.slice(first).map(({ generation }) => `generation ${generation}`),
    format: percent,
    max: 100,
    isStepped: true,
    over: "time",
  };
}

function processCurve(recording: Recording): Curve {
  const [x, ...lines] = processSeries(recording);
  const names = ["running", "paused", "gone"];
  // Most runs pause nobody: a line along the axis would say nothing.
  const shown = names.filter((_, line) => !isZero([x, lines[line] ?? []]));
  return {
    title: "Processes",
    note: "agents",
    columns: [x, ...lines.filter((line) => !isZero([x, line]))],
    lines: shown,
    format: quantity,
    isStepped: true,
    over: "time",
  };
}

function detectionCurve({ endDetections, pauseDetections }: Recording): Curve {
  const [ended, paused] = [detectionSeries(endDetections), detectionSeries(pauseDetections)];
  const has = (columns: Columns): boolean => columns[0].length > 0;
  const given = Array.from(endDetections.count).reduce((all, one) => all + one, 0);
  const { missing } = endDetections;
  const note = has(ended)
    ? `from a process' end to each running agent's verdict; ${plural(given, "verdict")}${missing === 0 ? "" : `, ${count(missing)} missing`}`
    : "from a process' pause to each running agent's verdict";
  return {
    title: "Detection latency",
    note: `${note}, %`,
    columns: has(ended) && has(paused) ? joined(ended, paused) : has(ended) ? ended : paused,
    lines: [...(has(ended) ? ["of ended processes"] : []), ...(has(paused) ? ["of paused ones"] : [])],
    format: percent,
    max: 100,
    isStepped: true,
    over: "latency",
  };
}

function mistakenCurve(columns: Columns): Curve {
  return {
    title: "Views that are not true",
    note: "running agents that miss a death, or hold a living agent dead",
    columns,
    lines: ["agents"],
    format: quantity,
    isStepped: true,
    over: "time",
  };
}

function falseCurve(columns: Columns): Curve {
  return {
    title: "False positives",
    note: "agents that are there, and held dead by somebody",
    columns,
    lines: ["running", "paused"],
    format: quantity,
    isStepped: true,
    over: "time",
  };
}

function rateCurve(
  recording: Recording,
  key: "messages" | "bytes",
  title: string,
  format: (value: number) => string,
): Curve {
  return {
    title: `${title} sent`,
    note: `${key} per running agent and second`,
    columns: rateSeries(recording, [key], true),
    lines: [`${key} per second`],
    format,
    isStepped: true,
    isFilled: true,
    over: "time",
  };
}

function repairCurve(recording: Recording): Curve {
  return {
    title: "Drifts and repairs",
    note: "resources per second, in the whole swarm",
    columns: rateSeries(recording, ["drifts", "repairs"], false),
    lines: ["drifted", "repaired"],
    format: quantity,
    isStepped: true,
    over: "time",
  };
}

/** Two cumulative curves over the times of both: between its own times each stays where it was. */
function joined([leftX, left = []]: Columns, [rightX, right = []]: Columns): Columns {
  const x = [...new Set([...leftX, ...rightX])].sort((one, other) => one - other);
  const spread = (own: readonly number[], values: readonly (number | null)[]): (number | null)[] => {
    let at = -1;
    return x.map((ms) => {
      while (at + 1 < own.length && (own[at + 1] as number) <= ms) at += 1;
      return at < 0 ? 0 : (values[at] ?? null);
    });
  };
  return [x, spread(leftX, left), spread(rightX, right)];
}

function isZero([, ...lines]: Columns): boolean {
  return lines.every((line) => line.every((value) => value === null || value === 0));
}

function percent(value: number): string {
  return `${quantity(value)}%`;
}
