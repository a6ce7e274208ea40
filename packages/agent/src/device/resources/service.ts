import { readServicePromise, type ServicePromise, type ServiceVerb } from "@antibody/core";
import { DeviceError } from "../deviceError.ts";
import { done, type ResourceBody } from "../resourceBody.ts";
import type { Manager } from "../service/manager.ts";
import { runit, runitDirectory } from "../service/runit.ts";
import { systemd } from "../service/systemd.ts";
import type { Tree } from "../tree.ts";
import { lookAtPath } from "./entry.ts";

/** Services of the device's own manager. */
export function serviceBody(tree: Tree): ResourceBody {
  const managers = { systemd: systemd(tree), runit: runit(tree) };
  const managerOf = (promise: ServicePromise): Manager => {
    const manager = promise.manager ?? found(tree);
    if (manager === undefined)
      throw new DeviceError(
        "ENOTSUP",
        "this device has neither systemd nor runit, of which services are known",
      );
    return managers[manager];
  };
  return {
    slow: true,
    // systemd keeps a link for each unit that runs; runsv writes the state of its service.
    watchedPath: ({ name, promise }) => {
      const manager = readServicePromise(promise).manager ?? found(tree);
      const directory = runitDirectory(tree) ?? "/etc/service";
      return manager === "runit"
        ? `${directory}/${name}/supervise/stat`
        : `/run/systemd/units/invocation:${name.replace(/\.service$/, "")}.service`;
    },
    observe: async ({ name, promise }, signal) => managerOf(readServicePromise(promise)).look(name, signal),
    act: async ({ name, promise }, plan, run) => {
      const promised = readServicePromise(promise);
      const manager = managerOf(promised);
      const verb = plan.verb as ServiceVerb;
      switch (verb) {
        case "set":
          run.progress(1, 1, `setting ${promised.state ?? "running"}`);
          await manager.set(name, promised, plan.timeoutMs, run.signal);
          return done(`set ${name}`);
        case "restart":
          run.progress(1, 1, "restarting");
          await manager.restart(name, plan.timeoutMs, run.signal);
          return done(`restarted ${name}`);
        default:
          verb satisfies never;
          throw new Error(`A service cannot ${plan.verb}`);
      }
    },
  };
}

/** systemd makes this directory where it is the manager (sd_booted(3)). */
function found(tree: Tree): "systemd" | "runit" | undefined {
  if (lookAtPath(tree, "/run/systemd/system") !== undefined) return "systemd";
  return runitDirectory(tree) === undefined ? undefined : "runit";
}
