import type { Plugins } from "../plugins/plugins.ts";
import type { Digest } from "./digest.ts";
import { Owners } from "./owners.ts";
import type { Supervisor } from "./process/supervisor.ts";
import type { ResourceBody } from "./resourceBody.ts";
import { commandBody } from "./resources/command.ts";
import { directoryBody } from "./resources/directory.ts";
import { diskBody } from "./resources/disk.ts";
import { fileBody } from "./resources/file.ts";
import { httpBody } from "./resources/http.ts";
import { keyBody } from "./resources/key.ts";
import { lineBody } from "./resources/line.ts";
import { memoryBody } from "./resources/memory.ts";
import { packageBody } from "./resources/package.ts";
import { pluginBody } from "./resources/plugin.ts";
import { portBody } from "./resources/port.ts";
import { probeBody } from "./resources/probe.ts";
import { processBody } from "./resources/process.ts";
import { routeBody } from "./resources/route.ts";
import { serviceBody } from "./resources/service.ts";
import { symlinkBody } from "./resources/symlink.ts";
import { tcpBody } from "./resources/tcp.ts";
import type { RouteListeners } from "./route/listeners.ts";
import type { Tree } from "./tree.ts";

/** What bodies of resource types are made of. */
export interface BodyServices {
  readonly tree: Tree;
  readonly digest: Digest;
  readonly supervisor: Supervisor;
  readonly routes: RouteListeners;
  readonly plugins: Plugins;
}

/** The body of each resource type that a device sees, by its kind. */
export function makeBodies(services: BodyServices): ReadonlyMap<string, ResourceBody> {
  const { tree, digest, supervisor, routes, plugins } = services;
  const files = { tree, owners: new Owners() };
  return new Map<string, ResourceBody>([
    ["command", commandBody(tree)],
    ["directory", directoryBody(files)],
    ["disk", diskBody(tree)],
    ["file", fileBody(files, digest)],
    ["http", httpBody()],
    ["key", keyBody(tree)],
    ["line", lineBody(tree)],
    ["memory", memoryBody()],
    ["package", packageBody(tree)],
    ["plugin", pluginBody(plugins)],
    ["port", portBody()],
    ["probe", probeBody(tree)],
    ["process", processBody(supervisor, digest)],
    ["route", routeBody(routes)],
    ["service", serviceBody(tree)],
    ["symlink", symlinkBody(files)],
    ["tcp", tcpBody()],
  ]);
}
