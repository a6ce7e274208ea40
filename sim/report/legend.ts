import { element, onScheme, sized } from "./dom.ts";
import { Dots } from "./dots.ts";
import { count } from "./format.ts";
import type { Player } from "./player.ts";
import { states } from "./states.ts";
import type { Swarm } from "./swarm.ts";

const swatchSize = 18;

/** What each color and shape means, and how many agents are in that state now. */
export function createLegend(swarm: Swarm, player: Player): HTMLElement {
  const list = element("ul", { class: "legend" });
  const swatches: HTMLCanvasElement[] = [];
  const rows = states.map(({ key, label, detail }) => {
    const swatch = element("canvas", { class: "swatch", "aria-hidden": "true" });
    swatches.push(swatch);
    const number = element("b", {}, "0");
    const row = element(
      "li",
      { "data-state": key, title: detail },
      swatch,
      element("span", { class: "name" }, label),
      number,
    );
    list.append(row);
    return { row, number };
  });
  const paint = (): void => {
    const dots = new Dots();
    swatches.forEach((swatch, state) => {
      const context = sized(swatch, swatchSize, swatchSize);
      dots.draw(context, state, swatchSize / 2, swatchSize / 2, swatchSize / 2 - 2);
    });
  };
  paint();
  onScheme(paint);
  player.onChange(() => {
    rows.forEach(({ row, number }, state) => {
      const agents = swarm.counts[state] as number;
      number.textContent = count(agents);
      row.classList.toggle("none", agents === 0);
    });
  });
  return list;
}
