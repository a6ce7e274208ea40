import uPlot from "uplot";
import type { RecordedStep } from "../src/recording/recording.ts";
import { element, styleOf } from "./dom.ts";
import { span } from "./format.ts";
import type { Player } from "./player.ts";
import type { Columns } from "./series.ts";
import type { Zoom } from "./zoom.ts";

/** What one chart shows. */
export interface Curve {
  readonly title: string;
  readonly note: string;
  readonly columns: Columns;
  readonly lines: readonly string[];
  readonly format: (value: number) => string;
  /** The top of the axis where it is known. */
  readonly max?: number;
  readonly isStepped: boolean;
  readonly isFilled?: boolean;
  /** Time in seconds, or a latency in milliseconds on a logarithmic axis. */
  readonly over: "time" | "latency";
}

const height = 220;
/** Room for the numbers below a chart. */
const axisHeight = 30;
/** Room for the names of steps above the lines. */
const labelHeight = 15;
const labelRows = 2;
/** Charts over time share zoom and crosshair. */
const shared = "time";
/** While the replay plays, legends follow it this often. */
const legendEveryMs = 100;
/** Lines whose colors differ. */
const linesTold = 7;
const dashes: readonly (number[] | undefined)[] = [undefined, [7, 4], [2, 3], [10, 3, 2, 3]];

/** A chart in its element; it can be removed again. */
export function drawCurve(
  plot: HTMLElement,
  curve: Curve,
  steps: readonly RecordedStep[],
  player: Player,
  zoom: Zoom,
): { destroy(): void } {
  const isTime = curve.over === "time";
  // Also when zoomed in: a stepped line may come from a value before the first point that is in sight.
  const top = roomAbove(curve.max ?? largest(curve.columns));
  const chart = new uPlot(
    {
      width: Math.max(200, plot.clientWidth),
      height,
      padding: [isTime && steps.length > 0 ? labelRows * labelHeight + 4 : 8, 22, 0, 0],
      cursor: {
        points: { size: 6 },
        drag: { x: true, y: false },
        // A value holds until the next one: the nearest point may lie ahead.
        dataIdx: (self, _, __, x) => indexAt(self.data[0], x),
        ...(isTime ? { sync: { key: shared, scales: ["x", null] as [string, null] } } : {}),
      },
      scales: {
        x: isTime
          ? {
              time: false,
              range: (_, min, max) => [Math.max(0, min), Math.min(max, player.durationMs / 1_000)],
            }
          : latencyScale(curve.columns[0]),
        y: { range: [0, top] },
      },
      legend: { markers: { width: 0, fill: (_, line) => markerOf(curve, line - 1) } },
      axes: [
        isTime
          ? axis(span1000, 60)
          : { ...axis(span, 40), splits: latencySplits, filter: (_, splits) => splits },
        { ...axis(curve.format, 30), size: widthOf },
      ],
      series: [
        {
          label: isTime ? "at" : "within",
          value: (self, x) => (isTime ? momentOf(self, player) : latency(x)),
        },
        ...curve.lines.map((label, line) => lineOf(curve, label, line)),
      ],
      plugins: isTime ? [markSteps(steps)] : [],
      // How it ends is what one wants to know of a distribution that nobody points at.
      hooks: isTime ? {} : { ready: [(self) => self.setLegend({ idx: self.data[0].length - 1 })] },
    },
    curve.columns as unknown as uPlot.AlignedData,
    plot,
  );
  const resizing = new ResizeObserver(() => chart.setSize({ width: plot.clientWidth, height }));
  resizing.observe(plot);
  if (isTime) {
    followReplay(chart, player);
    zoom.add(chart);
  }
  return {
    destroy: () => {
      resizing.disconnect();
      zoom.remove(chart);
      chart.destroy();
    },
  };
}

function lineOf(curve: Curve, label: string, line: number): uPlot.Series {
  const color = colorOf(line);
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const dash = dashOf(curve, line);
  return {
    label,
    stroke: color,
    width: 2,
    points: { show: false },
    value: (_, value) => (value === null ? "–" : curve.format(value)),
    ...(dash === undefined ? {} : { dash }),
    ...(curve.isFilled === true ? { fill: `color-mix(in srgb, ${color} 18%, transparent)` } : {}),
    ...(curve.isStepped && stepped !== undefined ? { paths: stepped } : {}),
  };
}

function colorOf(line: number): string {
  return styleOf(`--line-${(line % linesTold) + 1}`);
}

function dashOf({ lines }: Curve, line: number): number[] | undefined {
  return lines.length > 1 ? dashes[line % dashes.length] : undefined;
}

/** The legend's piece of a line, with its color and its dashes. */
function markerOf(curve: Curve, line: number): string {
  const color = colorOf(line);
  const [drawn, left] = dashOf(curve, line) ?? [];
  if (drawn === undefined || left === undefined) return color;
  return `repeating-linear-gradient(90deg, ${color} 0 ${drawn}px, transparent ${drawn}px ${drawn + left}px)`;
}

/** The moment that the legend's values are of: that under the pointer, or that of the replay. */
function momentOf(chart: uPlot, player: Player): string {
  const left = chart.cursor.left ?? -1;
  return span(left >= 0 ? Math.round(1_000 * chart.posToVal(left, "x")) : player.nowMs);
}

/** Latencies that differ by more than this are shown on a logarithmic axis. */
const linearSpread = 8;

function latencyScale(x: readonly number[]): uPlot.Scale {
  const [low, high] = [x[0] ?? 1, x.at(-1) ?? 1];
  const range: uPlot.Scale.Range = [low / 1.15, high * 1.15];
  return high / low < linearSpread ? { time: false, range } : { time: false, distr: 3, log: 10, range };
}

