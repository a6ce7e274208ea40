import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync, statSync } from "node:fs";
import type { ProcessExit } from "@antibody/core";
import type { AgentId } from "@antibody/policy";
import { codeOf, DeviceError, messageOf } from "../deviceError.ts";
import type { Tree } from "../tree.ts";
import { markerOf, markerVariable } from "./adoption.ts";
import { Child } from "./child.ts";
import { childEnvironment } from "./group.ts";
import { withoutCapabilities } from "./privileges.ts";
import { readStat, taskCount } from "./proc.ts";
import type { ChildRecord, ChildRecords } from "./records.ts";

/** What a child is started by. */
export interface LaunchSpec {
  readonly command: readonly string[];
  /** A path on the device; its root when undefined. */
  readonly cwd: string | undefined;
  readonly env: { readonly [name: string]: string };
  readonly stopTimeoutMs: number;
  readonly commandDigest: string;
}

/** What a launch needs. */
export interface LaunchOptions {
  readonly agent: AgentId;
  readonly name: string;
  readonly spec: LaunchSpec;
  readonly tree: Tree;
  readonly records: ChildRecords;
  /** Called once, at the end of the child. */
  readonly ended: (child: Child, exit: ProcessExit) => void;
}

/**
 * Starts a child in a session of its own, so that it outlives the agent, without a pipe to the agent, so that
 * it does not end of a broken one. Throws with the cause when the system cannot start it.
 */
export async function launch({ agent, name, spec, tree, records, ended }: LaunchOptions): Promise<Child> {
  const [program = "", ...programArguments] = withoutCapabilities(spec.command);
  const token = randomBytes(8).toString("hex");
  const cwd = tree.real(spec.cwd ?? "/");
  const output = openOutput(records, name);
  let own: ChildProcess;
  try {
    own = spawn(program, programArguments, {
      cwd,
      env: {
        ...childEnvironment(),
        ...spec.env,
        [markerVariable]: markerOf(agent, name, token, spec.commandDigest),
      },
      detached: true,
      stdio: outputTo(output),
    });
  } finally {
    if (output !== undefined) closeSync(output);
  }
  if (own.pid === undefined) throw await whyNotStarted(own, program, cwd);
  own.unref();
  // Counted behind the start, which waits for nothing then: the few more do not matter among thousands.
  const tasksBefore = taskCount();
  const { pid } = own;
  // Also of a child that has ended already: nobody but this process can take it out of the table.
  const startTicks = readStat(pid)?.startTicks ?? 0;
  const { commandDigest, stopTimeoutMs } = spec;
  const record: ChildRecord = { pid, startTicks, token, commandDigest, stopTimeoutMs };
  const child = new Child(record, own, tasksBefore);
  own.once("exit", (code, signal) => {
    ended(child, { ...(code === null ? {} : { code }), ...(signal === null ? {} : { signal }) });
  });
  records.write(name, record);
  return child;
}

/** Undefined where the state directory takes no file: a service is worth more than what it prints. */
function openOutput(records: ChildRecords, name: string): number | undefined {
  try {
    return openSync(records.freshOutput(name), "a", 0o600);
  } catch {
    return undefined;
  }
}

function outputTo(output: number | undefined): StdioOptions {
  return output === undefined ? "ignore" : ["ignore", output, output];
}

async function whyNotStarted(own: ChildProcess, program: string, cwd: string): Promise<Error> {
  const [error] = (await once(own, "error")) as [unknown];
  return startError(error, program, cwd);
}

/** Of a missing directory the system says the same as of a missing program. */
export function startError(error: unknown, program: string, cwd: string): DeviceError {
  const code = codeOf(error);
  if (code === "ENOENT" && statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true)
    return new DeviceError(code, `the working directory ${cwd} does not exist`);
  if (code === "ENOENT") return new DeviceError(code, `there is no program ${program}`);
  if (code === "EACCES") return new DeviceError(code, `${program} may not be executed`);
  return new DeviceError(code, messageOf(error));
}
