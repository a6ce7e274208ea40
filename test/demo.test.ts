import { beforeAll, describe, expect, it } from "vitest";
import type { Sabotage } from "../packages/cli/src/demo/beat.ts";
import { beats, type DemoReport, playDemo } from "../packages/cli/src/demo/demo.ts";
import { launcher } from "./harness/colonies.ts";

function play(only?: readonly string[], sabotage?: Sabotage, beatTimeoutMs = 30_000): Promise<DemoReport> {
  return playDemo({
    launcher,
    signal: new AbortController().signal,
    beatTimeoutMs,
    onBeat: () => undefined,
    ...(only === undefined ? {} : { only }),
    ...(sabotage === undefined ? {} : { sabotage }),
  });
}

describe("the demo", () => {
  let report: DemoReport;

  beforeAll(async () => {
    report = await play();
  });

  it("passes every beat", () => {
    expect(report.outcomes.filter(({ passed }) => !passed)).toEqual([]);
    expect(report.outcomes.map(({ beat }) => beat)).toEqual(beats.map(({ name }) => name));
  });
});

describe("a check of the demo fails in a world in which it must", () => {
  /** Long enough for what can happen to happen; the beat then ends for want of what cannot. */
  const patienceMs = 6_000;

  it.each<[Sabotage, string]>([
    ["absentMember", "formed"],
    ["noGrant", "published"],
    ["wideGrant", "forgeries"],
    ["pausedEverywhere", "fileHealed"],
    ["pausedEverywhere", "processHealed"],
    ["oneBackend", "routedAround"],
    ["unpaused", "paused"],
    ["lateWithoutGrant", "lateComer"],
    ["possibleRepair", "handedOff"],
  ])("%s: %s", async (sabotage, beat) => {
    const { outcomes, passed } = await play([beat], sabotage, patienceMs);
    expect(passed).toBe(false);
    expect(outcomes.at(-1)).toMatchObject({ beat, passed: false });
  });
});
