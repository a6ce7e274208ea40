import { existsSync } from "node:fs";
import { serviceState, unitName } from "./unit.ts";

/** Where a unit of the system may lie: the package's place, and that of `antibody install`. */
export const systemUnitPaths: readonly string[] = [
  `/etc/systemd/system/${unitName}`,
  `/lib/systemd/system/${unitName}`,
];

/** Whether systemd runs this machine (sd_booted(3)). */
export function systemdRuns(): boolean {
  return existsSync("/run/systemd/system");
}

/** The command that starts the service of a state; undefined where no service is installed for it. */
export function startCommand(state: string): string | undefined {
  const installed =
    state === serviceState && systemdRuns() && systemUnitPaths.some((path) => existsSync(path));
  return installed ? "systemctl start antibody" : undefined;
}
