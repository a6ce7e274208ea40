import type { Recording } from "../src/recording/recording.ts";
import { processCodes } from "../src/recording/recording.ts";
import { element } from "./dom.ts";
import { count, span } from "./format.ts";
import type { Player } from "./player.ts";
import { runningCode, states } from "./states.ts";
import type { Swarm } from "./swarm.ts";
import type { SwarmView } from "./swarmView.ts";

/** Steps that are told of an agent: the last ones. */
const stepsShown = 4;
const offset = 14;

const processWords: { readonly [code in (typeof processCodes)[number]]: string } = {
  absent: "not started",
  running: "running",
  paused: "paused (SIGSTOP)",
  killed: "ended, its host is up",
  powerless: "ended, its host has no power",
};

/** Says beside the pointer which agent that is, and how it is at this moment. */
export function createInspector(
  recording: Recording,
  swarm: Swarm,
  view: SwarmView,
  player: Player,
): HTMLElement {
  const tip = element("div", { class: "tip", role: "status", hidden: true });
  let pointed: number | undefined;
  const show = (): void => {
    tip.hidden = pointed === undefined;
    if (pointed === undefined) return;
    tip.replaceChildren(...describe(recording, swarm, pointed));
    const { x, y } = view.positionOf(pointed);
    const { clientWidth, clientHeight } = view.root;
    const isRight = x + offset + tip.offsetWidth > clientWidth;
    const left = isRight ? Math.max(0, x - offset - tip.offsetWidth) : x + offset;
    const top = Math.max(0, Math.min(clientHeight - tip.offsetHeight, y - tip.offsetHeight / 2));
    tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  };
  view.onPoint = (agent) => {
    pointed = agent;
    show();
  };
  player.onChange(show);
  return tip;
}

function describe(recording: Recording, swarm: Swarm, agent: number): HTMLElement[] {
  const state = states[swarm.state[agent] as number] as (typeof states)[number];
  const process = swarm.process[agent] as number;
  const rows: [string, string][] = [["process", processWords[processCodes[process] ?? "absent"]]];
  recording.streams.forEach(({ name, generations }, stream) => {
    const own = generations[(swarm.inForce[stream] as Int16Array)[agent] as number];
    rows.push([name, own === undefined ? "nothing in force" : `generation ${own.generation}`]);
  });
  const others = swarm.running - Number(process === runningCode);
  rows.push(["held dead by", `${count(swarm.held[agent] as number)} of ${count(others)} running`]);
  if (process === runningCode) {
    rows.push([
      "its view",
      swarm.isMistaken(agent) ? "misses a death, or holds a living agent dead" : "true",
    ]);
  }
  const place = recording.places[swarm.place[agent] as number] ?? "";
  if (place !== "") rows.push(["network", place]);
  for (const { atMs, label } of stepsOf(recording, swarm.nowMs, agent)) rows.push([span(atMs), label]);
  return [
    element("b", {}, recording.names[agent] ?? ""),
    element("p", {}, state.label),
    element("dl", {}, ...rows.flatMap(([term, text]) => [element("dt", {}, term), element("dd", {}, text)])),
  ];
}

/** What was done to an agent so far. */
function stepsOf({ steps }: Recording, nowMs: number, agent: number): Recording["steps"] {
  return steps
    .filter(({ atMs, agents }) => atMs <= nowMs && (agents === undefined || agents.includes(agent)))
    .slice(-stepsShown);
}
