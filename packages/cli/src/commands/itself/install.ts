import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isSea } from "node:sea";
import type { Command } from "commander";
import { CliError, type ExitCode, exitCode, usageError } from "../../errors.ts";
import type { Invocation } from "../../invocation.ts";
import { commandTree } from "../../reference/tree.ts";
import { type HealKind, healDropIn, healKinds } from "../../service/heal.ts";
import { installSteps, placeExecutable, placeFile } from "../../service/install.ts";
import { installedFiles, installLayout, type Layout } from "../../service/layout.ts";
import { systemdRuns } from "../../service/manager.ts";
import { type ServiceView, serviceLines } from "../../service/report.ts";
import { sleepUnit } from "../../service/sleep.ts";
import { runSteps, type StepOutcome } from "../../service/steps.ts";
import { serviceUser, unitName } from "../../service/unit.ts";
import type { Verb } from "../../verb.ts";
import { version } from "../../version.ts";

interface InstallOptions {
  readonly heal?: HealKind;
  readonly intermittent?: boolean;
}

const packageUnit = `/lib/systemd/system/${unitName}`;
const packageExecutable = "/usr/bin/antibody";

/** `antibody install`: for those without the package. */
export function install(program: Command): Verb<InstallOptions> {
  return {
    usage: "install",
    summary:
      "Install this executable as a service that starts at boot: by root for the device, else for you.",
    examples: [
      "antibody install",
      "antibody install --heal files",
      "antibody install --heal device",
      "antibody install --intermittent",
    ],
    exits: [
      [0, "installed; again: renewed"],
      [1, "a step failed: it is named"],
      [5, "a place may not be written by this user"],
    ],
    asksAgent: false,
    declare: (command) => {
      command
        .option(
          "--heal <kind>",
          "what the service may heal beyond its own user: files, or the whole device as root (root)",
          readKind,
        )
        .option(
          "--intermittent",
          "this device sleeps, as a laptop does: peers are told before, and after (root, systemd)",
        );
    },
    async run({ invocation, options }) {
      const { environment, userId } = invocation.terminal;
      const layout = installLayout(userId, environment);
      if (options.heal !== undefined && layout.scope === "user") throw mayNotHeal(invocation, options.heal);
      const intermittent = options.intermittent === true;
      if (intermittent && layout.scope === "user") throw mayNotTell(invocation);
      const packaged = layout.scope === "system" && existsSync(packageUnit);
      if (!packaged && !isSea()) throw notOneFile();
      const place = (): readonly string[] => [
        ...(packaged ? [] : placeAll(layout, program)),
        ...(options.heal === undefined ? [] : [placed(healDropIn(layout, options.heal))]),
        ...(intermittent
          ? [placed(sleepUnit(layout, packaged ? packageExecutable : layout.executable))]
          : []),
      ];
      const files = orDenied(place);
      const known = { userExists: userExists(), systemd: systemdRuns(), intermittent };
      const steps = runSteps(installSteps(layout, known));
      const view: ServiceView = {
        schema: "antibody.service/1",
        action: "install",
        scope: layout.scope,
        files,
        steps,
        notes: notes(layout, packaged),
        nextCommand: nextCommand(layout),
      };
      invocation.print(view, () => serviceLines(view));
      return endOf(steps);
    },
  };
}

/** Whether the steps came to their end. */
export function endOf(steps: readonly StepOutcome[]): ExitCode {
  return steps.every(({ done }) => done) ? exitCode.ok : exitCode.failed;
}

/** Whether the service's own user is there. */
export function userExists(): boolean {
  return new RegExp(`^${serviceUser}:`, "m").test(readFileSync("/etc/passwd", "utf8"));
}

/** Does what writes files; what this user may not write is an error that says so. */
export function orDenied<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (
      !(
        error instanceof Error &&
        "code" in error &&
        ["EACCES", "EPERM", "EROFS"].includes(String(error.code))
      )
    )
      throw error;
    throw new CliError({
      code: "denied",
      message: "a place of the installation may not be written",
      cause: error.message,
      next: "run it as root, or make the place writable",
      exit: exitCode.denied,
    });
  }
}

function placeAll(layout: Layout, program: Command): readonly string[] {
  placeExecutable(process.execPath, layout.executable);
  return [layout.executable, ...installedFiles(layout, commandTree(program), version).map(placed)];
}

function placed(file: { readonly path: string; readonly content: string }): string {
  placeFile(file);
  return file.path;
}

function notes(layout: Layout, packaged: boolean): readonly string[] {
  return [
    ...(packaged ? [`the package keeps ${packageExecutable} and the unit; nothing of them was changed`] : []),
    ...(systemdRuns() ? [] : ["no systemd runs here: let whatever starts services here run: antibody run"]),
    ...(layout.scope === "user" ? ["without root it heals what you may change, and nothing else"] : []),
  ];
}

function nextCommand(layout: Layout): string | null {
  if (!existsSync(join(layout.state, "charter.json"))) return "antibody init --name NAME";
  if (systemdRuns()) return "antibody doctor";
  return "antibody run";
}

function readKind(text: string): HealKind {
  const kind = healKinds.find((each) => each === text);
  if (kind !== undefined) return kind;
  throw usageError(
    "--heal knows no such kind",
    `known are: ${healKinds.join(", ")}`,
    "antibody install --help",
  );
}

function mayNotHeal({ self }: Invocation, kind: HealKind): CliError {
  return new CliError({
    code: "denied",
    message: "only root can let a service heal what is not its own",
    cause: "a service of a user has that user's rights",
    next: `sudo ${self} install --heal ${kind}`,
    exit: exitCode.denied,
  });
}

function mayNotTell({ self }: Invocation): CliError {
  return new CliError({
    code: "denied",
    message: "only root can have peers told of this device's sleep",
    cause: "systemd tells the services of a user nothing of it",
    next: `sudo ${self} install --intermittent; or before each sleep: ${self} away`,
    exit: exitCode.denied,
  });
}

function notOneFile(): CliError {
  return new CliError({
    code: "notOneFile",
    message: "this is not the single executable",
    cause: "the bundle needs a Node that the service's user may not reach",
    next: "npm run build, then: dist/antibody-linux-ARCH install",
    exit: exitCode.failed,
  });
}
