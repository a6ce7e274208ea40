import { existsSync, readFileSync, realpathSync } from "node:fs";
import { hostname } from "node:os";
import { relative } from "node:path";
import type { Contexts } from "@antibody/policy";

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
 * agent's root.
 */
export function protectedGlobs(root: string, paths: readonly string[]): readonly string[] {
  const names = new Set(paths.flatMap((path) => [path, realPath(path)]));
  const realRoot = realPath(root);
  return [...names].flatMap((path) => {
    const inside = relative(realRoot, path);
    // Beyond the root, no promise can name it.
    if (inside === "" || inside.startsWith("..")) return [];
    return [`*:/${inside}`, `*:/${inside}/**`];
  });
}

function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

function osRelease(): string | undefined {
  if (!existsSync("/etc/os-release")) return undefined;
  return /^ID="?([a-z0-9._-]{1,64})"?$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
}
