import {
  type ActionResult,
  commandBytes,
  durationMs,
  type Plan,
  type ProcessObservation,
  type ProcessPromise,
  type ProcessVerb,
  readProcessPromise,
  stopTimeoutMsDefault,
} from "@antibody/core";
import type { Digest } from "../digest.ts";
import type { LaunchSpec } from "../process/launch.ts";
import type { ChildState, Supervisor } from "../process/supervisor.ts";
import { type ActionRun, done, type ResourceBody, type Subject } from "../resourceBody.ts";

/** Supervised children. */
export function processBody(supervisor: Supervisor, digest: Digest): ResourceBody {
  return {
    slow: false,
    observe: ({ name }) => {
      const state = supervisor.state(name);
      return state instanceof Promise ? state.then(describe) : describe(state);
    },
    act: (subject, plan, run) => actOnProcess(supervisor, digest, subject, plan, run),
  };
}

function describe(state: ChildState): ProcessObservation {
  if (state.type === "stopped") return state;
  const { pid, startTicks, commandDigest } = state.child.record;
  return { type: "running", pid, startTicks, commandDigest };
}

async function actOnProcess(
  supervisor: Supervisor,
  digest: Digest,
  subject: Subject,
  plan: Plan,
  run: ActionRun,
): Promise<ActionResult> {
  const spec = specOf(readProcessPromise(subject.promise), plan, digest);
  const verb = plan.verb as ProcessVerb;
  switch (verb) {
    case "start":
      return start(supervisor, subject, spec);
    case "restart":
      run.progress(1, 2, `stopping, up to ${spec.stopTimeoutMs} ms`);
      await supervisor.stopChild(subject.name, spec.stopTimeoutMs, run.signal);
      run.signal.throwIfAborted();
      run.progress(2, 2, "starting");
      return start(supervisor, subject, spec);
    case "stop":
      await supervisor.stopChild(subject.name, spec.stopTimeoutMs, run.signal);
      return done("stopped");
    default:
      verb satisfies never;
      throw new Error(`A process cannot ${plan.verb}`);
  }
}

async function start(supervisor: Supervisor, subject: Subject, spec: LaunchSpec): Promise<ActionResult> {
  const child = await supervisor.start(subject.id, subject.name, spec);
  return done(`runs as pid ${child.record.pid}`);
}

function specOf(promise: ProcessPromise, { epochs = {} }: Plan, digest: Digest): LaunchSpec {
  const { command, cwd, env = {}, stopTimeout } = promise;
  return {
    command,
    cwd,
    env: { ...epochVariables(epochs), ...env },
    stopTimeoutMs: stopTimeout === undefined ? stopTimeoutMsDefault : durationMs(stopTimeout),
    commandDigest: digest(commandBytes(promise)),
  };
}

/**
 * What a program hears of the leases that it runs by: of a role `sensor-db` as ANTIBODY_EPOCH_SENSOR_DB. They are no part
 * of the command, since a new epoch always follows a stop.
 */
function epochVariables(epochs: { readonly [role: string]: number }): { readonly [name: string]: string } {
  const nameOf = (role: string): string => `ANTIBODY_EPOCH_${role.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`;
  return Object.fromEntries(Object.entries(epochs).map(([role, epoch]) => [nameOf(role), String(epoch)]));
}
