import { existsSync } from "node:fs";
import { runtimeDirectory } from "@antibody/agent/control";
import { CliError, exitCode } from "../../errors.ts";
import { type Invocation, shellWord } from "../../invocation.ts";
import { installLayout, type Layout } from "../../service/layout.ts";
import { systemdRuns } from "../../service/manager.ts";
import { type ServiceView, serviceLines } from "../../service/report.ts";
import { runSteps } from "../../service/steps.ts";
import {
  forgetSteps,
  hasKeys,
  ownerIdle,
  removeInstalled,
  removeLeftovers,
  removeState,
  stopSteps,
} from "../../service/uninstall.ts";
import { serviceUser, unitName } from "../../service/unit.ts";
import type { Verb } from "../../verb.ts";
import { endOf, orDenied, userExists } from "./install.ts";

interface UninstallOptions {
  readonly deleteKeys?: boolean;
  readonly keepKeys?: boolean;
}

/** `antibody uninstall`: takes back what `install` did, and what the agent made. */
export const uninstall: Verb<UninstallOptions> = {
  usage: "uninstall",
  summary:
    "Remove the service, the executable and the state. Asks before the keys; without an answer they stay.",
  examples: ["antibody uninstall", "antibody uninstall --delete-keys"],
  exits: [
    [0, "removed; what stays is named"],
    [1, "a step failed, or the package installed it"],
    [5, "a place may not be written by this user"],
  ],
  asksAgent: false,
  declare: (command) => {
    command
      .option("--delete-keys", "delete the keys of device and authors too, without asking")
      .option("--keep-keys", "keep them, without asking");
  },
  async run({ invocation, options }) {
    const { terminal } = invocation;
    const layout = installLayout(terminal.userId, terminal.environment);
    if (layout.scope === "system" && existsSync(`/lib/systemd/system/${unitName}`)) throw byPackage();
    const keepKeys = hasKeys(layout.state) && !(await mayDelete(invocation, options, layout));
    const known = { systemd: systemdRuns(), userExists: userExists(), keysKept: keepKeys };
    const stopped = runSteps(stopSteps(layout, known));
    await stopRunning(invocation, layout);
    const files = orDenied(() => {
      removeLeftovers(layout.state, runtimeDirectory(layout.state, terminal.environment, terminal.userId));
      removeState(layout.state, keepKeys);
      return [...removeInstalled(layout), ...(keepKeys ? [] : [layout.state])];
    });
    const steps = [...stopped, ...runSteps(forgetSteps(layout, known))];
    const view: ServiceView = {
      schema: "antibody.service/1",
      action: "uninstall",
      scope: layout.scope,
      files,
      steps,
      notes: keepKeys ? [`the keys stay in ${layout.state}`] : [],
      nextCommand: keepKeys ? forgetKeysCommand(layout) : null,
    };
    invocation.print(view, () => serviceLines(view));
    return endOf(steps);
  },
};

async function mayDelete(
  { terminal, json }: Invocation,
  options: UninstallOptions,
  layout: Layout,
): Promise<boolean> {
  if (options.keepKeys === true) return false;
  if (options.deleteKeys === true) return true;
  if (json || !terminal.canAsk) return false;
  return terminal.confirm(`Delete the keys in ${layout.state} too? They cannot be made again.`);
}

/** An agent that no service manager runs is asked to end; one that does not run is what is wanted. */
async function stopRunning({ client }: Invocation, layout: Layout): Promise<void> {
  if (!existsSync(layout.state)) return;
  try {
    await client.stop();
    if (layout.scope === "system") await ownerIdle(layout.state);
  } catch (error) {
    if (!(error instanceof CliError && error.code === "notRunning")) throw error;
  }
}

function byPackage(): CliError {
  return new CliError({
    code: "byPackage",
    message: "the package installed this, and has to remove it",
    cause: "dpkg knows its files",
    next: "apt-get purge antibody",
    exit: exitCode.failed,
  });
}

function forgetKeysCommand({ state, scope }: Layout): string {
  return scope === "system" ? `rm -r ${state} && userdel ${serviceUser}` : `rm -r ${shellWord(state)}`;
}
