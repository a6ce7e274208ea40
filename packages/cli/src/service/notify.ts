import { spawn } from "node:child_process";
import type { Environment } from "@antibody/agent/control";

/** What a service manager is told, by sd_notify(3). */
export interface ServiceManager {
  /** The agent is at work: what waits for it may start. From now on the watchdog is fed. */
  ready(): void;
  /** The agent is ending in order. */
  stopping(): void;
}

/** A message that hangs is not waited for: the next one of the watchdog follows. Guess. */
const notifyMsMax = 10_000;

/** What telling a service manager needs. */
export interface NotifyOptions {
  readonly environment: Environment;
  /** Throws while the agent does not work: then the watchdog is not fed, and systemd starts the agent anew. */
  readonly check: () => void;
  /** Told what kept a message back, once. */
  readonly onFailure: (cause: string) => void;
  /** Runs systemd-notify; replaced in tests. */
  readonly tell?: (states: readonly string[]) => void;
}

/**
 * The service manager that started this process; undefined where none did, or it asks for nothing.
 * Messages go through systemd-notify, because Node has no datagram Unix sockets.
 */
export function serviceManager(options: NotifyOptions): ServiceManager | undefined {
  const { environment, check } = options;
  if (environment["NOTIFY_SOCKET"] === undefined) return undefined;
  const tell = options.tell ?? systemdNotify(options.onFailure);
  const intervalMs = watchdogIntervalMs(environment);
  let timer: NodeJS.Timeout | undefined;
  return {
    ready: () => {
      tell(["READY=1"]);
      if (intervalMs === undefined) return;
      timer = setInterval(() => {
        check();
        tell(["WATCHDOG=1"]);
      }, intervalMs);
      timer.unref();
    },
    stopping: () => {
      clearInterval(timer);
      tell(["STOPPING=1"]);
    },
  };
}

/** Half of what systemd asks for (sd_watchdog_enabled(3)); undefined where it watches nothing, or another process. */
function watchdogIntervalMs(environment: Environment): number | undefined {
  const { WATCHDOG_USEC: spanUs, WATCHDOG_PID: pid } = environment;
  if (spanUs === undefined || !/^[1-9]\d{0,14}$/.test(spanUs)) return undefined;
  if (pid !== undefined && Number(pid) !== process.pid) return undefined;
  return Math.max(1, Math.floor(Number(spanUs) / 2_000));
}

function systemdNotify(onFailure: (cause: string) => void): (states: readonly string[]) => void {
  let failed = false;
  const fail = (cause: string): void => {
    if (!failed) onFailure(cause);
    failed = true;
  };
  return (states) => {
    const child = spawn("systemd-notify", states, {
      stdio: "ignore",
      timeout: notifyMsMax,
      killSignal: "SIGKILL",
    });
    child.on("error", ({ message }) => fail(message));
    child.on("exit", (code) => {
      if (code !== 0) fail(`systemd-notify ended with ${code ?? "a signal"}`);
    });
  };
}
