import { describe, expect, it } from "vitest";
import type { Sabotage } from "../packages/cli/src/demo/beat.ts";
import { beats, type DemoReport, playDemo } from "../packages/cli/src/demo/demo.ts";
import { launcher } from "./harness/colonies.ts";

/** In a spoiled world the beats in question get this long for what cannot happen; their setting takes what it takes. */
const patienceMs = 5_000;

/** Worlds that are spoiled in ways that do not meet, each with the beats that must fail there. */
const spoiledWorlds: readonly (readonly [sabotages: readonly Sabotage[], failing: readonly string[]])[] = [
  [["absentMember"], ["formed"]],
  [["noGrant"], ["published"]],
  [["pausedEverywhere"], ["fileHealed", "processHealed"]],
  [
    ["wideGrant", "oneBackend", "unpaused", "lateWithoutGrant", "possibleRepair"],
    ["forgeries", "routedAround", "paused", "lateComer", "handedOff"],
  ],
];

function play(spoiled?: {
  readonly sabotages: readonly Sabotage[];
  readonly failing: readonly string[];
}): Promise<DemoReport> {
  return playDemo({
    launcher,
    signal: new AbortController().signal,
    onBeat: () => undefined,
    ...(spoiled && {
      sabotages: spoiled.sabotages,
      only: spoiled.failing,
      timeoutMsOf: (beat) => (spoiled.failing.includes(beat) ? patienceMs : 60_000),
    }),
  });
}

describe.concurrent("the demo", () => {
  it("passes every beat", async () => {
    const { outcomes } = await play();
    expect(outcomes.filter(({ passed }) => !passed)).toEqual([]);
    expect(outcomes.map(({ beat }) => beat)).toEqual(beats.map(({ name }) => name));
  });
});

describe.concurrent("a check of the demo fails in a world in which it must", () => {
  it.each(spoiledWorlds)("%j: %j", async (sabotages, failing) => {
    const { outcomes, passed } = await play({ sabotages, failing });
    expect(passed).toBe(false);
    expect(outcomes.filter((outcome) => !outcome.passed).map(({ beat }) => beat)).toEqual(failing);
  });

  it("leaves no check without such a world", () => {
    expect(spoiledWorlds.flatMap(([, failing]) => failing).sort()).toEqual(
      beats.map(({ name }) => name).sort(),
    );
  });
});
