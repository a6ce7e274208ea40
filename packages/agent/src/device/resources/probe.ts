import { durationMs, type ProbeObservation, readProbePromise } from "@antibody/core";
import { DeviceError } from "../deviceError.ts";
import { runCommand } from "../process/runCommand.ts";
import { failed, type ResourceBody } from "../resourceBody.ts";
import type { Tree } from "../tree.ts";

/** A health probe by a program. Its working directory is the device's root; what it writes is kept nowhere. */
export function probeBody(tree: Tree): ResourceBody {
  return {
    slow: true,
    observe: async ({ promise }, signal): Promise<ProbeObservation> => {
      const { command, timeout } = readProbePromise(promise);
      const ended = await runCommand(command, tree.real("/"), durationMs(timeout), signal);
      if (ended.type === "canceled") throw new DeviceError("ECANCELED", "the probe was canceled");
      return ended.type === "timedOut"
        ? { type: "ended", code: -1, timedOut: true }
        : { type: "ended", code: ended.code };
    },
    act: () => failed("ENOTSUP", "nothing on this device repairs a probe"),
  };
}
