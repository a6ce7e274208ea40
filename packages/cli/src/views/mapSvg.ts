import type { Verdict } from "@antibody/core";
import { printable } from "../text/printable.ts";
import { fit } from "../text/table.ts";
import { type MapView, mapWords, namesOf } from "./map.ts";
import { verdictOrder } from "./words.ts";

type Member = MapView["members"][number];

const size = { width: 1_100, height: 1_290 } as const;
const center = { x: 550, y: 668 } as const;
const radiusOfMany = 380;
const radiusOfFew = 280;
/** So few are drawn large, with straight lines and level names. */
const fewMax = 8;
const nameCharactersMax = 16;
/** In the head, beside the time. */
const ownCharactersMax = 22;
/** Names nearer to each other than this would cover each other: only what is notable is named then. */
const nameSpacingMin = 9;

/** Light and dark, of one brightness each, told apart by people who confuse red and green by the marks as well. */
const colors: { readonly [verdict in Verdict]: readonly [light: string, dark: string] } = {
  reachable: ["#1f9d6b", "#3ecf94"],
  suspected: ["#d99a00", "#f2bf45"],
  stalled: ["#d9730d", "#f59a4a"],
  unreachable: ["#8a5cd6", "#b693f5"],
  dead: ["#d6336c", "#f7719d"],
  away: ["#8b95a1", "#7d8794"],
  left: ["#8b95a1", "#7d8794"],
};

/** One member's place. */
interface Spot {
  readonly member: Member;
  /** Of a full turn, clockwise from the top. */
  readonly angle: number;
  readonly x: number;
  readonly y: number;
}

/** The overlay as a picture that stands alone: no script, no font, no address. */
export function mapSvg(view: MapView): string {
  const spots = placed(view);
  const names = namesOf(view);
  const byAgent = new Map(spots.map((spot) => [spot.member.agent, spot]));
  const [what, state] = mapWords(view);
  const own = fit(printable(names.get(view.agent) ?? ""), ownCharactersMax);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img">`,
    `<title>${escaped(`The overlay as ${own} knows it`)}</title>`,
    `<style>${style(spots.length)}</style>`,
    `<rect class="page" width="${size.width}" height="${size.height}"/>`,
    `<text class="head" x="48" y="66">The overlay, as ${escaped(own)} knows it</text>`,
    `<text class="sub" x="48" y="96">${escaped(what)}</text>`,
    `<text class="sub" x="48" y="120">${escaped(state)}</text>`,
    `<text class="sub" x="${size.width - 48}" y="66" text-anchor="end">${escaped(`${view.time.slice(0, 16).replace("T", " ")} UTC`)}</text>`,
    `<g class="edges">${edges(view, byAgent)}</g>`,
    `<g class="sessions">${sessions(view, byAgent)}</g>`,
    `<g>${spots.map((spot) => node(spot, view, names, spots.length)).join("\n")}</g>`,
    legend(view),
    "</svg>",
    "",
  ].join("\n");
}

/** In the order of the first ring, the agent that was asked at the top. */
function placed({ members }: MapView): readonly Spot[] {
  const radius = members.length <= fewMax ? radiusOfFew : radiusOfMany;
  return members.map((member, index) => {
    const angle = (2 * Math.PI * index) / members.length;
    const [x, y] = [center.x + radius * Math.sin(angle), center.y - radius * Math.cos(angle)];
    return members.length === 1
      ? { member, angle, x: center.x, y: center.y }
      : { member, angle, x: round(x), y: round(y) };
  });
}

function style(count: number): string {
  const [width, opacity] = count <= fewMax ? [1.6, 0.5] : count <= 40 ? [1.1, 0.34] : [0.7, 0.2];
  const nameSize = count <= fewMax ? 19 : count <= 40 ? 15 : count <= 100 ? 12 : 9.5;
  const fills = (tone: 0 | 1): string =>
    verdictOrder
      .map((verdict) => `.${verdict}{fill:${colors[verdict][tone]};stroke:${colors[verdict][tone]}}`)
      .join("");
  return [
    `text{font-family:ui-sans-serif,system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#1c2430}`,
    ".page{fill:#fbfbfa}.head{font-size:28px;font-weight:650}.sub{font-size:16px;fill:#5b6673}",
    `.name{font-size:${nameSize}px}.self{font-weight:700}.faint{fill:#5b6673}`,
    `.edges{fill:none;stroke:#46607f;stroke-width:${width};stroke-opacity:${opacity}}`,
    ".edges .lost{stroke:#d6336c;stroke-opacity:.5;stroke-dasharray:5 4}",
    ".sessions{fill:none;stroke:#2b6fd6;stroke-width:2;stroke-opacity:.75}",
    ".halo{fill:none;stroke:#2b6fd6;stroke-width:2.5}.hollow{fill:#fbfbfa;stroke-width:2}",
    `.cross{stroke:#fbfbfa;stroke-width:2;fill:none}${fills(0)}`,
    "@media(prefers-color-scheme:dark){text{fill:#e8ecf1}.page{fill:#12161c}.sub,.faint{fill:#97a3b0}",
    `.edges{stroke:#9fb6d2}.edges .lost{stroke:#f7719d}.sessions,.halo{stroke:#6ea8ff}.hollow{fill:#12161c}`,
    `.cross{stroke:#12161c}${fills(1)}}`,
    ".key path{stroke-opacity:.9;stroke-width:1.6}",
    // Later than the fills of verdicts: a hollow mark keeps only its outline.
    ".hollow{fill:#fbfbfa}@media(prefers-color-scheme:dark){.hollow{fill:#12161c}}",
  ].join("");
}

