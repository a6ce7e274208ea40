import type { Inspection, RolloutView, RolloutWaveView } from "@antibody/core";
import { shortId } from "@antibody/policy";
import { printable } from "../text/printable.ts";
import { table } from "../text/table.ts";
import { timesOf } from "../text/times.ts";
import { count } from "./words.ts";

/** What `rollout show` tells, as `--json` prints it. */
export interface RolloutsView {
  readonly schema: "antibody.rollout/1";
  readonly time: string;
  readonly rollouts: readonly (Omit<RolloutView, "failures"> & {
    readonly failures: readonly { readonly agent: string; readonly name: string; readonly detail: string }[];
  })[];
}

/** Characters of the bar of one wave. A guess: it is for the eye, the numbers stand beside it. */
const barWidth = 20;

/** Puts together where each generation in stages stands; of one stream, where it is named. */
export function rolloutsView(inspection: Inspection, stream: string | undefined): RolloutsView {
  const names = new Map<string, string>(inspection.members.map(({ agent, name }) => [agent, name]));
  names.set(inspection.agent, inspection.name);
  const rollouts = (inspection.rollouts ?? []).filter(
    (each) => stream === undefined || each.stream === stream,
  );
  return {
    schema: "antibody.rollout/1",
    time: timesOf(inspection).now,
    rollouts: rollouts.map((rollout) => ({
      ...rollout,
      failures: rollout.failures.map(({ agent, detail }) => ({
        agent,
        name: names.get(agent) ?? "",
        detail,
      })),
    })),
  };
}

/** The picture of `rollout show`. */
export function rolloutLines(view: RolloutsView, self: string): readonly string[] {
  if (view.rollouts.length === 0) return ["nothing comes into force in stages"];
  return view.rollouts.flatMap((rollout, index) => [
    ...(index === 0 ? [] : [""]),
    `${rollout.stream} generation ${rollout.generation} by ${shortId(rollout.author)}: ${rolloutText(rollout)}`,
    ...table(
      ["WAVE", "UP TO", "DEVICES", "HEALTHY", "ASKED", "FAILED", "STATE", ""],
      rollout.waves.map((wave, number) => [
        `${number + 1}${number === rollout.here.wave ? " (here)" : ""}`,
        `${wave.percent}%`,
        String(wave.members),
        String(wave.healthy),
        String(wave.reportersMin),
        String(wave.failed),
        wave.state,
        bar(wave),
      ]),
    ),
    ...barrierLines(rollout),
    ...rollout.failures
      .slice(0, failuresShownMax)
      .map(
        ({ name, agent, detail }) => `failed on ${printable(name)} (${shortId(agent)}): ${printable(detail)}`,
      ),
    ...nextLines(rollout, self),
  ]);
}

/** Failures in one picture; `--json` has them all. A guess. */
const failuresShownMax = 5;

/** Where a generation stands here, in a few words. */
export function rolloutText({
  here,
  waves,
  halted,
  reason,
  barrier,
}: Pick<RolloutView, "here" | "waves" | "halted" | "reason" | "barrier">): string {
  if (here.state === "blocked") return `rolled back here: ${reason ?? "it failed"}`;
  if (halted !== undefined) return `halted: ${halted}`;
  const at = waves.findLastIndex(({ state }) => state !== "waiting");
  const wave = waves[at];
  const where =
    waves.length === 1
      ? ""
      : `wave ${at + 1} of ${waves.length}${wave?.state === "open" ? "" : `, ${wave?.state}`}`;
  const there = { waiting: "waits here", trial: "on trial here", proven: "in force here" }[here.state];
  const word = barrier === undefined ? "" : `${barrier.ready} of ${barrier.readyMin} ready, ${barrier.word}`;
  return [where, word, there].filter((part) => part !== "" && !part.endsWith(", none")).join("; ");
}

function bar({ members, healthy, failed }: RolloutWaveView): string {
  const total = Math.max(members, healthy + failed, 1);
  const well = Math.round((healthy / total) * barWidth);
  const ill = Math.min(barWidth - well, Math.ceil((failed / total) * barWidth));
  return `[${"=".repeat(well)}${"x".repeat(ill)}${" ".repeat(barWidth - well - ill)}]`;
}

function barrierLines({ barrier }: RolloutView | RolloutsView["rollouts"][number]): readonly string[] {
  if (barrier === undefined) return [];
  const skew = barrier.skewMs === undefined ? "" : `, ${barrier.skewMs} ms apart as seen here`;
  return [
    `barrier: ${barrier.ready} ready of ${barrier.readyMin} asked for; word: ${barrier.word}; ${count(barrier.switched, "device")} switched${skew}`,
  ];
}

function nextLines(rollout: RolloutsView["rollouts"][number], self: string): readonly string[] {
  const of = `${rollout.stream} --author AUTHOR`;
  if (rollout.halted !== undefined) return [`next: publish a cure; ${self} rollout show ${rollout.stream}`];
  if (rollout.barrier?.word === "none" && rollout.barrier.ready >= rollout.barrier.readyMin) {
    return [`next: ${self} rollout commit ${of}`];
  }
  const stalled = rollout.waves.findIndex(({ state }) => state === "stalled");
  return stalled < 0 ? [] : [`next: ${self} rollout advance ${of}, or ${self} rollout halt ${of}`];
}
