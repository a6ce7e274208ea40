import type uPlot from "uplot";
import type { Recording } from "../src/recording/recording.ts";
import { button, element } from "./dom.ts";
import { span } from "./format.ts";

/** Steps that can be looked at closely by a button each. */
const stepsMax = 10;
/** From so long before a step to so long after it. */
const beforeMs = 200;
const afterMs = 2_000;

/** Which part of a run its charts over time show: all of them the same. */
export class Zoom {
  /** The whole run, or the moments after a step. */
  readonly choice: HTMLElement;
  readonly #charts = new Set<uPlot>();

  constructor({ steps, durationMs }: Recording) {
    this.choice = element("div", { class: "zoom" });
    const offer = (label: string, fromMs: number, toMs: number): void => {
      this.choice.append(button({}, () => this.#show(fromMs / 1_000, toMs / 1_000), label));
    };
    if (steps.length === 0) return;
    offer("Whole run", 0, durationMs);
    // What happens twice at one moment needs one button.
    const different = [...new Map(steps.map((step) => [`${step.atMs} ${step.label}`, step])).values()];
    for (const { atMs, label } of different.slice(0, stepsMax)) {
      offer(
        `${span(afterMs)} after ${label}`,
        Math.max(0, atMs - beforeMs),
        Math.min(durationMs, atMs + afterMs),
      );
    }
  }

  add(chart: uPlot): void {
    this.#charts.add(chart);
  }

  remove(chart: uPlot): void {
    this.#charts.delete(chart);
  }

  #show(min: number, max: number): void {
    for (const chart of this.#charts) chart.setScale("x", { min, max });
  }
}
