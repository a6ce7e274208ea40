import type { Input } from "@antibody/core";
import { describe, expect, it } from "vitest";
import { signaturesOf } from "../src/device/signatures.ts";
import type { ScenarioBundle } from "../src/scenarios/scenario.ts";
import type { Step } from "../src/scenarios/step.ts";
import { type Play, play, quiet } from "./puppet.ts";

const bundle: ScenarioBundle = {
  stream: "home",
  documents: [{ name: "motd", promises: { "file:/etc/motd": { content: "generation {generation}\n" } } }],
  scope: ["file:/etc/**"],
  powers: [],
  mode: "enforce",
};
const verifyMs = 300;

function played(verifyUs: number): Play {
  const steps: readonly Step[] = [
    { atMs: 3_000, type: "publish", generation: 1, to: { names: ["agent-0"] } },
    { atMs: 9_000, type: "kill", who: { names: ["agent-1"] } },
    { atMs: 12_000, type: "restart", who: { names: ["agent-1"] } },
  ];
  return play(quiet({ steps, bundles: [bundle], devices: { verifyUs }, durationMs: 25_000 }));
}

/** For each input that had something signed in it: how many signatures, and how long until the next input. */
function gaps({
  running,
  puppets,
}: Play): readonly { readonly signatures: number; readonly gapMs: number }[] {
  return running.world.agents.flatMap(({ name }) =>
    puppets(name).flatMap(({ inputs }) =>
      inputs.slice(0, -1).flatMap(({ input, now }, index) => {
        const signatures = signaturesOf(input);
        const next = inputs[index + 1]?.now.monoMs ?? 0;
        return signatures === 0 ? [] : [{ signatures, gapMs: next - now.monoMs }];
      }),
    ),
  );
}

describe("verifying", () => {
  it("keeps each receiver busy for every signature, and what comes meanwhile waits", () => {
    const slow = gaps(played(verifyMs * 1_000));
    // Sessions, and three documents of policy at each of four agents.
    expect(slow.length).toBeGreaterThan(20);
    for (const { signatures, gapMs } of slow) expect(gapMs).toBeGreaterThanOrEqual(signatures * verifyMs);
    expect(gaps(played(0)).some(({ gapMs }) => gapMs < verifyMs)).toBe(true);
  });

  it("and a session keeps both of its ends busy for as long as it takes", () => {
    const sessionMs = 300;
    const { running, puppets } = play(
      quiet({ steps: [], bundles: [], devices: { sessionUs: sessionMs * 1_000 }, durationMs: 20_000 }),
    );
    let sessions = 0;
    for (const { name } of running.world.agents) {
      for (const { inputs } of puppets(name)) {
        for (const [index, { input, now }] of inputs.slice(0, -1).entries()) {
          if (input.type !== "connected") continue;
          sessions += 1;
          expect((inputs[index + 1]?.now.monoMs ?? 0) - now.monoMs).toBeGreaterThanOrEqual(sessionMs);
        }
      }
    }
    expect(sessions).toBeGreaterThan(running.world.agents.length);
  });

  it("loses nothing by waiting", () => {
    const policies = (verifyUs: number): readonly number[] => {
      const { running, puppets } = played(verifyUs);
      return running.world.agents.map(({ name }) => puppets(name).at(-1)?.policies.size ?? 0);
    };
    expect(policies(verifyMs * 1_000)).toEqual(policies(0));
  });

  it.each<[number, unknown]>([
    [0, { type: "wake" }],
    [0, { type: "message", message: { type: "ack" } }],
    [1, { type: "connected" }],
    [1, { type: "policy" }],
    [2, { type: "message", message: { type: "votes", votes: [{}, {}] } }],
    [3, { type: "rumor", rumor: { type: "deaths", deaths: [{ votes: [{}, {}] }, { votes: [{}] }] } }],
    [2, { type: "rumor", rumor: { type: "sightings", sightings: [{}, {}] } }],
    [
      6,
      {
        type: "message",
        message: {
          type: "items",
          members: [{}],
          deaths: [{ votes: [{}, {}] }],
          policy: [{}, {}],
          evictions: [{}],
        },
      },
    ],
  ])("counts %i signatures in %j", (count, input) => {
    expect(signaturesOf(input as Input)).toBe(count);
  });
});
