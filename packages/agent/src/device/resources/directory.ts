import { mkdirSync, opendirSync } from "node:fs";
import {
  type ActionResult,
  type DirectoryObservation,
  type DirectoryVerb,
  directoryModeDefault,
  type Plan,
  readDirectoryPromise,
} from "@antibody/core";
import { codeOf, DeviceError } from "../deviceError.ts";
import { done, type ResourceBody, type Subject } from "../resourceBody.ts";
import { lookAt, type Place } from "../tree.ts";
import { adjustEntry, type FileServices, kindOf, lookAtPath, modeText } from "./entry.ts";
import { removeDirectory } from "./placing.ts";
import { stagePath } from "./staging.ts";

/** One directory of the device. */
export function directoryBody(services: FileServices): ResourceBody {
  return {
    slow: false,
    watchedPath: ({ name }) => name,
    observe: ({ name }) => observeDirectory(services, name),
    act: (subject, plan) => actOnDirectory(services, subject, plan),
    stage: (subject, plan) =>
      stagePath(services, subject, "directory", { apply: () => actOnDirectory(services, subject, plan) }),
  };
}

function observeDirectory(services: FileServices, path: string): DirectoryObservation {
  const found = lookAtPath(services.tree, path);
  if (found === undefined) return { type: "absent" };
  const { place, stats } = found;
  if (!stats.isDirectory()) return { type: "other", what: kindOf(stats) };
  return {
    type: "directory",
    mode: modeText(stats),
    owner: services.owners.nameOf(stats.uid, stats.gid),
    empty: isEmpty(place),
  };
}

/** One that may not be read counts as not empty: nothing is removed on a guess. */
function isEmpty(place: Place): boolean {
  try {
    const directory = opendirSync(place.at);
    try {
      return directory.readSync() === null;
    } finally {
      directory.closeSync();
    }
  } catch (error) {
    if (codeOf(error) === "EACCES") return false;
    throw error;
  }
}

function actOnDirectory(services: FileServices, { name, promise }: Subject, plan: Plan): ActionResult {
  const promised = readDirectoryPromise(promise);
  const { tree, owners } = services;
  const verb = plan.verb as DirectoryVerb;
  switch (verb) {
    case "create":
      tree.makeParents(name);
      return tree.enter(name, (place) => {
        make(place);
        adjustEntry(place, { mode: directoryModeDefault, ...promised }, owners);
        return done(`created ${name}`);
      });
    case "adjust":
      return tree.enter(name, (place) => {
        adjustEntry(place, promised, owners);
        return done(`adjusted ${name}`);
      });
    case "remove":
      return tree.enter(name, (place) => {
        removeDirectory(place);
        return done(`removed ${name}`);
      });
    default:
      verb satisfies never;
      throw new Error(`A directory cannot ${plan.verb}`);
  }
}

/** For the agent alone until mode and owner are set. */
function make(place: Place): void {
  const before = lookAt(place.at);
  if (before?.isDirectory() === true) return;
  if (before !== undefined)
    throw new DeviceError(
      "EEXIST",
      `a ${kindOf(before)} is in the way at ${place.path}; move it away by hand`,
    );
  mkdirSync(place.at, 0o700);
}
