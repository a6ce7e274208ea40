import { readdir, readFile } from "node:fs/promises";
import type { AgentProcess } from "./agent-process.ts";

/** The variable by which an agent finds its children again; its value is `<agent>/<resource>`. */
const markerName = "ANTIBODY_SUPERVISED";

/** The process that an agent supervises for a resource. An error when there is none, or more than one. */
export async function supervisedPid(agent: AgentProcess, resource: string): Promise<number> {
  const found = await markedPids((marker) => marker === `${agent.id}/${resource}`);
  const [pid] = found;
  if (pid === undefined || found.length > 1) {
    throw new Error(`${found.length} processes run for ${resource} of ${agent.name}, one was promised`);
  }
  return pid;
}

/** Every process that any of the agents supervises, also where the agent itself is gone. */
export function supervisedPids(agents: readonly string[]): Promise<readonly number[]> {
  return markedPids((marker) => agents.some((agent) => agent !== "" && marker.startsWith(`${agent}/`)));
}

/** Found as anyone can find them: by the marker in their environment. */
async function markedPids(matches: (marker: string) => boolean): Promise<readonly number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const marked = await Promise.all(
    pids.map(async (pid) =>
      (await environment(pid)).some((marker) => matches(marker)) ? [Number(pid)] : [],
    ),
  );
  return marked.flat();
}

/** Values of the marker in a process's environment; one that just ended, or of another user, has none. */
async function environment(pid: string): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
  return text
    .split("\0")
    .filter((entry) => entry.startsWith(`${markerName}=`))
    .map((entry) => entry.slice(markerName.length + 1));
}
