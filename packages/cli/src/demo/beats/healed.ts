import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { AgentProcess } from "../agent-process.ts";
import type { Beat } from "../beat.ts";
import { greeting } from "../policy.ts";
import { supervisedPid } from "../supervised.ts";
import { until } from "../until.ts";

const run = promisify(execFile);

/** A file changed by another process is what it was promised to be again. */
export const fileHealed: Beat = {
  name: "fileHealed",
  title: "a file damaged from outside is healed",
  async play({ colony, signal }) {
    const agent = colony.agent("attic");
    const repairs = (await agent.resource("file:/etc/greeting"))?.repairs ?? 0;
    await damage(agent);
    await until("the repair of /etc/greeting in the attic", signal, async () => {
      const view = await agent.resource("file:/etc/greeting");
      return view !== undefined && view.repairs > repairs && (await agent.read("/etc/greeting")) === greeting;
    });
    return `healed ${took(agent, "file:/etc/greeting")} after the drift was seen`;
  },
};

/** A supervised process that was killed runs again, once. */
export const processHealed: Beat = {
  name: "processHealed",
  title: "a supervised process killed with SIGKILL runs again",
  async play({ colony, signal }) {
    const agent = colony.agent("attic");
    const before = await supervisedPid(agent, "worker");
    process.kill(before, "SIGKILL");
    let after = before;
    await until("a new worker in the attic", signal, async () => {
      after = await supervisedPid(agent, "worker").catch(() => before);
      return after !== before;
    });
    return `pid ${before} was killed, pid ${after} runs ${took(agent, "process:worker")} after`;
  },
};

/** Writes other content over the greeting, from another process than the demo's or the agent's. */
export async function damage(agent: AgentProcess): Promise<void> {
  await run("/bin/sh", ["-c", 'printf "damaged\\n" > "$1"', "sh", `${agent.root}/etc/greeting`]);
}

/** How long the last repair of a resource took, as the agent's log tells. */
function took(agent: AgentProcess, resource: string): string {
  const repaired = agent
    .events("resource.repaired")
    .filter((line) => line["resource"] === resource)
    .at(-1);
  return `${String(repaired?.["tookMs"] ?? "?")} ms`;
}
