import { codeOf } from "../deviceError.ts";

/** Sends a signal to a whole process group. False when nobody is left in it. */
export function signalGroup(group: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    // EPERM: those who are left changed their user, and are out of reach.
    if (codeOf(error) === "ESRCH" || codeOf(error) === "EPERM") return false;
    throw error;
  }
}

/** Variables that speak of the agent to its own service manager, and not of its children. */
const ownVariables =
  /^(ANTIBODY_|NOTIFY_SOCKET$|WATCHDOG_|LISTEN_|INVOCATION_ID$|MAINPID$|MALLOC_(ARENA_MAX|MMAP_THRESHOLD_|TRIM_THRESHOLD_)$)/;

/** The agent's environment without what is the agent's own. */
export function childEnvironment(): { [name: string]: string } {
  const environment: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(process.env))
    if (value !== undefined && !ownVariables.test(name)) environment[name] = value;
  return environment;
}
