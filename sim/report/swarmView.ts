import { type Arrangement, arrange } from "./arrangement.ts";
import { element, onScheme, sized, styleOf } from "./dom.ts";
import { Dots } from "./dots.ts";
import { count } from "./format.ts";
import { Raster } from "./raster.ts";
import type { Swarm } from "./swarm.ts";

/** How long agents take to move when who reaches whom has changed. */
const moveMs = 450;
/** A pointer finds the nearest agent up to so many pixels away. */
const reachMin = 8;
const undrawn = 255;

/** The swarm as dots on a canvas, drawn again whenever a state has changed. */
export class SwarmView {
  readonly root: HTMLElement;
  /** Told which agent is under the pointer, and where it is. */
  onPoint: (agent: number | undefined, x: number, y: number) => void = () => {};
  readonly #canvas: HTMLCanvasElement;
  readonly #swarm: Swarm;
  readonly #places: readonly string[];
  readonly #drawn: Uint8Array;
  readonly #placed: Uint8Array;
  #dots = new Dots();
  #context: CanvasRenderingContext2D | undefined;
  #raster: Raster | undefined;
  #rasterRadius = 0;
  #width = 0;
  #height = 0;
  #from: Arrangement | undefined;
  #to: Arrangement | undefined;
  #movedMs = 0;
  #pointed: number | undefined;

  constructor(swarm: Swarm, places: readonly string[]) {
    this.#swarm = swarm;
    this.#places = places;
    this.#drawn = new Uint8Array(swarm.size).fill(undrawn);
    this.#placed = new Uint8Array(swarm.size);
    this.#canvas = element("canvas", {
      role: "img",
      "aria-label": "Every agent as a dot, colored by its state",
    });
    this.root = element("div", { class: "swarm" }, this.#canvas);
    new ResizeObserver(() => this.#resize()).observe(this.root);
    onScheme(() => {
      this.#dots = new Dots();
      this.#raster = undefined;
      this.#redraw();
    });
    this.#canvas.addEventListener("pointermove", (event) => this.#point(event));
    this.#canvas.addEventListener("pointerdown", (event) => this.#point(event));
    this.#canvas.addEventListener("pointerleave", () => this.#pointAt(undefined));
  }

  /** Draws what has changed since the last call. */
  update(): void {
    if (this.#context === undefined || this.#to === undefined) return;
    if (this.#swarm.place.some((place, agent) => place !== this.#placed[agent])) {
      this.#placed.set(this.#swarm.place);
      this.#move();
    }
    if (this.#swarm.state.some((state, agent) => state !== this.#drawn[agent])) this.#redraw();
  }

  /** Where an agent is drawn. */
  positionOf(agent: number): { readonly x: number; readonly y: number } {
    return { x: this.#to?.x[agent] ?? 0, y: this.#to?.y[agent] ?? 0 };
  }

  #resize(): void {
    const { clientWidth, clientHeight } = this.root;
    if (clientWidth === 0 || (clientWidth === this.#width && clientHeight === this.#height)) return;
    this.#width = clientWidth;
    this.#height = clientHeight;
    this.#context = sized(this.#canvas, clientWidth, clientHeight);
    this.#raster = undefined;
    this.#placed.set(this.#swarm.place);
    this.#to = this.#arranged();
    this.#from = undefined;
    this.#redraw();
  }

  /** Lets every agent walk to where it belongs now. */
  #move(): void {
    const from = this.#to;
    this.#to = this.#arranged();
    if (from === undefined || matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.#redraw();
      return;
    }
    const isMoving = this.#from !== undefined;
    this.#from = from;
    this.#movedMs = performance.now();
    if (!isMoving) requestAnimationFrame(() => this.#frame());
  }

  #arranged(): Arrangement {
    const labelWidth = (place: number, size: number): number => {
      if (this.#context !== undefined) this.#context.font = labelFont();
      return this.#context?.measureText(this.#labelOf(place, size)).width ?? 0;
    };
    return arrange(this.#placed, labelWidth, this.#width, this.#height);
  }

  #labelOf(place: number, size: number): string {
    return `${this.#places[place] || "all others"} · ${count(size)}`;
  }

  #frame(): void {
    const [from, to] = [this.#from, this.#to];
    if (from === undefined || to === undefined) return;
    const share = Math.min(1, (performance.now() - this.#movedMs) / moveMs);
    if (share === 1) {
      this.#from = undefined;
      this.#redraw();
      return;
    }
    const eased = share < 0.5 ? 2 * share * share : 1 - 2 * (1 - share) * (1 - share);
    const between = (start: number, end: number): number => start + (end - start) * eased;
    this.#drawAll({
      ...to,
      x: to.x.map((x, agent) => between(from.x[agent] as number, x)),
      y: to.y.map((y, agent) => between(from.y[agent] as number, y)),
      discs: [],
    });
    requestAnimationFrame(() => this.#frame());
  }

  #redraw(): void {
    if (this.#to !== undefined && this.#from === undefined) this.#drawAll(this.#to);
  }

  #drawAll(arrangement: Arrangement): void {
    const context = this.#context;
    if (context === undefined) return;
    const raster = this.#rasterFor(context, arrangement.radius);
    const { state } = this.#swarm;
    raster.clear();
    for (let agent = 0; agent < state.length; agent += 1) {
      raster.dot(state[agent] as number, arrangement.x[agent] as number, arrangement.y[agent] as number);
    }
    raster.show();
    this.#drawn.set(state);
    if (arrangement.discs.length > 1) this.#label(context, arrangement);
  }

  #rasterFor(context: CanvasRenderingContext2D, radius: number): Raster {
    if (this.#raster === undefined || this.#rasterRadius !== radius) {
      this.#raster = new Raster(context, radius, (onto, state, x, y) =>
        this.#dots.draw(onto, state, x, y, radius),
      );
      this.#rasterRadius = radius;
    }
    return this.#raster;
  }

  #label(context: CanvasRenderingContext2D, { discs, radius: dot }: Arrangement): void {
    context.font = labelFont();
    context.fillStyle = styleOf("--muted");
    context.textAlign = "center";
    for (const { place, size, x, y, radius } of discs) {
      context.fillText(this.#labelOf(place, size), x, Math.max(14, y - radius - dot - 6));
    }
  }

  #point(event: PointerEvent): void {
    const box = this.#canvas.getBoundingClientRect();
    this.#pointAt(this.#nearest(event.clientX - box.left, event.clientY - box.top));
  }

  #pointAt(agent: number | undefined): void {
    if (agent === undefined && this.#pointed === undefined) return;
    this.#pointed = agent;
    const { x, y } = this.positionOf(agent ?? 0);
    this.onPoint(agent, x, y);
  }

  #nearest(left: number, top: number): number | undefined {
    const arrangement = this.#to;
    if (arrangement === undefined) return undefined;
    const { x, y, spread } = arrangement;
    let nearest: number | undefined;
    let best = Math.max(reachMin, spread) ** 2;
    for (let agent = 0; agent < x.length; agent += 1) {
      const distance = ((x[agent] as number) - left) ** 2 + ((y[agent] as number) - top) ** 2;
      if (distance < best) [nearest, best] = [agent, distance];
    }
    return nearest;
  }
}

function labelFont(): string {
  return `500 13px ${styleOf("--font")}`;
}
