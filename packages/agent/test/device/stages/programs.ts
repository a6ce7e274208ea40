import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { onTestFinished } from "vitest";
import { type Rig, resource, until } from "../rig.ts";
import type { Stage } from "./stage.ts";

/** Processes that may not run: some end when they are told, some must be killed. */
export const foreignStage: Stage = {
  kind: "foreign",
  arrange: async (rig, draw, turn) => {
    const program = rig.real(`/intruder-${turn}`);
    copyFileSync("/bin/sleep", program);
    const children = Array.from({ length: draw.below(4) }, () =>
      spawn(program, ["600"], { stdio: "ignore" }),
    );
    onTestFinished(() => {
      for (const child of children) child.kill("SIGKILL");
    });
    await until("they run", () => children.every(({ pid }) => pid !== undefined));
    const dead = children.filter(() => draw.below(4) === 0);
    for (const child of dead) child.kill("SIGKILL");
    const path = draw.below(2) === 0;
    return {
      id: resource(`foreign:intruder-${turn}`),
      promise: { program: path ? program : `intruder-${turn}`, absent: true, stopTimeout: "2s" },
      after: () => until("all have ended", () => children.every(hasEnded)),
    };
  },
};

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** Timers whose last run lies behind by several of their times, or by none. */
export const timerStage: Stage = {
  kind: "timer",
  arrange: (rig: Rig, draw, turn) => {
    const at = rig.real(`/ran-${turn}`);
    const fails = draw.below(4) === 0;
    writeFileSync(at, "");
    rig.wallMs += draw.of(0, 60_000, 86_400_000 * 3);
    return {
      id: resource(`timer:job-${turn % 3}`),
      promise: {
        command: ["/bin/sh", "-c", fails ? "exit 4" : `echo ran > "$0"`, at],
        timeout: "5s",
        ...draw.of({ interval: "1m" }, { at: "03:00" }, { at: "23:59", days: ["mon"], offset: "-03:00" }),
      },
      ...(fails ? { mayFail: ["EXIT4"] } : {}),
    };
  },
};
