import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  type Stats,
} from "node:fs";
import {
  readSshkeyName,
  readSshkeyPromise,
  type SshkeyObservation,
  type SshkeyPromise,
  type SshkeyVerb,
} from "@antibody/core";
import { DeviceError } from "../deviceError.ts";
import { handlePath } from "../ownHandles.ts";
import { done, type ResourceBody } from "../resourceBody.ts";
import { lookAt, type Place, type Tree } from "../tree.ts";
import { lookAtPath } from "./entry.ts";
import { type Edit, keepAmong, linesOf } from "./line.ts";
import { asBytes, readTextFile, tidyTextFile, writeTextFile } from "./textFile.ts";
import { readPasswd } from "./user.ts";

const O_PATH = 0o10000000;
/** Nobody but the user may write: then sshd takes the keys (sshd_config(5), StrictModes). */
const writableByOthers = 0o022;

/** A user and the places of its keys. */
interface Keys {
  readonly uid: number;
  readonly gid: number;
  readonly label: string;
  readonly directory: string;
  readonly file: string;
}

/** Keys that let in as a user. Paths below a home are the user's to choose: no symlink is followed there. */
export function sshkeyBody(tree: Tree): ResourceBody {
  return {
    slow: false,
    watchedPath: ({ name }) => keysOf(tree, name)?.file,
    observe: ({ name, promise }) => observeKey(tree, name, readSshkeyPromise(promise)),
    act: ({ name, promise }, plan) => {
      const keys = keysOf(tree, name);
      if (keys === undefined) throw new DeviceError("ENOENT", `${name}: there is no such user with a home`);
      const verb = plan.verb as SshkeyVerb;
      const promised = readSshkeyPromise(promise);
      const absent = verb === "remove" || promised.absent === true;
      if (!absent) makeDirectory(tree, keys);
      const before = readTextFile(tree, keys.file);
      if (absent && before === undefined) return done(`${keys.file} is absent`);
      const { text } = keepKeyLine(
        { ...promised, ...(absent ? { absent: true } : {}) },
        keys.label,
        before?.text ?? "",
      );
      const { uid, gid } = keys;
      // What goes leaves the file otherwise as it was; what comes makes it safe.
      writeTextFile(tree, keys.file, text, before, absent ? {} : { uid, gid, mode: 0o600 });
      return done(`edited ${keys.file}`);
    },
    tidy: (name) => {
      const keys = keysOf(tree, name);
      if (keys !== undefined) tidyTextFile(tree, keys.file);
    },
  };
}

function keysOf(tree: Tree, name: string): Keys | undefined {
  const parts = readSshkeyName(name);
  const entry = parts === undefined ? undefined : readPasswd(tree, parts.user);
  if (parts === undefined || entry === undefined || !/^\/./.test(entry.home)) return undefined;
  const directory = `${entry.home.replace(/\/+$/, "")}/.ssh`;
  return {
    uid: entry.uid,
    gid: entry.gid,
    label: parts.label,
    directory,
    file: `${directory}/authorized_keys`,
  };
}

function observeKey(tree: Tree, name: string, promise: SshkeyPromise): SshkeyObservation {
  const keys = keysOf(tree, name);
  if (keys === undefined) return { type: "noUser" };
  const directory = lookAtPath(tree, keys.directory)?.stats;
  const file = directory === undefined ? undefined : readTextFile(tree, keys.file);
  if (directory === undefined || file === undefined) return { type: "keys", same: 0, other: 0, isSafe: true };
  const { same, other } = keepKeyLine(promise, keys.label, file.text);
  return { type: "keys", same, other, isSafe: isSafe(directory, keys) && isSafe(file.stats, keys) };
}

function isSafe({ uid, mode }: Stats, keys: Keys): boolean {
  return (uid === keys.uid || uid === 0) && (mode & writableByOthers) === 0;
}

/** A line is about the key that it holds, whatever stands before and behind. */
function keepKeyLine({ key, options, absent }: SshkeyPromise, label: string, text: string): Edit {
  const start = options === undefined ? "" : `${asBytes(options)} `;
  const lines = linesOf(text);
  const isKey = (line: string): boolean =>
    !line.trimStart().startsWith("#") && ` ${line} `.includes(` ${key} `);
  const isSame = (line: string): boolean => isKey(line) && `${line.trim()} `.startsWith(`${start}${key} `);
  const isOther = (line: string): boolean => isKey(line) && !isSame(line);
  const wanted = absent === true ? undefined : `${start}${key} ${label}`;
  return keepAmong(lines, isSame, isOther, wanted, lines.length);
}

/** For the user alone, as sshd wants it; only the home itself must be there. */
function makeDirectory(tree: Tree, keys: Keys): void {
  tree.enter(keys.directory, (place) => {
    if (lookAt(place.at) === undefined) mkdirSync(place.at, 0o700);
    secure(place, keys);
  });
}

function secure(place: Place, keys: Keys): void {
  const handle = openSync(place.at, O_PATH | constants.O_NOFOLLOW);
  try {
    const at = handlePath(handle);
    const stats = fstatSync(handle);
    if (!stats.isDirectory()) throw new DeviceError("ENOTDIR", `${place.path} is not a directory`);
    if (stats.uid !== keys.uid || stats.gid !== keys.gid) chownSync(at, keys.uid, keys.gid);
    if ((stats.mode & writableByOthers) !== 0) chmodSync(at, 0o700);
  } finally {
    closeSync(handle);
  }
}
