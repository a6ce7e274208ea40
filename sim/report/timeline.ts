import type { ReportFacts } from "../src/recording/facts.ts";
import type { RecordedStep } from "../src/recording/recording.ts";
import { button, element, onScheme, sized, styleOf } from "./dom.ts";
import { moment, span } from "./format.ts";
import type { Player } from "./player.ts";

/** Steps and violations that get a button each; a scenario file may have thousands. */
const momentsMax = 200;
const barWidth = 3;

/** The slider, what happens along it, and the moments one can jump to. */
export function createTimeline(
  player: Player,
  steps: readonly RecordedStep[],
  violations: ReportFacts["violations"],
): HTMLElement {
  const { durationMs } = player;
  const slider = element("input", {
    type: "range",
    min: 0,
    max: Math.ceil(durationMs),
    step: 1,
    value: 0,
    "aria-label": "Time",
  });
  slider.addEventListener("input", () => player.seek(Number(slider.value)));
  player.onChange(() => {
    slider.value = String(player.nowMs);
    slider.setAttribute("aria-valuetext", moment(player.nowMs, durationMs));
    slider.style.setProperty("--share", String(player.nowMs / durationMs));
  });
  const marks = element("div", { class: "marks", "aria-hidden": "true" });
  for (const { atMs } of steps) marks.append(markAt(atMs / durationMs, "step"));
  for (const { atMs } of violations) marks.append(markAt(atMs / durationMs, "violation"));
  const strip = element("div", { class: "strip" }, createActivity(player), marks, slider);
  return element(
    "div",
    { class: "timeline" },
    strip,
    createScale(durationMs),
    createMoments(player, steps, violations),
  );
}

function markAt(share: number, kind: "step" | "violation"): HTMLElement {
  return element("i", { class: kind, style: `left: ${100 * Math.min(1, share)}%` });
}

/** How much changes along the run, behind the slider. */
function createActivity({ changesMs, durationMs }: Player): HTMLElement {
  const canvas = element("canvas", { "aria-hidden": "true" });
  const draw = (): void => {
    const { clientWidth: width, clientHeight: height } = canvas;
    if (width === 0) return;
    const context = sized(canvas, width, height);
    const bars = new Uint32Array(Math.ceil(width / barWidth));
    for (const ms of changesMs) {
      const bar = Math.min(bars.length - 1, Math.floor((ms / durationMs) * bars.length));
      bars[bar] = (bars[bar] as number) + 1;
    }
    const most = Math.log1p(Math.max(1, ...bars));
    context.fillStyle = styleOf("--activity");
    bars.forEach((changes, bar) => {
      const tall = (Math.log1p(changes) / most) * (height - 2);
      if (changes > 0) context.fillRect(bar * barWidth, height - tall, barWidth - 1, tall);
    });
  };
  new ResizeObserver(draw).observe(canvas);
  onScheme(draw);
  return canvas;
}

/** Labels under the slider at round times. */
function createScale(durationMs: number): HTMLElement {
  const scale = element("div", { class: "scale", "aria-hidden": "true" });
  const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600].map((seconds) => seconds * 1_000);
  const every = steps.find((ms) => durationMs / ms <= 7) ?? durationMs / 6;
  for (let ms = 0; ms <= durationMs; ms += every) {
    scale.append(element("span", { class: "tick", style: `left: ${(100 * ms) / durationMs}%` }, span(ms)));
  }
  return scale;
}

function createMoments(
  player: Player,
  steps: readonly RecordedStep[],
  violations: ReportFacts["violations"],
): HTMLElement {
  const moments = [
    ...steps.map(({ atMs, label }) => ({ atMs, label, kind: "step" })),
    ...violations.map(({ atMs, invariant, agent }) => ({
      atMs,
      label: agent === undefined ? invariant : `${invariant} at ${agent}`,
      kind: "violation",
    })),
  ].sort((left, right) => left.atMs - right.atMs);
  const list = element("div", { class: "moments" });
  for (const { atMs, label, kind } of moments.slice(0, momentsMax)) {
    const jump = (): void => {
      player.pause();
      player.seek(atMs);
    };
    const attributes = {
      class: `moment ${kind}`,
      "data-at": atMs,
      title: `Go to ${moment(atMs, player.durationMs)}`,
    };
    list.append(button(attributes, jump, element("time", {}, span(atMs)), ` ${label}`));
  }
  if (moments.length > momentsMax) {
    list.append(element("span", { class: "muted" }, `and ${moments.length - momentsMax} more`));
  }
  return list;
}
