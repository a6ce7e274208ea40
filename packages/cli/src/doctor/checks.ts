import type { Trouble } from "@antibody/agent/control";
import { formatDuration } from "@antibody/core";
import { shellWord } from "../invocation.ts";
import type { Facts } from "./facts.ts";
import { type Checked, finding, notRunning, unseen, well } from "./finding.ts";

/** Below this an agent cannot keep its journal and a recording. Guess: many times what they take. */
const freeBytesMin = 64 * 1_048_576;
const freeFilesMin = 256;
/** Share of a limit from which it is near. Guess. */
const nearShare = 0.8;
/** What an agent with its largest scope takes; Debian's own default is above. Guess. */
const watchesMin = 8_192;
const instancesMin = 128;
/** Clocks of devices differ by so much without harm: the wall clock serves expiries, in minutes. Guess. */
const clockBackMsMax = 60_000;
/** No build is older: a clock before this was never set. */
const projectBeganMs = Date.UTC(2026, 0, 1);

export function checkAgent({ agent, self, start, state }: Facts): Checked {
  switch (agent.type) {
    case "running":
      return well("agent", `${agent.inspection.name} runs`);
    case "notBegun":
      return finding("agent", `there is no agent in ${state}`, `${self} init --name NAME`);
    case "notRunning":
      return finding("agent", "it does not run", start);
    case "denied":
      return finding("agent", agent.cause, `sudo ${self} doctor`);
    case "failed":
      return finding("agent", agent.cause, `${self} logs`);
    default:
      return agent satisfies never;
  }
}

export function checkService({ service, agent }: Facts): Checked {
  if (!service.systemd)
    return unseen("service", "no systemd runs here: something else has to start the agent at boot");
  if (!service.installed) return finding("service", "nothing starts the agent at boot", "antibody install");
  if (service.enabled === false)
    return finding("service", "it does not start at boot", "systemctl enable antibody");
  if (agent.type === "notRunning")
    return finding("service", "the service does not run", "systemctl restart antibody");
  return well("service", "it starts at boot");
}

export function checkClock({ clock, wallMs }: Facts): Checked {
  const mend = "timedatectl set-ntp true";
  if (wallMs < projectBeganMs)
    return finding(
      "clock",
      `the clock says ${new Date(wallMs).toISOString().slice(0, 10)}: it was never set`,
      mend,
    );
  const backMs = (clock.lastWrittenMs ?? 0) - wallMs;
  if (backMs > clockBackMsMax)
    return finding(
      "clock",
      `the state was written ${formatDuration(backMs)} in the future: the clock went back`,
      mend,
    );
  if (clock.synchronized === false) return finding("clock", "nothing keeps the clock right", mend);
  return well("clock", clock.synchronized === true ? "it is kept by the network" : "it is plausible");
}

export function checkDisk({ disk, state, agent }: Facts): Checked {
  if (disk === undefined) return unseen("disk", "there is no state yet");
  const look = `du -xh ${shellWord(state)} / 2>/dev/null | sort -h | tail`;
  if (disk.readOnly)
    return finding(
      "disk",
      "the file system of the state is read-only",
      "dmesg | tail && mount -o remount,rw /",
    );
  if (disk.freeBytes < freeBytesMin)
    return finding("disk", `only ${mebibytes(disk.freeBytes)} are free`, look);
  if (disk.sizeFiles > 0 && disk.freeFiles < freeFilesMin)
    return finding("disk", `only ${disk.freeFiles} more files fit`, look);
  const unwritten = troubleOf(agent, "agent.stateUnwritten") ?? troubleOf(agent, "agent.historyFailed");
  if (unwritten !== undefined) return finding("disk", unwritten, "dmesg | tail");
  return well("disk", `${mebibytes(disk.freeBytes)} are free`);
}

export function checkInotify({ inotify, agent }: Facts): Checked {
  const { watchesMax, watchesHeld = 0, instancesMax, instancesHeld = 0 } = inotify;
  const raise = (name: string, value: number): string =>
    `echo fs.inotify.${name}=${value} > /etc/sysctl.d/60-antibody.conf && sysctl --system`;
  if (watchesMax < watchesMin || watchesHeld > nearShare * watchesMax)
    return finding(
      "inotify",
      `${watchesHeld} of ${watchesMax} watches are held`,
      raise("max_user_watches", Math.max(65_536, 2 * watchesMax)),
    );
  if (instancesMax < instancesMin || instancesHeld > nearShare * instancesMax)
    return finding(
      "inotify",
      `${instancesHeld} of ${instancesMax} instances are held`,
      raise("max_user_instances", Math.max(1_024, 2 * instancesMax)),
    );
  const refused = troubleOf(agent, "device.polling");
  if (refused !== undefined) {
    const few = /\(EMFILE\)/.test(refused);
    const mend = few
      ? raise("max_user_instances", Math.max(1_024, 2 * instancesMax))
      : raise("max_user_watches", Math.max(65_536, 2 * watchesMax));
    return finding("inotify", refused, mend);
  }
  return well("inotify", `${watchesHeld} of ${watchesMax} watches are held`);
}

export function checkDescriptors({ agent }: Facts): Checked {
  if (agent.type !== "running") return unseen("descriptors", notRunning);
  const { process: body } = agent;
  if (body?.descriptors === undefined)
    return unseen("descriptors", "the agent's process cannot be looked at by this user");
  const { open, max } = body.descriptors;
  if (open > nearShare * max)
    return finding(
      "descriptors",
      `${open} of ${max} are open`,
      `prlimit --nofile=${2 * max} --pid ${body.pid}`,
    );
  return well("descriptors", `${open} of ${max} are open`);
}

export function checkPermissions({ entries, state, agent }: Facts): Checked {
  const body = agent.type === "running" ? agent.process : undefined;
  // The first entry is the state directory itself.
  const owner = body?.userId ?? entries[0]?.userId;
  const strange = entries.find((entry) => entry.userId !== owner);
  if (strange !== undefined)
    return finding(
      "permissions",
      `${strange.path} does not belong to the agent's user`,
      `chown -R --reference=${shellWord(state)} ${shellWord(state)}`,
    );
  const open = entries.find(({ mode, secret }) => (mode & (secret ? 0o077 : 0o022)) !== 0);
  if (open !== undefined) {
    const mend = open.secret ? "go=" : "go-w";
    return finding(
      "permissions",
      `others may ${open.secret ? "read" : "change"} ${open.path}`,
      `chmod ${mend} ${shellWord(open.path)}`,
    );
  }
  return entries.length === 0
    ? unseen("permissions", "the state cannot be looked at by this user, or is not there yet")
    : well("permissions", "the state is the agent's own");
}

/** What a running agent says of one of its troubles, if it has it. */
function troubleOf(agent: Facts["agent"], name: Trouble["name"]): string | undefined {
  if (agent.type !== "running") return undefined;
  return agent.inspection.troubles?.find((trouble) => trouble.name === name)?.what;
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1_048_576)} MiB`;
}
