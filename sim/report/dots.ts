import { styleOf } from "./dom.ts";
import { type StateKey, states } from "./states.ts";

/** Smaller dots are plain: what is inside them could not be seen. */
const detailRadiusMin = 3.2;

/** Draws agents: the color tells the state, and where there is room its shape does too. */
export class Dots {
  readonly #colors: readonly string[];
  readonly #ground: string;

  constructor() {
    this.#colors = states.map(({ key }) => styleOf(`--state-${key}`));
    this.#ground = styleOf("--panel");
  }

  draw(context: CanvasRenderingContext2D, state: number, x: number, y: number, radius: number): void {
    const color = this.#colors[state] as string;
    const key = (states[state] as (typeof states)[number]).key;
    context.fillStyle = color;
    context.strokeStyle = color;
    if (radius < detailRadiusMin) disc(context, x, y, radius * plainShare(key));
    else this.#detailed(context, key, x, y, radius);
  }

  #detailed(context: CanvasRenderingContext2D, key: StateKey, x: number, y: number, radius: number): void {
    switch (key) {
      case "inStep":
      case "goneUnknown":
      case "behind":
        disc(context, x, y, radius * 0.92);
        if (key === "behind") this.#hole(context, x, y, radius * 0.34);
        return;
      case "mistaken":
        disc(context, x, y, radius * 0.92);
        return;
      case "paused": {
        disc(context, x, y, radius * 0.92);
        context.fillStyle = this.#ground;
        const [bar, tall] = [radius * 0.2, radius * 0.84];
        context.fillRect(x - radius * 0.38, y - tall / 2, bar, tall);
        context.fillRect(x + radius * 0.18, y - tall / 2, bar, tall);
        return;
      }
      case "goneSome":
        ring(context, x, y, radius * 0.78, radius * 0.24);
        context.beginPath();
        context.arc(x, y, radius * 0.86, Math.PI / 2, (3 * Math.PI) / 2);
        context.fill();
        return;
      case "goneAll":
        ring(context, x, y, radius * 0.78, radius * 0.24);
        return;
      case "wrongSome":
      case "wrongAll":
        disc(context, x, y, radius * 0.55);
        ring(context, x, y, radius * 0.88, key === "wrongAll" ? radius * 0.3 : radius * 0.16);
        return;
      case "absent":
        disc(context, x, y, radius * 0.3);
        return;
      default:
        throw new Error(`unknown state ${key satisfies never}`);
    }
  }

  #hole(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
    context.fillStyle = this.#ground;
    disc(context, x, y, radius);
  }
}

/** How large a dot without detail is: what is settled steps back, what is wrong comes forward. */
function plainShare(key: StateKey): number {
  if (key === "absent") return 0.5;
  if (key === "goneAll") return 0.7;
  return key === "wrongSome" || key === "wrongAll" ? 1.15 : 1;
}

function disc(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function ring(context: CanvasRenderingContext2D, x: number, y: number, radius: number, width: number): void {
  context.lineWidth = width;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}
