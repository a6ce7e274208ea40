// A life to learn from: an agent comes back into a swarm of five, finds a file damaged, heals it, and meets its peers.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { AgentProcess } from "../../packages/cli/src/demo/agent-process.ts";
import { demoNames } from "../../packages/cli/src/demo/beat.ts";
import { playDemo } from "../../packages/cli/src/demo/demo.ts";
import { greeting } from "../../packages/cli/src/demo/policy.ts";
import { until } from "../../packages/cli/src/demo/until.ts";

/** A guess, many times what it takes: only what hangs comes to it. */
const trainingMsMax = 300_000;
/** It keeps a file and a process, and nothing that few agents do. */
const trainee = "cellar";

/** Plays the beginning of the demo, and starts one of its agents again by `launcher`. Throws what went wrong. */
export async function train(bundle, launcher) {
  const signal = AbortSignal.timeout(trainingMsMax);
  const { passed, outcomes } = await playDemo({
    launcher: { file: process.execPath, args: [bundle] },
    signal,
    only: [],
    onBeat: () => undefined,
    beforeEnd: (colony) => comeBack(colony, launcher, signal),
  });
  if (!passed) throw new Error(`the demo that agents are trained by failed: ${outcomes.at(-1)?.evidence}`);
}

async function comeBack(colony, launcher, signal) {
  const before = colony.agent(trainee);
  await before.end();
  writeFileSync(join(before.root, "etc/greeting"), "damaged\n");
  const { name, state, root } = before;
  const args = ["--listen", "/ip4/127.0.0.1/tcp/0"];
  const agent = new AgentProcess({ name, state, root, launcher, args });
  try {
    await agent.ready(signal);
    await until(
      "the file to be healed",
      signal,
      async () => (await agent.read("/etc/greeting")) === greeting,
    );
    await until("all peers to be met", signal, async () => {
      const { members } = await agent.inspect();
      return members.filter(({ verdict }) => verdict === "reachable").length === demoNames.length - 1;
    });
  } finally {
    await agent.end();
  }
}
