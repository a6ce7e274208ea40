import { beforeAll, describe, expect, it } from "vitest";
import type { Sabotage } from "../packages/cli/src/demo/beat.ts";
import { beats, type DemoReport, playDemo } from "../packages/cli/src/demo/demo.ts";
import { launcher } from "./harness/colonies.ts";

/** In a spoiled world the beat in question gets this long for what cannot happen; its setting takes what it takes. */
const patienceMs = 5_000;

function play(spoiled?: { readonly sabotage: Sabotage; readonly beat: string }): Promise<DemoReport> {
  return playDemo({
    launcher,
    signal: new AbortController().signal,
    onBeat: () => undefined,
    ...(spoiled && {
      sabotage: spoiled.sabotage,
      only: [spoiled.beat],
      timeoutMsOf: (beat) => (beat === spoiled.beat ? patienceMs : 60_000),
    }),
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

describe.concurrent("a check of the demo fails in a world in which it must", () => {
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
    const { outcomes, passed } = await play({ sabotage, beat });
    expect(passed).toBe(false);
    expect(outcomes.at(-1)).toMatchObject({ beat, passed: false });
  });
});
