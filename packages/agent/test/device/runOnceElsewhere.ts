/** Runs a shell script once as an agent would, in a process that a test can kill: `AGENT DIRECTORY SCRIPT`. */
import { parseId, parseResourceId } from "@antibody/policy";
import { OnceRuns } from "../../src/device/process/onceRuns.ts";

const [, , agentText = "", directory = "", script = ""] = process.argv;
const agent = parseId("agent", agentText);
const id = parseResourceId("command:once")?.id;
if (agent === undefined || id === undefined) throw new Error("not an agent, or not a resource");
const runs = new OnceRuns(agent, directory, () => Promise.resolve());
await runs.run(id, ["/bin/sh", "-c", script], "/", 3_600_000, new AbortController().signal);
