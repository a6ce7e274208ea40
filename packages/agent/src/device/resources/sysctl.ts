import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";
import {
  readSysctlPromise,
  type SysctlObservation,
  type SysctlVerb,
  sysctlFile,
  sysctlPath,
  sysctlText,
  sysctlValue,
} from "@antibody/core";
import { utf8 } from "@antibody/policy";
import { codeOf, DeviceError } from "../deviceError.ts";
import type { Digest } from "../digest.ts";
import { done, type ResourceBody } from "../resourceBody.ts";
import type { Tree } from "../tree.ts";
import { lookAtPath } from "./entry.ts";
import { unlinkIfThere } from "./placing.ts";
import { asBytes, readTextFile, tidyTextFile, writeTextFile } from "./textFile.ts";

/** Parameters of the kernel, below `/proc/sys`. */
export function sysctlBody(tree: Tree, digest: Digest): ResourceBody {
  return {
    slow: false,
    watchedPath: ({ name }) => sysctlFile(name),
    observe: ({ name }): SysctlObservation => {
      const value = readValue(tree, name);
      if (value === undefined) return { type: "missing" };
      const file = readTextFile(tree, sysctlFile(name));
      return {
        type: "sysctl",
        digest: digest(utf8(value)),
        ...(file === undefined ? {} : { fileDigest: digest(utf8(valueIn(file.text, name))) }),
      };
    },
    act: ({ name, promise }, plan) => {
      const { value, persist } = readSysctlPromise(promise);
      const verb = plan.verb as SysctlVerb;
      switch (verb) {
        case "set":
          // The kernel first: what it refuses is not written down.
          if (readValue(tree, name) !== sysctlValue(value)) writeValue(tree, name, value);
          if (persist !== false) keepFile(tree, name, value);
          return done(`set ${name}`);
        case "forget":
          forgetFile(tree, name);
          return done(`forgot ${name}`);
        default:
          verb satisfies never;
          throw new Error(`A sysctl cannot ${plan.verb}`);
      }
    },
    tidy: (name) => tidyTextFile(tree, sysctlFile(name)),
  };
}

/** Undefined where this kernel has no such parameter. */
function readValue(tree: Tree, name: string): string | undefined {
  const found = lookAtPath(tree, sysctlPath(name));
  if (found === undefined) return undefined;
  const handle = openSync(found.place.at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return sysctlValue(readFileSync(handle, "utf8"));
  } finally {
    closeSync(handle);
  }
}

/** In place: nothing else can be done with what is no file. */
function writeValue(tree: Tree, name: string, value: string): void {
  tree.enter(sysctlPath(name), (place) => {
    const flags = constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    let handle: number;
    try {
      handle = openSync(place.at, flags);
    } catch (error) {
      if (codeOf(error) !== "EACCES") throw error;
      throw new DeviceError("EACCES", `this agent may not set ${name}; it runs without the privilege`);
    }
    try {
      writeSync(handle, `${value}\n`);
    } catch (error) {
      if (codeOf(error) !== "EINVAL") throw error;
      throw new DeviceError("EINVAL", `the kernel does not take this value for ${name}`);
    } finally {
      closeSync(handle);
    }
  });
}

function keepFile(tree: Tree, name: string, value: string): void {
  const path = sysctlFile(name);
  const text = asBytes(sysctlText(name, value));
  tree.makeParents(path);
  const before = readTextFile(tree, path);
  if (before?.text !== text) writeTextFile(tree, path, text, before, { mode: 0o644 });
}

function forgetFile(tree: Tree, name: string): void {
  const path = sysctlFile(name);
  if (lookAtPath(tree, path) !== undefined) tree.enter(path, (place) => unlinkIfThere(place.at));
}

/** The value that the file keeps; all of it where it says anything else. */
function valueIn(text: string, name: string): string {
  const line = text.split("\n").find((each) => each.startsWith(`${name} = `));
  const value = line?.slice(`${name} = `.length);
  return value !== undefined && text === sysctlText(name, value)
    ? sysctlValue(Buffer.from(value, "latin1").toString("utf8"))
    : text;
}
