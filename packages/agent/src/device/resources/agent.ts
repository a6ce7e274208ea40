import { accessSync, constants, statfsSync } from "node:fs";
import type { AgentObservation } from "@antibody/core";
import { codeOf } from "../deviceError.ts";
import { failed, type ResourceBody } from "../resourceBody.ts";

/** The agent that looks. */
export function agentBody(version: string, stateDirectory: string): ResourceBody {
  return {
    slow: false,
    observe: (): AgentObservation => {
      const { bsize, blocks, bavail } = statfsSync(stateDirectory);
      return {
        type: "agent",
        version,
        isStateWritable: isWritable(stateDirectory),
        freeBytes: bavail * bsize,
        totalBytes: blocks * bsize,
      };
    },
    act: () => failed("ENOTSUP", "nothing on this device repairs the agent itself"),
  };
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch (error) {
    if (codeOf(error) === "EACCES" || codeOf(error) === "EROFS" || codeOf(error) === "ENOENT") return false;
    throw error;
  }
}
