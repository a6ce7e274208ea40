import {
  type ActionResult,
  type ContainerObservation,
  type ContainerPromise,
  type ContainerVerb,
  containerBytes,
  containerStopTimeoutMsDefault,
  durationMs,
  type Plan,
  readContainerPromise,
} from "@antibody/core";
import { Engine, engineError, fieldOf } from "../container/engine.ts";
import {
  type Container,
  createContainer,
  fetchImage,
  removeContainer,
  replaceContainer,
  startContainer,
  stopContainer,
} from "../container/replacing.ts";
import { madeByLabel, settingsOf } from "../container/settings.ts";
import { DeviceError } from "../deviceError.ts";
import type { Digest } from "../digest.ts";
import { type ActionRun, done, type ResourceBody, type Subject } from "../resourceBody.ts";
import type { Tree } from "../tree.ts";
import { lookAtPath } from "./entry.ts";

/** Where engines listen, as they are installed. */
const sockets = ["/run/docker.sock", "/run/podman/podman.sock"] as const;
/** Time for a look. A guess: an engine answers within 50 ms, unless it hangs itself. */
const lookTimeoutMs = 10_000;

/** Containers of an engine. */
export function containerBody(tree: Tree, digest: Digest): ResourceBody {
  return {
    slow: true,
    observe: async ({ name, promise }, signal) => {
      const engine = new Engine(socketOf(tree, readContainerPromise(promise)), lookTimeoutMs, signal);
      return look(engine, name);
    },
    act: (subject, plan, run) => actOnContainer(tree, digest, subject, plan, run),
  };
}

function socketOf(tree: Tree, { socket }: ContainerPromise): string {
  const found = socket ?? sockets.find((path) => lookAtPath(tree, path) !== undefined);
  if (found === undefined)
    throw new DeviceError("ENOENT", `this device has no container engine at ${sockets.join(" or ")}`);
  return tree.real(found);
}

async function look(engine: Engine, name: string): Promise<ContainerObservation> {
  const answer = await engine.ask("GET", `/containers/${name}/json`);
  if (answer.status === 404) return { type: "absent" };
  if (answer.status !== 200) throw engineError(`describe ${name}`, answer);
  const state = fieldOf(answer.value, "State");
  const isRunning = fieldOf(state, "Running") === true;
  const exitCode = fieldOf(state, "ExitCode");
  const health = healthOf(fieldOf(fieldOf(state, "Health"), "Status"));
  const madeBy = fieldOf(fieldOf(fieldOf(answer.value, "Config"), "Labels"), madeByLabel);
  return {
    type: "container",
    id: String(fieldOf(answer.value, "Id") ?? "").slice(0, 12),
    state: isRunning ? "running" : "stopped",
    ...(isRunning || typeof exitCode !== "number" ? {} : { exitCode }),
    madeBy: typeof madeBy === "string" ? madeBy : "",
    ...(health === undefined ? {} : { health }),
  };
}

/** Takes away what was created and did not start; what another has made meanwhile, or what runs, stays. */
async function removeHalfMade(engine: Engine, name: string, madeBy: string): Promise<void> {
  const left = await look(engine, name);
  if (left.type === "container" && left.madeBy === madeBy && left.state === "stopped")
    await removeContainer(engine, name);
}

function healthOf(status: unknown): "starting" | "healthy" | "unhealthy" | undefined {
  return status === "starting" || status === "healthy" || status === "unhealthy" ? status : undefined;
}

async function actOnContainer(
  tree: Tree,
  digest: Digest,
  { name, promise }: Subject,
  plan: Plan,
  run: ActionRun,
): Promise<ActionResult> {
  const promised = readContainerPromise(promise);
  const { image = "", pull = "missing", stopTimeout } = promised;
  const engine = new Engine(socketOf(tree, promised), plan.timeoutMs, run.signal);
  const stopMs = stopTimeout === undefined ? containerStopTimeoutMsDefault : durationMs(stopTimeout);
  const container: Container = { name, stopSeconds: Math.ceil(stopMs / 1_000) };
  const settings = settingsOf(promised, digest(containerBytes(promised)), tree);
  const verb = plan.verb as ContainerVerb;
  switch (verb) {
    case "create":
      run.progress(1, 2, `finding ${image}`);
      await fetchImage(engine, image, pull);
      run.progress(2, 2, "starting");
      try {
        await createContainer(engine, name, settings);
        await startContainer(engine, name);
      } catch (error) {
        await removeHalfMade(engine, name, digest(containerBytes(promised)));
        throw error;
      }
      return done(`runs ${image}`);
    case "start":
      await startContainer(engine, name);
      return done("started");
    case "replace": {
      const seen = await look(engine, name);
      if (seen.type === "container" && seen.madeBy === "")
        throw new DeviceError(
          "EEXIST",
          `another has made the container ${name}; remove or rename it by hand`,
        );
      run.progress(1, 2, `finding ${image}`);
      await fetchImage(engine, image, pull);
      run.progress(2, 2, "replacing");
      await replaceContainer(
        engine,
        container,
        settings,
        seen.type === "container" && seen.state === "running",
      );
      return done(`runs ${image}`);
    }
    case "restart":
      await engine.do("POST", `/containers/${name}/restart?t=${container.stopSeconds}`, `restart ${name}`);
      return done("restarted");
    case "stop":
      await stopContainer(engine, container);
      return done("stopped");
    case "remove":
      await stopContainer(engine, container);
      await removeContainer(engine, name);
      return done("removed");
    default:
      verb satisfies never;
      throw new Error(`A container cannot ${plan.verb}`);
  }
}
