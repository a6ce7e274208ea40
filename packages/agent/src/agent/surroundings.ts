import { existsSync, readFileSync, realpathSync } from "node:fs";
import { hostname } from "node:os";
import { join, relative } from "node:path";
import type { Contexts } from "@antibody/policy";
import type { Environment } from "../control/paths.ts";

/** The name of the service, as it is installed. */
const unitName = "antibody.service";

/** What an installed agent is made of, besides its files: its service, its package and its user. */
const ownResources = [
  "service:antibody",
  `service:${unitName}`,
  "package:antibody",
  "user:antibody",
  "sshkey:antibody/*",
] as const;

/** What is fixed of an agent's surroundings. */
export interface SurroundingsOptions {
  /** The agent's name in its swarm. */
  readonly name: string;
  readonly tags: readonly string[];
}

/** The facts about this device that guards may ask for. `distribution` is the ID of os-release(5), where there is one. */
export function deviceContexts({ name, tags }: SurroundingsOptions): Contexts {
  const distribution = osRelease();
  return {
    arch: process.arch,
    hostname: hostname(),
    name,
    os: process.platform,
    tags,
    ...(distribution === undefined ? {} : { distribution }),
  };
}

/**
 * Globs of the resources that no grant reaches: what lies at these paths, as promises would name it under the
 * agent's root, and the directories above them: whoever owns one of those can put another in its place.
 */
export function protectedGlobs(root: string, paths: readonly string[]): readonly string[] {
  const names = new Set(paths.flatMap((path) => [path, realPath(path)]));
  const realRoot = realPath(root);
  const globs = [...names].flatMap((path) => {
    const inside = relative(realRoot, path);
    // Beyond the root, no promise can name it.
    if (inside === "" || inside.startsWith("..")) return [];
    const components = inside.split("/");
    const above = components.map((_, index) => `*:/${components.slice(0, index).join("/")}`);
    // Edits of a file have a label behind its path.
    return [...above, `*:/${inside}`, `*:/${inside}#*`, `*:/${inside}/**`];
  });
  return [...new Set([...globs, ...ownResources])];
}

/** Where an installation may have put the program and its unit: who changes those decides what runs as the agent. */
export function installedPaths(environment: Environment): readonly string[] {
  const home = environment["HOME"];
  const configured =
    environment["XDG_CONFIG_HOME"] ?? (home === undefined ? undefined : join(home, ".config"));
  const units = ["/etc/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system"];
  const user = configured === undefined ? [] : [join(configured, "systemd/user")];
  return [
    ...[...units, ...user].flatMap((directory) => [
      join(directory, unitName),
      join(directory, `${unitName}.d`),
      join(directory, "multi-user.target.wants", unitName),
      join(directory, "default.target.wants", unitName),
    ]),
    "/usr/bin/antibody",
    "/usr/local/bin/antibody",
    ...(home === undefined ? [] : [join(home, ".local/bin/antibody")]),
  ];
}

function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

function osRelease(): string | undefined {
  if (!existsSync("/etc/os-release")) return undefined;
  return /^ID="?([a-z0-9._-]{1,64})"?$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
}