/** Round latencies: 1, 2 and 5 of every power of ten, or the powers alone where those are many. */
function latencySplits(_chart: uPlot, _axis: number, min: number, max: number): number[] {
  const isWide = max / min > 1_000;
  const splits: number[] = [];
  for (let power = 10 ** Math.floor(Math.log10(min)); power <= max; power *= 10) {
    for (const digit of isWide ? [1] : [1, 2, 5]) {
      if (power * digit >= min && power * digit <= max) splits.push(power * digit);
    }
  }
  if (splits.length > 2) return splits;
  const step = 10 ** Math.floor(Math.log10(max - min));
  const every = (max - min) / step < 3 ? step / 2 : step;
  return Array.from({ length: Math.floor(max / every) + 1 }, (_, index) => index * every).filter(
    (at) => at >= min,
  );
}

function latency(ms: number | null): string {
  return ms === null ? "–" : span(ms);
}

function axis(format: (value: number) => string, space: number): uPlot.Axis {
  const line = styleOf("--line");
  return {
    stroke: styleOf("--muted"),
    font: `12px ${styleOf("--font")}`,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1, size: 4 },
    size: axisHeight,
    space,
    values: (_, splits) => splits.map((value) => (value === null ? "" : format(value))),
  };
}

/** How wide the axis beside a chart is: as its longest number. */
function widthOf(_chart: uPlot, values: string[] | null): number {
  return Math.max(34, 14 + 7 * Math.max(0, ...(values ?? []).map((text) => text?.length ?? 0)));
}

/** A line for each step of the scenario; its name where there is room for it. */
function markSteps(steps: readonly RecordedStep[]): uPlot.Plugin {
  return {
    hooks: {
      draw: ({ ctx: context, bbox, valToPos, scales }) => {
        const scale = devicePixelRatio;
        const { min = 0, max = 0 } = scales["x"] as uPlot.Scale;
        context.save();
        context.strokeStyle = styleOf("--mark");
        context.fillStyle = styleOf("--ink");
        context.lineWidth = scale;
        context.textAlign = "left";
        context.textBaseline = "alphabetic";
        context.font = `${11 * scale}px ${styleOf("--font")}`;
        const free = new Array<number>(labelRows).fill(bbox.left - 4 * scale);
        for (const { atMs, label: whole } of steps) {
          // To whom it was done is said below the slider.
          const label = whole.replace(/ to .*/, "");
          const seconds = atMs / 1_000;
          if (seconds < min || seconds > max) continue;
          const x = Math.round(valToPos(seconds, "x", true));
          context.setLineDash([3 * scale, 3 * scale]);
          context.beginPath();
          context.moveTo(x, bbox.top);
          context.lineTo(x, bbox.top + bbox.height);
          context.stroke();
          const { width } = context.measureText(label);
          const right = bbox.left + bbox.width;
          const left = Math.min(Math.max(bbox.left, x - width / 2), right - width);
          const row = free.findIndex((edge) => left >= edge);
          if (row < 0) continue;
          context.fillText(label, left, bbox.top - (5 + row * labelHeight) * scale);
          free[row] = left + width + 8 * scale;
        }
        context.restore();
      },
    },
  };
}

/** The replay's moment as a line, and the legend's values there; a click moves the replay. */
function followReplay(chart: uPlot, player: Player): void {
  const now = element("div", { class: "now-line" });
  chart.over.append(now);
  let toldMs = 0;
  const follow = (): void => {
    const seconds = player.nowMs / 1_000;
    const left = chart.valToPos(seconds, "x");
    now.hidden = !(left >= 0 && left <= chart.over.clientWidth);
    now.style.transform = `translateX(${left}px)`;
    const hovered = chart.cursor.left ?? -1;
    if (hovered >= 0) {
      chart.setLegend({ idx: indexAt(chart.data[0], chart.posToVal(hovered, "x")) }, false);
      return;
    }
    if (player.isPlaying && performance.now() - toldMs < legendEveryMs) return;
    toldMs = performance.now();
    chart.setLegend({ idx: indexAt(chart.data[0], seconds) });
  };
  player.onChange(follow);
  chart.hooks["setCursor"] = [...(chart.hooks["setCursor"] ?? []), follow];
  chart.hooks["setScale"] = [...(chart.hooks["setScale"] ?? []), follow];
  chart.hooks["setSize"] = [...(chart.hooks["setSize"] ?? []), follow];
  let pressedAt = 0;
  chart.over.addEventListener("pointerdown", ({ clientX }) => {
    pressedAt = clientX;
  });
  chart.over.addEventListener("click", ({ clientX, detail }) => {
    // A drag has zoomed in, and a double click zooms out.
    if (detail !== 1 || Math.abs(clientX - pressedAt) > 3) return;
    player.seek(Math.round(1_000 * chart.posToVal(clientX - chart.over.getBoundingClientRect().left, "x")));
  });
  follow();
}

/** The last point that is not after a time. */
function indexAt(x: ArrayLike<number>, seconds: number): number {
  let [low, high] = [0, x.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((x[middle] as number) <= seconds) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

function largest([, ...lines]: Columns): number {
  return lines.reduce(
    (most, line) => line.reduce<number>((found, value) => Math.max(found, value ?? 0), most),
    0,
  );
}

function roomAbove(max: number): number {
  return max <= 0 ? 1 : max * 1.06;
}

function span1000(seconds: number): string {
  return span(Math.round(seconds * 1_000));
}
