import { spawnSync } from "node:child_process";

/** A command that is run on the device, in order. */
export interface Step {
  readonly command: readonly [program: string, ...args: string[]];
  /** Why it is needed, for people. */
  readonly why: string;
  /** Whether its failure ends the whole. */
  readonly needed: boolean;
}

/** How a step ended. */
export interface StepOutcome {
  readonly command: string;
  readonly why: string;
  readonly done: boolean;
  /** What it said when it failed. */
  readonly detail?: string;
}

/** A command of the system that hangs is given up after this. Guess: far above what systemctl takes on a Pi. */
const stepMsMax = 90_000;

/** Runs the steps until a needed one fails. */
export function runSteps(steps: readonly Step[]): readonly StepOutcome[] {
  const outcomes: StepOutcome[] = [];
  for (const step of steps) {
    const outcome = runStep(step);
    outcomes.push(outcome);
    if (!outcome.done && step.needed) break;
  }
  return outcomes;
}

function runStep({ command, why }: Step): StepOutcome {
  const [program, ...args] = command;
  const told = { command: command.join(" "), why };
  const { error, status, stderr } = spawnSync(program, args, {
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
    timeout: stepMsMax,
  });
  if (error !== undefined) return { ...told, done: false, detail: error.message };
  if (status === 0) return { ...told, done: true };
  return { ...told, done: false, detail: stderr.trim().split("\n").at(-1) ?? "" };
}
