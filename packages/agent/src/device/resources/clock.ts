import type { ClockObservation } from "@antibody/core";
import { codeOf, DeviceError } from "../deviceError.ts";
import { runTool } from "../process/runTool.ts";
import { failed, type ResourceBody } from "../resourceBody.ts";
import type { Tree } from "../tree.ts";
import { lookAtPath } from "./entry.ts";

/** Time for an answer. A guess: both answer within 50 ms. */
const askTimeoutMs = 5_000;

/** Who knows of the clock. Asked in turn: the first that has something to say counts. */
export function clockBody(tree: Tree): ResourceBody {
  return {
    slow: true,
    observe: async (_subject, signal) => {
      const said = (await askChrony(signal)) ?? askTimesyncd(tree) ?? (await askTimedatectl(signal));
      if (said !== undefined) return said;
      throw new DeviceError(
        "ENOTSUP",
        "neither chrony, systemd-timesyncd nor timedatectl tells of this clock",
      );
    },
    act: () => failed("ENOTSUP", "the service that sets the clock repairs it"),
  };
}

/** `chronyc -c tracking`: the third field is the stratum, the fifth the offset in seconds, the last the leap status. */
async function askChrony(signal: AbortSignal): Promise<ClockObservation | undefined> {
  const answer = await ask(["chronyc", "-c", "tracking"], signal);
  return answer === undefined ? undefined : chronyOf(answer);
}

/** Reads one line of `chronyc -c tracking`. */
export function chronyOf(line: string): ClockObservation | undefined {
  const fields = line.trim().split(",");
  const offset = Number(fields[4]);
  if (fields.length < 14 || !Number.isFinite(offset)) return undefined;
  return {
    type: "clock",
    by: "chrony",
    isSynchronized: fields[13] !== "Not synchronised",
    offsetMs: Math.round(Math.abs(offset) * 1_000),
  };
}

/** The file is made when it is synchronized first after a start of the device (systemd-timesyncd.service(8)). */
function askTimesyncd(tree: Tree): ClockObservation | undefined {
  if (lookAtPath(tree, "/run/systemd/timesync") === undefined) return undefined;
  const isSynchronized = lookAtPath(tree, "/run/systemd/timesync/synchronized") !== undefined;
  return { type: "clock", by: "timesyncd", isSynchronized };
}

async function askTimedatectl(signal: AbortSignal): Promise<ClockObservation | undefined> {
  const answer = await ask(["timedatectl", "show", "--property=NTPSynchronized", "--value"], signal);
  const said = answer?.trim();
  if (said !== "yes" && said !== "no") return undefined;
  return { type: "clock", by: "timedatectl", isSynchronized: said === "yes" };
}

/** Undefined where there is no such tool, or where it cannot say. */
async function ask(command: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  try {
    const { code, stdout } = await runTool(command, askTimeoutMs, signal);
    return code === 0 ? stdout : undefined;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "EACCES" || codeOf(error) === "ETIMEDOUT")
      return undefined;
    throw error;
  }
}
