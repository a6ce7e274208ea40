import { join } from "node:path";
import type { AgentId, ResourceId } from "@antibody/policy";
import type { Plugins } from "../plugins/plugins.ts";
import type { Digest } from "./digest.ts";
import { Owners } from "./owners.ts";
import { OnceRuns } from "./process/onceRuns.ts";
import type { Supervisor } from "./process/supervisor.ts";
import type { ResourceBody } from "./resourceBody.ts";
import { agentBody } from "./resources/agent.ts";
import { clockBody } from "./resources/clock.ts";
import { commandBody } from "./resources/command.ts";
import { containerBody } from "./resources/container.ts";
import { directoryBody } from "./resources/directory.ts";
import { diskBody } from "./resources/disk.ts";
import { fileBody } from "./resources/file.ts";
import { foreignBody } from "./resources/foreign.ts";
import { httpBody } from "./resources/http.ts";
import { keyBody } from "./resources/key.ts";
import { lineBody } from "./resources/line.ts";
import { memoryBody } from "./resources/memory.ts";
import { mountBody } from "./resources/mount.ts";
import { packageBody } from "./resources/package.ts";
import { pluginBody } from "./resources/plugin.ts";
import { portBody } from "./resources/port.ts";
import { probeBody } from "./resources/probe.ts";
import { processBody } from "./resources/process.ts";
import { routeBody } from "./resources/route.ts";
import { serviceBody } from "./resources/service.ts";
import { sshkeyBody } from "./resources/sshkey.ts";
import { symlinkBody } from "./resources/symlink.ts";
import { sysctlBody } from "./resources/sysctl.ts";
import { tcpBody } from "./resources/tcp.ts";
import { timerBody } from "./resources/timer.ts";
import { userBody } from "./resources/user.ts";
import type { RouteListeners } from "./route/listeners.ts";
import type { Tree } from "./tree.ts";

/** What bodies of resource types are made of. */
export interface BodyServices {
  readonly agent: AgentId;
  readonly tree: Tree;
  readonly digest: Digest;
  readonly supervisor: Supervisor;
  readonly routes: RouteListeners;
  readonly plugins: Plugins;
  readonly stateDirectory: string;
  /** The version of this build. */
  readonly build: string;
  readonly wallMs: () => number;
  /** Looks at a resource again. */
  readonly wake: (resource: ResourceId) => void;
}

/** The body of each resource type that a device sees, by its kind. */
export function makeBodies(services: BodyServices): ReadonlyMap<string, ResourceBody> {
  const { agent, tree, digest, supervisor, routes, plugins } = services;
  const { stateDirectory, build, wallMs, wake } = services;
  const files = { tree, owners: new Owners() };
  const once = new OnceRuns(agent, join(stateDirectory, "once"), () => supervisor.noneForked());
  return new Map<string, ResourceBody>([
    ["agent", agentBody(build, stateDirectory)],
    ["clock", clockBody(tree)],
    ["command", commandBody(tree, once)],
    ["container", containerBody(tree, digest)],
    ["directory", directoryBody(files)],
    ["disk", diskBody(tree)],
    ["file", fileBody(files, digest)],
    ["foreign", foreignBody(tree)],
    ["http", httpBody()],
    ["key", keyBody(tree)],
    ["line", lineBody(tree)],
    ["memory", memoryBody()],
    ["mount", mountBody(tree, digest)],
    ["package", packageBody(tree)],
    ["plugin", pluginBody(plugins)],
    ["port", portBody()],
    ["probe", probeBody(tree)],
    ["process", processBody(supervisor, digest)],
    ["route", routeBody(routes)],
    ["service", serviceBody(tree)],
    ["sshkey", sshkeyBody(tree)],
    ["symlink", symlinkBody(files)],
    ["sysctl", sysctlBody(tree, digest)],
    ["tcp", tcpBody()],
    ["timer", timerBody({ tree, once, directory: join(stateDirectory, "timers"), wake, wallMs })],
    ["user", userBody(tree)],
  ]);
}
