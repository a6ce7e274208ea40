import { existsSync, readdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { shmDirectory } from "@antibody/agent/state";
import type { Layout } from "./layout.ts";
import { sleepUnitName, sleepUnitPath } from "./sleep.ts";
import type { Step } from "./steps.ts";
import { serviceUser, unitName } from "./unit.ts";

/** What cannot be made again, and the charter that says what it is for. */
const keyNames: readonly string[] = ["agent.key", "owner.key", "recovery.key", "author-keys"];
const keptNames: readonly string[] = [...keyNames, "charter.json"];

/** Ends the service and its start at boot, before its files go. */
export function stopSteps(layout: Layout, known: { systemd: boolean }): readonly Step[] {
  if (!known.systemd) return [];
  const systemctl = layout.scope === "user" ? (["systemctl", "--user"] as const) : (["systemctl"] as const);
  return [
    ...(existsSync(sleepUnitPath(layout))
      ? [
          {
            command: [...systemctl, "disable", sleepUnitName],
            why: "peers hear nothing of this device's sleep any more",
            needed: false,
          } as const,
        ]
      : []),
    {
      command: [...systemctl, "disable", "--now", unitName],
      why: "the agent ends, now and at boot",
      needed: false,
    },
    // What an agent that crashed left running would outlive it.
    {
      command: [...systemctl, "kill", "--kill-who=all", unitName],
      why: "nothing that it supervised goes on",
      needed: false,
    },
  ];
}

/** After the files are gone: systemd forgets the unit, and the user goes when nothing belongs to it any more. */
export function forgetSteps(
  layout: Layout,
  known: { systemd: boolean; userExists: boolean; keysKept: boolean },
): readonly Step[] {
  const systemctl = layout.scope === "user" ? (["systemctl", "--user"] as const) : (["systemctl"] as const);
  const removesUser = layout.scope === "system" && known.userExists && !known.keysKept;
  return [
    ...(known.systemd
      ? [
          {
            command: [...systemctl, "daemon-reload"],
            why: "systemd forgets the unit",
            needed: false,
          } as const,
        ]
      : []),
    ...(removesUser
      ? [{ command: ["userdel", serviceUser], why: "the service's user goes", needed: false } as const]
      : []),
  ];
}

/** Removes what was installed, with directories that are empty then. Gives the paths that were there. */
export function removeInstalled(layout: Layout): readonly string[] {
  const { executable, unit, dropIns, completion, manual } = layout;
  const units = [unit, dropIns, sleepUnitPath(layout)];
  const paths = [...units, completion.bash, completion.zsh, completion.fish, manual, executable];
  const found = paths.filter((path) => existsSync(path));
  for (const path of found) rmSync(path, { recursive: true, force: true });
  // Directories for completion and manuals that nothing else is in may be of our own making.
  for (const path of found) removeEmpty(dirname(path));
  return found;
}

/** Whether a state holds keys. */
export function hasKeys(state: string): boolean {
  const authors = join(state, "author-keys");
  return keyNames.some((name) => {
    const path = join(state, name);
    return path === authors ? existsSync(path) && readdirSync(path).length > 0 : existsSync(path);
  });
}

/** How long to wait for the last process of a user, and how often to look. Guess: an agent ends within a second. */
const endMsMax = 10_000;
const lookIntervalMs = 50;

/** Waits until no process of the owner of a state is left: its user cannot be removed before. */
export async function ownerIdle(state: string): Promise<void> {
  const owner = statSync(state, { throwIfNoEntry: false })?.uid;
  if (owner === undefined || owner === process.getuid?.()) return;
  const deadline = performance.now() + endMsMax;
  while (hasProcess(owner) && performance.now() < deadline) await sleep(lookIntervalMs);
}

function hasProcess(userId: number): boolean {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => statSync(join("/proc", pid), { throwIfNoEntry: false })?.uid === userId);
}

/** Removes a state directory, but for its keys where they are kept. */
export function removeState(state: string, keepKeys: boolean): void {
  if (!existsSync(state)) return;
  if (!keepKeys) {
    rmSync(state, { recursive: true, force: true });
    return;
  }
  for (const name of readdirSync(state)) {
    if (!keptNames.includes(name)) rmSync(join(state, name), { recursive: true, force: true });
  }
}

/** Removes what the agent of a state left in memory: its sockets, and its recording where it was killed. */
export function removeLeftovers(state: string, runtime: string): void {
  const owner = statSync(state, { throwIfNoEntry: false })?.uid;
  rmSync(runtime, { recursive: true, force: true });
  if (owner !== undefined) rmSync(shmDirectory(state, owner), { recursive: true, force: true });
}

/** Directories that are not ours to remove, empty or not. */
const sharedPlace =
  /^(\/|\/etc\/systemd\/system|\/usr\/local\/(bin|share|share\/man)|.*\/\.(config|local\/bin|local\/share))$/;

function removeEmpty(directory: string): void {
  if (sharedPlace.test(directory) || !existsSync(directory) || readdirSync(directory).length > 0) return;
  rmdirSync(directory);
  removeEmpty(dirname(directory));
}
