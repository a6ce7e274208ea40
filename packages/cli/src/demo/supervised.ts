import { readdir, readFile } from "node:fs/promises";
import type { AgentProcess } from "./agent-process.ts";

/** The variable by which an agent finds its children again; its value begins with `<agent>/<name> `. */
const markerName = "ANTIBODY_SUPERVISED";

/** The process that an agent supervises under a name. An error when there is none, or more than one. */
export async function supervisedPid(agent: AgentProcess, name: string): Promise<number> {
  const marked = await markedPids((owner) => owner === `${agent.id}/${name}`);
  const leaders = await Promise.all(marked.map(async (pid) => ((await leadsSession(pid)) ? [pid] : [])));
  const [pid, ...more] = leaders.flat();
  if (pid === undefined || more.length > 0) {
    throw new Error(`${leaders.flat().length} processes run as ${name} of ${agent.name}, one was promised`);
  }
  return pid;
}

/** Every process that any of the agents started, also where the agent itself is gone. */
export function supervisedPids(agents: readonly string[]): Promise<readonly number[]> {
  return markedPids((owner) => agents.some((agent) => agent !== "" && owner.startsWith(`${agent}/`)));
}

/** Found as anyone can find them: by the marker in their environment, which their own children inherit. */
async function markedPids(matches: (owner: string) => boolean): Promise<readonly number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const marked = await Promise.all(
    pids.map(async (pid) => {
      const owner = await ownerOf(pid);
      return owner !== undefined && matches(owner) && (await stateOf(pid)) !== "Z" ? [pid] : [];
    }),
  );
  return marked.flat();
}

/** What stands before the first space of the marker; a process that just ended, or of another user, has none. */
async function ownerOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
  const marker = text.split("\0").find((entry) => entry.startsWith(`${markerName}=`));
  return marker?.slice(markerName.length + 1).split(" ")[0];
}

async function stateOf(pid: number): Promise<string | undefined> {
  return (await statOf(pid))[0];
}

async function leadsSession(pid: number): Promise<boolean> {
  return (await statOf(pid))[3] === String(pid);
}

/** The fields of /proc/PID/stat after the name: state, parent, group, session, … (proc(5)). */
async function statOf(pid: number): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}
