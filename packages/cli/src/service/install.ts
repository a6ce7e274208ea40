import { chmodSync, copyFileSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { InstalledFile, Layout } from "./layout.ts";
import { sleepSteps } from "./sleep.ts";
import type { Step } from "./steps.ts";
import { serviceState, serviceUser, unitName } from "./unit.ts";

/** Copies the executable to its place in one go, so that a power cut leaves the old one or the new one. */
export function placeExecutable(from: string, to: string): void {
  if (from === to) return;
  mkdirSync(dirname(to), { recursive: true });
  const fresh = `${to}.new`;
  copyFileSync(from, fresh);
  chmodSync(fresh, 0o755);
  renameSync(fresh, to);
}

/** Writes a file with the directories above it. */
export function placeFile({ path, content }: InstalledFile): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content, { mode: 0o644 });
}

/** The user, the directory and the start at boot, after the files are in place. */
export function installSteps(
  layout: Layout,
  known: { userExists: boolean; systemd: boolean; intermittent: boolean },
): readonly Step[] {
  if (layout.scope === "user") return known.systemd ? userSteps : [];
  return [
    ...(known.userExists ? [] : [makeUser]),
    {
      command: ["install", "-d", "-m", "0700", "-o", serviceUser, "-g", serviceUser, serviceState],
      why: "the service keeps its state there",
      needed: true,
    },
    ...(known.systemd ? systemSteps : []),
    ...(known.systemd && known.intermittent ? sleepSteps : []),
  ];
}

const makeUser: Step = {
  command: [
    ...(["useradd", "--system", "--user-group", "--home-dir", serviceState] as const),
    ...(["--no-create-home", "--shell", "/usr/sbin/nologin", serviceUser] as const),
  ],
  why: "the service has a user of its own",
  needed: true,
};

const systemSteps: readonly Step[] = [
  { command: ["systemctl", "daemon-reload"], why: "systemd reads the unit", needed: true },
  { command: ["systemctl", "enable", unitName], why: "the agent starts at boot", needed: true },
  // Without an agent in the state the unit's condition holds it back, which is no failure.
  { command: ["systemctl", "restart", unitName], why: "the agent starts now", needed: true },
];

const userSteps: readonly Step[] = [
  { command: ["systemctl", "--user", "daemon-reload"], why: "systemd reads the unit", needed: true },
  {
    command: ["systemctl", "--user", "enable", unitName],
    why: "the agent starts with the user",
    needed: true,
  },
  {
    command: ["loginctl", "enable-linger"],
    why: "the user's services start at boot, without a login",
    needed: false,
  },
  { command: ["systemctl", "--user", "restart", unitName], why: "the agent starts now", needed: true },
];
