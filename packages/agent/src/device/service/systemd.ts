import type { ServiceObservation, ServicePromise } from "@antibody/core";
import { DeviceError } from "../deviceError.ts";
import { runTool, runToolWell } from "../process/runTool.ts";
import type { Tree } from "../tree.ts";
import type { Manager } from "./manager.ts";

/** Time to ask systemd. A guess: it answers within 20 ms, unless it hangs itself. */
const askTimeoutMs = 10_000;

/** systemd, asked by systemctl: its properties by name are stable across versions (systemctl(1), show). */
export function systemd(tree: Tree): Manager {
  return {
    look: async (name, signal) => {
      refuseOtherRoot(tree);
      const properties = "--property=LoadState,ActiveState,SubState,UnitFileState";
      const text = await runToolWell(
        ["systemctl", "show", properties, "--", unitOf(name)],
        askTimeoutMs,
        signal,
      );
      return observationOf(text);
    },
    set: async (name, promise, timeoutMs, signal) => {
      refuseOtherRoot(tree);
      const systemctl = (...words: readonly string[]): Promise<string> =>
        runToolWell(["systemctl", "--no-ask-password", ...words, "--", unitOf(name)], timeoutMs, signal);
      await setEnabled(promise, systemctl);
      if (promise.state === "stopped") {
        await systemctl("stop");
        return;
      }
      // One that failed too often is not started again before this.
      await runTool(["systemctl", "reset-failed", "--", unitOf(name)], askTimeoutMs, signal);
      // To start what systemd itself will try again waits until then: only a restart is at once.
      await systemctl((await isWaiting(name, signal)) ? "restart" : "start");
    },
    restart: async (name, timeoutMs, signal) => {
      refuseOtherRoot(tree);
      const restart = ["systemctl", "--no-ask-password", "restart", "--", unitOf(name)];
      await runToolWell(restart, timeoutMs, signal);
    },
  };
}

/** Whether systemd waits before it starts a failed service again. */
async function isWaiting(name: string, signal: AbortSignal): Promise<boolean> {
  const show = ["systemctl", "show", "--property=SubState", "--", unitOf(name)];
  return (await runToolWell(show, askTimeoutMs, signal)).includes("auto-restart");
}

async function setEnabled(
  { enabled }: ServicePromise,
  systemctl: (verb: string) => Promise<string>,
): Promise<void> {
  if (enabled !== undefined) await systemctl(enabled ? "enable" : "disable");
}

/** systemctl speaks with the one systemd of the machine, whatever the root. */
function refuseOtherRoot(tree: Tree): void {
  if (tree.real("/") !== "/")
    throw new DeviceError("ENOTSUP", `the services of systemd are those of /, and not of ${tree.real("/")}`);
}

function unitOf(name: string): string {
  return name.endsWith(".service") ? name : `${name}.service`;
}

function observationOf(text: string): ServiceObservation {
  const properties = new Map(
    text.split("\n").map((line) => {
      const equals = line.indexOf("=");
      return [line.slice(0, Math.max(equals, 0)), line.slice(equals + 1)] as const;
    }),
  );
  const load = properties.get("LoadState") ?? "";
  if (load === "not-found" || load === "") return { type: "missing", manager: "systemd" };
  return {
    type: "service",
    manager: "systemd",
    state: stateOf(properties.get("ActiveState") ?? "", properties.get("SubState") ?? ""),
    enabled: enabledOf(properties.get("UnitFileState") ?? ""),
  };
}

function stateOf(active: string, sub: string): "running" | "stopped" | "failed" {
  // Between two tries of a service that ends again and again.
  if (sub === "auto-restart" || active === "failed") return "failed";
  return active === "active" || active === "reloading" || active === "activating" ? "running" : "stopped";
}

function enabledOf(state: string): "yes" | "no" | "fixed" {
  if (state === "enabled" || state === "enabled-runtime") return "yes";
  return state === "disabled" || state === "masked" ? "no" : "fixed";
}
