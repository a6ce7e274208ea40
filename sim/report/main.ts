import { decodeRecording } from "../src/recording/codec.ts";
import { pageParts, type ReportFacts } from "../src/recording/facts.ts";
import type { Recording } from "../src/recording/recording.ts";
import { createControls } from "./controls.ts";
import { createCurves } from "./curves.ts";
import { element } from "./dom.ts";
import { createHeading, createViolations } from "./heading.ts";
import { createInspector } from "./inspector.ts";
import { createLegend } from "./legend.ts";
import { Player } from "./player.ts";
import { Swarm } from "./swarm.ts";
import { SwarmView } from "./swarmView.ts";
import { createTimeline } from "./timeline.ts";

async function show(page: HTMLElement): Promise<void> {
  const facts = JSON.parse(textOf(pageParts.facts)) as ReportFacts;
  const recording = decodeRecording(await unpacked(textOf(pageParts.recording)));
  document.title = `${facts.scenario}, seed ${facts.seed}: ${facts.outcome} · Antibody simulation`;
  const swarm = new Swarm(recording);
  const player = new Player(recording);
  player.onChange(() => swarm.seek(Math.floor(player.nowMs)));
  page.replaceChildren(
    createHeading(facts, recording),
    createViolations(facts, player),
    createReplay(facts, recording, swarm, player),
    createCurves(recording, player),
  );
  player.seek(0);
}

function createReplay(facts: ReportFacts, recording: Recording, swarm: Swarm, player: Player): HTMLElement {
  const view = new SwarmView(swarm, recording.places);
  player.onChange(() => view.update());
  view.root.append(createInspector(recording, swarm, view, player));
  return element(
    "section",
    { class: "replay" },
    element("h2", {}, "Replay"),
    element(
      "div",
      { class: "stage" },
      view.root,
      createLegend(swarm, player),
      createControls(player),
      createTimeline(player, recording.steps, facts.violations),
    ),
  );
}

function textOf(id: string): string {
  const text = document.getElementById(id)?.textContent;
  if (text === undefined || text === null) throw new Error("This page has no data");
  return text;
}

/** The bytes of a recording, which is kept as base64 of gzip. */
async function unpacked(text: string): Promise<Uint8Array> {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const page = document.getElementById("page") as HTMLElement;
show(page).catch((error: unknown) => {
  page.replaceChildren(element("p", { class: "gap" }, `This report cannot be shown: ${String(error)}`));
  throw error;
});
