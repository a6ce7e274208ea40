import { dirname, join } from "node:path";
import type { InstalledFile, Layout } from "./layout.ts";
import type { Step } from "./steps.ts";
import { serviceState } from "./unit.ts";

/** The name of the unit that tells peers of a device's sleep. */
export const sleepUnitName = "antibody-sleep.service";

/** Sleep waits no longer for the word to be said. A guess: far above what the command takes on a Pi. */
const sayMsMax = 5_000;

/**
 * The unit of a device that sleeps: it is started before any kind of sleep, and stopped when that is over
 * (systemd.special(7), sleep.target). What it says may fail: nobody's sleep is held up.
 */
export function sleepUnit(layout: Layout, executable: string): InstalledFile {
  const say = (word: string): string => `-${executable} --state ${serviceState} ${word}`;
  const lines = [
    "# Made by: antibody install --intermittent",
    "[Unit]",
    "Description=Antibody: tells peers that this device sleeps, and that it is back",
    "Documentation=man:antibody(1)",
    `ConditionPathExists=${serviceState}/charter.json`,
    "Before=sleep.target",
    "StopWhenUnneeded=yes",
    "",
    "[Service]",
    "Type=oneshot",
    "RemainAfterExit=yes",
    `ExecStart=${say("away")}`,
    `ExecStop=${say("back")}`,
    `TimeoutSec=${sayMsMax / 1_000}`,
    "",
    "[Install]",
    "WantedBy=sleep.target",
  ];
  return { path: sleepUnitPath(layout), content: `${lines.join("\n")}\n` };
}

/** Where it lies, beside the agent's own. */
export function sleepUnitPath(layout: Layout): string {
  return join(dirname(layout.unit), sleepUnitName);
}

/** Has systemd start it from the next sleep on. */
export const sleepSteps: readonly Step[] = [
  { command: ["systemctl", "enable", sleepUnitName], why: "peers hear of this device's sleep", needed: true },
];
