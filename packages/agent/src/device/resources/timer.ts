import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ActionResult,
  durationMs,
  type Plan,
  readTimerPromise,
  type TimerObservation,
  type TimerPromise,
  type TimerVerb,
  timerDueMs,
} from "@antibody/core";
import { isPlainObject, type ResourceId } from "@antibody/policy";
import type { OnceRuns } from "../process/onceRuns.ts";
import { type ActionRun, done, failed, type ResourceBody, type Subject } from "../resourceBody.ts";
import type { Tree } from "../tree.ts";

/** Times that are counted as missed, at most. A guess: beyond it, "many" is all that people want to know. */
const missedMax = 1_000;
/** The longest time of a timer of Node: 24 days. */
const timerMsMax = 2_147_483_647;

/** What timers need of the agent. */
export interface TimerServices {
  readonly tree: Tree;
  readonly once: OnceRuns;
  /** Where it is kept when each ran. Made when missing. */
  readonly directory: string;
  readonly wake: (resource: ResourceId) => void;
  readonly wallMs: () => number;
}

/** When a timer began to count, and when it last ran well; both by the wall clock. */
interface Ran {
  readonly sinceMs: number;
  readonly ranMs?: number;
}

/** Programs at their times. Their working directory is the device's root. */
export function timerBody({ tree, once, directory, wake, wallMs }: TimerServices): ResourceBody {
  const records = new Records(directory);
  const waking = new Map<ResourceId, NodeJS.Timeout>();
  const settled = new Set<ResourceId>();
  return {
    slow: true,
    observe: async ({ id, name, promise }, signal) => {
      const earlier = await once.earlier(id, durationMs(readTimerPromise(promise).timeout), signal);
      const nowMs = wallMs();
      // An agent that was killed while it ran did not end it: it ran, how well nobody knows.
      if (earlier === "ended" && !settled.has(id)) noteRan(records, name, nowMs);
      settled.add(id);
      const ran = records.read(name) ?? records.write(name, { sinceMs: nowMs });
      const observation = observationOf(readTimerPromise(promise), ran, nowMs);
      clearTimeout(waking.get(id));
      // The clock may be set meanwhile: the sweep looks as well, and then this is set anew.
      if (!observation.isDue) {
        const dueMs = Math.min(Math.max(Date.parse(observation.dueAt) - nowMs, 0), timerMsMax);
        waking.set(id, setTimeout(() => wake(id), dueMs).unref());
      }
      return observation;
    },
    act: (subject, plan, run) => runTimer(once, tree, records, wallMs, subject, plan, run),
  };
}

/** Whether it is due at `nowMs`, by when it last ran. */
export function observationOf(
  promise: TimerPromise,
  { sinceMs, ranMs }: Ran,
  nowMs: number,
): TimerObservation {
  // A clock that was set back must not make a timer wait for the old time to come again.
  let dueMs = timerDueMs(promise, Math.min(ranMs ?? sinceMs, nowMs));
  const isDue = dueMs <= nowMs;
  let missed = 0;
  for (; isDue && missed < missedMax; missed += 1) {
    const nextMs = timerDueMs(promise, dueMs);
    if (nextMs > nowMs) break;
    dueMs = nextMs;
  }
  return {
    type: "timer",
    isDue,
    dueAt: new Date(dueMs).toISOString(),
    missed,
    ...(ranMs === undefined ? {} : { ranAt: new Date(ranMs).toISOString() }),
  };
}

function noteRan(records: Records, name: string, ranMs: number): void {
  records.write(name, { sinceMs: records.read(name)?.sinceMs ?? ranMs, ranMs });
}

async function runTimer(
  once: OnceRuns,
  tree: Tree,
  records: Records,
  wallMs: () => number,
  { id, name, promise }: Subject,
  plan: Plan,
  run: ActionRun,
): Promise<ActionResult> {
  const verb = plan.verb as TimerVerb;
  if (verb !== "run") throw new Error(`A timer cannot ${plan.verb}`);
  const { command, timeout } = readTimerPromise(promise);
  run.progress(1, 1, `running ${command[0] ?? ""}`);
  const startMs = wallMs();
  const ended = await once.run(id, command, tree.real("/"), durationMs(timeout), run.signal, (each) => {
    // From its start: a time of the day that came while it ran is still to come.
    if (each.type === "ended" && each.code === 0) noteRan(records, name, startMs);
  });
  switch (ended.type) {
    case "canceled":
      return { type: "canceled" };
    case "timedOut":
      return failed("ETIMEDOUT", `took longer than ${timeout} and was killed`);
    case "ended": {
      if (ended.code !== 0) {
        const said = ended.output.trimEnd();
        return failed(`EXIT${ended.code}`, `ended with ${ended.code}${said === "" ? "" : `: ${said}`}`);
      }
      return done("ended with 0");
    }
    default:
      ended satisfies never;
      throw new Error("unreachable");
  }
}

/** Files about timers, one each: names of timers are plain, so that they are file names. */
class Records {
  readonly #directory: string;
  /** Where a file cannot be written, it is known as long as the agent lives. */
  readonly #known = new Map<string, Ran>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  read(name: string): Ran | undefined {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    try {
      const value: unknown = JSON.parse(readFileSync(join(this.#directory, `${name}.json`), "utf8"));
      if (!isPlainObject(value) || value["v"] !== 1 || typeof value["sinceMs"] !== "number") return undefined;
      const { sinceMs, ranMs } = value;
      return { sinceMs, ...(typeof ranMs === "number" ? { ranMs } : {}) };
    } catch {
      // None yet, or torn by a power cut: it counts from now on.
      return undefined;
    }
  }

  write(name: string, ran: Ran): Ran {
    this.#known.set(name, ran);
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      const path = join(this.#directory, `${name}.json`);
      writeFileSync(`${path}.next`, JSON.stringify({ v: 1, ...ran }), { mode: 0o600 });
      renameSync(`${path}.next`, path);
    } catch {
      // A full disk: what ran is worth more than that it is known after a restart.
    }
    return ran;
  }
}