/** Each pair once; those to who is dead apart, since they are only dialed. */
function edges(view: MapView, spots: ReadonlyMap<string, Spot>): string {
  const drawn = new Set<string>();
  const living: string[] = [];
  const lost: string[] = [];
  for (const { agent, observers, verdict } of view.members) {
    for (const observer of observers) {
      const key = agent < observer ? `${agent} ${observer}` : `${observer} ${agent}`;
      const [from, to] = [spots.get(observer), spots.get(agent)];
      if (drawn.has(key) || from === undefined || to === undefined) continue;
      drawn.add(key);
      (verdict === "dead" ? lost : living).push(curve(from, to, spots.size));
    }
  }
  return `<path d="${living.join("")}"/><path class="lost" d="${lost.join("")}"/>`;
}

function sessions(view: MapView, spots: ReadonlyMap<string, Spot>): string {
  const own = spots.get(view.agent);
  if (own === undefined) return "";
  const ends = [...spots.values()].filter(({ member }) => member.connected && member.agent !== view.agent);
  return `<path d="${ends.map((end) => curve(own, end, spots.size)).join("")}"/>`;
}

/** A line that bends towards the middle, so that many of them leave the names alone. */
function curve(from: Spot, to: Spot, count: number): string {
  if (count <= fewMax) return `M${from.x} ${from.y}L${to.x} ${to.y}`;
  const pull = 0.45;
  const x = center.x + ((from.x + to.x) / 2 - center.x) * pull;
  const y = center.y + ((from.y + to.y) / 2 - center.y) * pull;
  return `M${from.x} ${from.y}Q${round(x)} ${round(y)} ${to.x} ${to.y}`;
}

function node(spot: Spot, view: MapView, names: ReadonlyMap<string, string>, count: number): string {
  const { member, x, y } = spot;
  const isSelf = member.agent === view.agent;
  const radius = nodeRadius(count);
  const observers = member.observers.map((each) => names.get(each) ?? each).join(", ");
  const told = `${member.name}, ${member.verdict}\n${member.agent}\nobserved by ${observers || "nobody"}`;
  const halo = isSelf ? `<circle class="halo" cx="${x}" cy="${y}" r="${radius + 5}"/>` : "";
  return `<g><title>${escaped(told)}</title>${halo}${mark(member.verdict, x, y, radius)}${name(spot, isSelf, count)}</g>`;
}

/** Full, hollow or crossed: verdicts differ in more than color. */
function mark(verdict: Verdict, x: number, y: number, radius: number): string {
  const isHollow = verdict === "away" || verdict === "left" || verdict === "unreachable";
  const circle = `<circle class="${verdict}${isHollow ? " hollow" : ""}" cx="${x}" cy="${y}" r="${radius}"/>`;
  if (verdict !== "dead") return circle;
  const arm = round(radius * 0.45);
  return `${circle}<path class="cross" d="M${x - arm} ${y - arm}l${2 * arm} ${2 * arm}m0 ${-2 * arm}l${-2 * arm} ${2 * arm}"/>`;
}

function nodeRadius(count: number): number {
  if (count <= fewMax) return 20;
  if (count <= 40) return 11;
  if (count <= 100) return 7;
  return count <= 300 ? 4.5 : 2.2;
}

function name({ member, angle, x, y }: Spot, isSelf: boolean, count: number): string {
  const isNotable = isSelf || member.verdict !== "reachable";
  const isCrowded = (2 * Math.PI * radiusOfMany) / count < nameSpacingMin;
  if (isCrowded && !isNotable) return "";
  const text = escaped(fit(printable(member.name), nameCharactersMax));
  const className = `name${isSelf ? " self" : isNotable ? "" : " faint"}`;
  const away = nodeRadius(count) + 10;
  if (count <= fewMax) {
    const anchor = Math.abs(Math.sin(angle)) < 0.2 ? "middle" : Math.sin(angle) > 0 ? "start" : "end";
    const [left, top] = [x + Math.sin(angle) * (away + 6), y - Math.cos(angle) * (away + 14)];
    return `<text class="${className}" x="${round(left)}" y="${round(top + 6)}" text-anchor="${anchor}">${text}</text>`;
  }
  // Along the radius, and never upside down.
  const isLeft = Math.sin(angle) < -1e-9;
  const degrees = round((angle * 180) / Math.PI - 90 + (isLeft ? 180 : 0));
  return `<text class="${className}" text-anchor="${isLeft ? "end" : "start"}" dominant-baseline="central" transform="translate(${x} ${y}) rotate(${degrees}) translate(${isLeft ? -away : away} 0)">${text}</text>`;
}

/** The verdicts that occur, and below them what the lines are. */
function legend({ members }: MapView): string {
  const y = size.height - 76;
  const parts: string[] = [];
  let x = 60;
  for (const verdict of verdictOrder) {
    const number = members.filter((member) => member.verdict === verdict).length;
    if (number === 0) continue;
    const text = `${verdict} ${number}`;
    parts.push(mark(verdict, x, y, 7), `<text class="sub" x="${x + 15}" y="${y + 5}">${text}</text>`);
    x += 45 + 9 * text.length;
  }
  const lines = [
    ["edges", "", "observe each other"],
    ["edges", "lost", "go on dialing who is dead"],
    ["sessions", "", "sessions of this agent"],
  ] as const;
  for (const [index, [group, kind, text]] of lines.entries()) {
    const [left, top] = [53 + 260 * index, y + 36];
    parts.push(`<g class="${group} key"><path class="${kind}" d="M${left} ${top}h34"/></g>`);
    parts.push(`<text class="sub" x="${left + 44}" y="${top + 5}">${text}</text>`);
  }
  return `<g>${parts.join("")}</g>`;
}

/** For XML: peers choose their own names. */
function escaped(text: string): string {
  const shown = text.split("\n").map(printable).join("\n").toWellFormed();
  return shown
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** A tenth of a pixel is enough. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
