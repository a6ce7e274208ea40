import type { StepOutcome } from "./steps.ts";

/** What installing or uninstalling did, as `--json` prints it. */
export interface ServiceView {
  readonly schema: "antibody.service/1";
  readonly action: "install" | "uninstall";
  readonly scope: "system" | "user";
  /** Paths that were written or removed. */
  readonly files: readonly string[];
  readonly steps: readonly StepOutcome[];
  /** What could not be done here, and what stays. */
  readonly notes: readonly string[];
  readonly nextCommand: string | null;
}

/** The report for people. */
export function serviceLines(view: ServiceView): readonly string[] {
  const verb = view.action === "install" ? "wrote" : "removed";
  return [
    ...view.files.map((path) => `${verb.padEnd(8)} ${path}`),
    ...view.steps.flatMap(({ command, why, done, detail }) => [
      `${done ? "done    " : "FAILED  "} ${command} (${why})`,
      ...(detail === undefined || detail === "" ? [] : [`         ${detail}`]),
    ]),
    ...view.notes.map((note) => `note     ${note}`),
    ...(view.nextCommand === null ? [] : [`next: ${view.nextCommand}`]),
  ];
}
