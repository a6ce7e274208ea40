import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withDeadline } from "@antibody/agent";
import { type Beat, demoNames, type Sabotage, type Stage, servingNames } from "./beat.ts";
import { forgeries } from "./beats/forgeries.ts";
import { formed } from "./beats/formed.ts";
import { handedOff } from "./beats/handed-off.ts";
import { fileHealed, processHealed } from "./beats/healed.ts";
import { lateComer } from "./beats/late-comer.ts";
import { paused } from "./beats/paused.ts";
import { published } from "./beats/published.ts";
import { routedAround } from "./beats/routed-around.ts";
import { Colony } from "./colony.ts";
import type { Launcher } from "./command.ts";
import { choosePorts, demoPolicy } from "./policy.ts";

/** The beats in the order in which they are shown; the first two set up what the others need. */
export const beats: readonly Beat[] = [
  formed,
  published,
  forgeries,
  fileHealed,
  processHealed,
  routedAround,
  paused,
  lateComer,
  handedOff,
];

/** How long a beat may take where nothing else is said. */
const beatTimeoutMs = 60_000;

/** How one beat ended. */
interface BeatOutcome {
  readonly beat: string;
  readonly title: string;
  readonly passed: boolean;
  readonly tookMs: number;
  /** What was seen, or what was missing. */
  readonly evidence: string;
}

/** What a demo is run with. */
export interface DemoOptions {
  readonly launcher: Launcher;
  /** Ends everything, orderly. */
  readonly signal: AbortSignal;
  /** After so long a beat has failed; it takes seconds, the handoff up to fifteen. Default: `beatTimeoutMs`. */
  readonly timeoutMsOf?: (beat: string) => number;
  /** Names of beats to play; the first two are always played. Absent: all. */
  readonly only?: readonly string[];
  /** How the world is spoiled. Beats are then played on after one that failed, unless it was one of the first two. */
  readonly sabotages?: readonly Sabotage[];
  onBeat(outcome: BeatOutcome): void;
  /** Called while the agents still run, when every beat has passed; the demo ends when it resolves. */
  beforeEnd?(colony: Colony): Promise<void>;
}

/** What a demo came to. */
export interface DemoReport {
  readonly outcomes: readonly BeatOutcome[];
  readonly passed: boolean;
  readonly tookMs: number;
}

/** Plays the demo with real agents as processes on loopback. It leaves no process, file, socket or port behind. */
export async function playDemo(options: DemoOptions): Promise<DemoReport> {
  const startedMs = performance.now();
  const directory = await mkdtemp(join(tmpdir(), "antibody-demo-"));
  const colony = new Colony({
    directory,
    launcherOf: () => options.launcher,
    listenOf: () => "/ip4/127.0.0.1/tcp/0",
    signal: options.signal,
  });
  const outcomes: BeatOutcome[] = [];
  try {
    const stage = await setStage(colony, options);
    for (const [index, beat] of beats.entries()) {
      const needed = index < 2;
      if (!needed && options.only !== undefined && !options.only.includes(beat.name)) continue;
      const outcome = await playBeat(beat, stage, options);
      outcomes.push(outcome);
      options.onBeat(outcome);
      if (!outcome.passed && (needed || options.sabotages === undefined)) break;
    }
    const passed = outcomes.every((outcome) => outcome.passed);
    // Before it is kept up: how long that lasts is not the demo's.
    const tookMs = performance.now() - startedMs;
    if (passed) await options.beforeEnd?.(colony);
    return { outcomes, passed, tookMs };
  } finally {
    await colony.end();
    await rm(directory, { recursive: true, force: true });
  }
}

async function setStage(colony: Colony, options: DemoOptions): Promise<Omit<Stage, "signal">> {
  const policy = demoPolicy(await choosePorts(servingNames), options.launcher);
  return { colony, policy, names: demoNames, sabotages: new Set(options.sabotages) };
}

async function playBeat(
  beat: Beat,
  stage: Omit<Stage, "signal">,
  options: DemoOptions,
): Promise<BeatOutcome> {
  const startedMs = performance.now();
  const bounds = {
    ms: options.timeoutMsOf?.(beat.name) ?? beatTimeoutMs,
    signals: [options.signal],
  };
  const ended = (passed: boolean, evidence: string): BeatOutcome => ({
    beat: beat.name,
    title: beat.title,
    passed,
    tookMs: performance.now() - startedMs,
    evidence,
  });
  try {
    // Beats write the author onto the stage: it is one object for all of them, with a signal for each.
    const play = (signal: AbortSignal) => beat.play(Object.assign(stage, { signal }));
    return ended(true, await withDeadline(bounds, play));
  } catch (error) {
    return ended(false, error instanceof Error ? error.message : String(error));
  }
}
