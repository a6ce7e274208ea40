import {
  type ActionResult,
  missingGroups,
  type Plan,
  readUserPromise,
  type UserObservation,
  type UserPromise,
  type UserVerb,
} from "@antibody/core";
import { codeOf } from "../deviceError.ts";
import { runToolWell } from "../process/runTool.ts";
import { Turns } from "../process/turns.ts";
import { type ActionRun, done, type ResourceBody, type Subject } from "../resourceBody.ts";
import type { Tree } from "../tree.ts";
import { readTextFile } from "./textFile.ts";

/**
 * Users. They are seen in the files themselves, and changed by the shadow tools: those hold the locks that
 * passwd(1) and PAM hold too (one of them by fcntl, which Node does not have), and keep the files in step.
 */
export function userBody(tree: Tree): ResourceBody {
  const turns = new Turns();
  return {
    slow: true,
    watchedPath: () => "/etc/passwd",
    observe: ({ name }) => observeUser(tree, name),
    act: (subject, plan, run) => turns.take(run.signal, () => actOnUser(tree, subject, plan, run)),
  };
}

/** One line of passwd(5). */
export interface PasswdEntry {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** A user, by the device's own file. */
export function readPasswd(tree: Tree, name: string): PasswdEntry | undefined {
  const [, , uid, gid, , home = "", shell = ""] = entryOf(tree, "/etc/passwd", name) ?? [];
  if (uid === undefined || gid === undefined) return undefined;
  return { uid: Number(uid), gid: Number(gid), home, shell };
}

function observeUser(tree: Tree, name: string): UserObservation {
  const entry = readPasswd(tree, name);
  if (entry === undefined) return { type: "absent" };
  const groups = linesOf(tree, "/etc/group").map((line) => line.split(":"));
  const primary = groups.find(([, , gid]) => gid === `${entry.gid}`)?.[0];
  return {
    type: "user",
    uid: entry.uid,
    group: primary ?? `${entry.gid}`,
    groups: groups
      .filter(([, , , members = ""]) => members.split(",").includes(name))
      .map(([group = ""]) => group)
      .sort(),
    home: entry.home,
    shell: entry.shell,
    locked: lockedOf(tree, name),
  };
}

/** The hash itself is never kept: only whether a password can match it. */
function lockedOf(tree: Tree, name: string): "yes" | "no" | "unknown" {
  try {
    const hash = entryOf(tree, "/etc/shadow", name)?.[1];
    return hash === undefined || hash.startsWith("!") || hash.startsWith("*") ? "yes" : "no";
  } catch (error) {
    if (codeOf(error) === "EACCES") return "unknown";
    throw error;
  }
}

function entryOf(tree: Tree, path: string, name: string): readonly string[] | undefined {
  return linesOf(tree, path)
    .find((line) => line.startsWith(`${name}:`))
    ?.split(":");
}

function linesOf(tree: Tree, path: string): readonly string[] {
  return readTextFile(tree, path)?.text.split("\n") ?? [];
}

async function actOnUser(
  tree: Tree,
  { name, promise }: Subject,
  plan: Plan,
  run: ActionRun,
): Promise<ActionResult> {
  const promised = readUserPromise(promise);
  const under = tree.real("/") === "/" ? [] : ["--prefix", tree.real("/")];
  const tool = (program: string, ...words: readonly string[]): Promise<string> =>
    runToolWell([program, ...under, ...words, "--", name], plan.timeoutMs, run.signal);
  const verb = plan.verb as UserVerb;
  switch (verb) {
    case "create":
      run.progress(1, 1, "creating");
      await tool(
        "useradd",
        "--no-create-home",
        ...groupOfNew(tree, name, promised),
        ...fieldsOf(promised, []),
      );
      return done(`created ${name}`);
    case "change": {
      const seen = observeUser(tree, name);
      run.progress(1, 1, "changing");
      const group = promised.group === undefined ? [] : ["--gid", promised.group];
      const changes = [...group, ...fieldsOf(promised, seen.type === "user" ? seen.groups : [])];
      if (changes.length > 0) await tool("usermod", ...changes);
      if (promised.locked === true) await tool("usermod", "--lock");
      return done(`changed ${name}`);
    }
    case "remove":
      run.progress(1, 1, "removing");
      await tool("userdel");
      return done(`removed ${name}`);
    default:
      verb satisfies never;
      throw new Error(`A user cannot ${plan.verb}`);
  }
}

/** A group of its name that is there already is taken: useradd would refuse to make it again. */
function groupOfNew(tree: Tree, name: string, { group }: UserPromise): readonly string[] {
  const taken = group ?? (entryOf(tree, "/etc/group", name) === undefined ? undefined : name);
  return taken === undefined ? ["--user-group"] : ["--no-user-group", "--gid", taken];
}

/** Options that useradd and usermod both have. Groups are added to those that are. */
function fieldsOf(promise: UserPromise, groups: readonly string[]): readonly string[] {
  const { uid, home, shell } = promise;
  const missing = missingGroups(promise, groups);
  return [
    ...(uid === undefined ? [] : ["--uid", `${uid}`]),
    ...(home === undefined ? [] : ["--home", home]),
    ...(shell === undefined ? [] : ["--shell", shell]),
    ...(missing.length === 0 ? [] : ["--groups", [...groups, ...missing].join(",")]),
  ];
}
