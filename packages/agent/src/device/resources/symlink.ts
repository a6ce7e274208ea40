import { lchownSync, readlinkSync, renameSync, symlinkSync } from "node:fs";
import {
  type ActionResult,
  type Plan,
  readSymlinkPromise,
  type SymlinkObservation,
  type SymlinkPromise,
  type SymlinkVerb,
} from "@antibody/core";
import { DeviceError } from "../deviceError.ts";
import { done, type ResourceBody, type Subject } from "../resourceBody.ts";
import { lookAt, type Place } from "../tree.ts";
import { type FileServices, kindOf, lookAtPath } from "./entry.ts";
import { removeDirectory, temporaryName, unlinkIfThere } from "./placing.ts";
import { stagePath } from "./staging.ts";

/** One symbolic link of the device. */
export function symlinkBody(services: FileServices): ResourceBody {
  return {
    slow: false,
    watchedPath: ({ name }) => name,
    observe: ({ name }) => observeSymlink(services, name),
    act: (subject, plan) => actOnSymlink(services, subject, plan),
    stage: (subject, plan) =>
      stagePath(services, subject, "symlink", { apply: () => actOnSymlink(services, subject, plan) }),
    tidy: (path) => services.tree.enter(path, (place) => unlinkIfThere(place.beside(temporaryName(path)))),
  };
}

function observeSymlink({ tree, owners }: FileServices, path: string): SymlinkObservation {
  const found = lookAtPath(tree, path);
  if (found === undefined) return { type: "absent" };
  const { place, stats } = found;
  if (!stats.isSymbolicLink()) return { type: "other", what: kindOf(stats) };
  return {
    type: "symlink",
    target: readlinkSync(place.at).toWellFormed(),
    owner: owners.nameOf(stats.uid, stats.gid),
  };
}

function actOnSymlink(services: FileServices, { name, promise }: Subject, plan: Plan): ActionResult {
  const promised = readSymlinkPromise(promise);
  const verb = plan.verb as SymlinkVerb;
  return services.tree.enter(name, (place) => {
    switch (verb) {
      case "link":
        return link(services, place, promised);
      case "adjust":
        giveOwner(services, place.at, promised.owner);
        return done(`adjusted ${name}`);
      case "remove":
        if (lookAt(place.at)?.isDirectory() === true) removeDirectory(place);
        else unlinkIfThere(place.at);
        return done(`removed ${name}`);
      default:
        verb satisfies never;
        throw new Error(`A symlink cannot ${plan.verb}`);
    }
  });
}

function link(services: FileServices, place: Place, { target = "", owner }: SymlinkPromise): ActionResult {
  const before = lookAt(place.at);
  const temporary = place.beside(temporaryName(place.path));
  unlinkIfThere(temporary);
  try {
    symlinkSync(target, temporary);
    if (before?.isSymbolicLink() === true && owner === undefined)
      keepOwner(temporary, before.uid, before.gid);
    giveOwner(services, temporary, owner);
    place.confirm();
    if (before?.isDirectory() === true) removeDirectory(place);
    renameSync(temporary, place.at);
  } catch (error) {
    unlinkIfThere(temporary);
    throw error;
  }
  return done(`linked ${place.path}`);
}

/** Without root a link cannot be kept another user's; nothing depends on who owns one. */
function keepOwner(at: string, uid: number, gid: number): void {
  const own = lookAt(at);
  if (own === undefined || (own.uid === uid && own.gid === gid) || process.geteuid?.() !== 0) return;
  lchownSync(at, uid, gid);
}

function giveOwner({ owners }: FileServices, at: string, owner: string | undefined): void {
  if (owner === undefined) return;
  const stats = lookAt(at);
  if (stats?.isSymbolicLink() !== true) throw new DeviceError("ESTALE", "the link was replaced meanwhile");
  const { uid, gid = stats.gid } = owners.idsOf(owner);
  if (uid !== stats.uid || gid !== stats.gid) lchownSync(at, uid, gid);
}
