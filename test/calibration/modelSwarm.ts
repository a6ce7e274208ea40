import type { LinkModel } from "../../sim/src/network/links.ts";
import { Running } from "../../sim/src/running.ts";
import type { Scenario, ScenarioDocument } from "../../sim/src/scenarios/scenario.ts";
import type { Step } from "../../sim/src/scenarios/step.ts";
import { createCoreMind } from "../../sim/src/world/coreMind.ts";
import { oneWayMs } from "./slowness.ts";
import { type SwarmFigures, type SwarmPlan, spreadOf } from "./swarmFigures.ts";

/** What `slowLinks.ts` makes of loopback. */
const links: Partial<LinkModel> = {
  latencyUsMin: oneWayMs * 1_000,
  latencyUsMax: oneWayMs * 1_000,
  jitterUs: 0,
};

/** Applies nowhere, so that what is measured is how it spreads, and no repair. */
export const document: ScenarioDocument = {
  name: "motd",
  when: 'name == "nobody"',
  promises: { "file:/etc/motd": { content: "generation {generation}\n" } },
};

const restMs = 20_000;

/** The same swarm as minds in the simulator, whose work takes no time. */
export function runModelSwarm(plan: SwarmPlan, seed: number): SwarmFigures {
  const { agents, restWindowMs, publishes, publishEveryMs, kills, killEveryMs } = plan;
  const publishFromMs = restMs + restWindowMs;
  const publishToMs = publishFromMs + publishes * publishEveryMs;
  const killAt = (index: number): number => publishToMs + index * killEveryMs;
  const steps: Step[] = [];
  for (let index = 0; index < publishes; index += 1) {
    const to = { names: [nameOf(index % agents)] };
    steps.push({ atMs: publishFromMs + index * publishEveryMs, type: "publish", generation: index + 1, to });
  }
  for (let index = 0; index < kills; index += 1) {
    const who = { names: [nameOf(index + 1)] };
    steps.push({ atMs: killAt(index), type: "kill", who });
    steps.push({ atMs: killAt(index) + killEveryMs / 2, type: "restart", who });
  }
  const scenario: Scenario = {
    name: "calibration",
    title: "What real agents do, too",
    agents,
    durationMs: killAt(kills),
    startSpreadMs: 0,
    links,
    bundles: [{ stream: "home", documents: [document], scope: ["**"], powers: [], mode: "enforce" }],
    steps,
    expectations: [],
  };
  const activatedMs: { readonly generation: number; readonly atMs: number }[] = [];
  const deaths: { readonly name: string; readonly atMs: number }[] = [];
  const running: Running = new Running(scenario, agents, seed, createCoreMind, (_agent, { name, fields }) => {
    const atMs = running.simulatedMs;
    if (name === "policy.activated" && atMs < publishToMs)
      activatedMs.push({ generation: Number(fields["generation"]), atMs });
    if (name === "swarm.dead") deaths.push({ name: String(fields["name"]), atMs });
  });
  const runTo = (ms: number): { readonly messages: number; readonly bytes: number } => {
    while (!running.advance(10_000, ms));
    const { counters, gossip } = running.world;
    return {
      messages: counters.messages + gossip.counters.messages,
      bytes: counters.bytes + gossip.counters.bytes,
    };
  };
  const beforeRest = runTo(restMs);
  const afterRest = runTo(publishFromMs);
  const { network } = running.world;
  const sessions = running.world.agents.reduce(
    (sum, { index }) => sum + [...network.peersOf(index)].length,
    0,
  );
  const publishBytes = Array.from({ length: publishes }, (_, index) => {
    const { bytes } = runTo(publishFromMs + index * publishEveryMs);
    return runTo(publishFromMs + (index + 1) * publishEveryMs).bytes - bytes;
  });
  runTo(killAt(kills));
  const each = agents * (restWindowMs / 1_000);
  const arrivals = Array.from({ length: publishes }, (_, index) =>
    activatedMs
      .filter(({ generation }) => generation === index + 1)
      .map(({ atMs }) => atMs - (publishFromMs + index * publishEveryMs)),
  );
  const known = Array.from({ length: kills }, (_, index) =>
    deaths
      .filter(({ name, atMs }) => name === nameOf(index + 1) && atMs >= killAt(index))
      .map(({ atMs }) => atMs - killAt(index)),
  );
  return {
    restMessages: (afterRest.messages - beforeRest.messages) / each,
    restBytes: (afterRest.bytes - beforeRest.bytes) / each,
    publishBytes: Math.min(...publishBytes) / agents,
    arrivals: spreadOf(arrivals, agents),
    deaths: spreadOf(known, agents - 1),
    falseDeaths: deaths.length - known.flat().length,
    connections: sessions / agents,
  };
}

function nameOf(index: number): string {
  return `agent-${index}`;
}
