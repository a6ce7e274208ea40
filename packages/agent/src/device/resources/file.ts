import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  type Stats,
  writeSync,
} from "node:fs";
import {
  type ActionResult,
  type FileObservation,
  type FilePromise,
  type FileVerb,
  fileModeDefault,
  type Plan,
  readFilePromise,
} from "@antibody/core";
import { utf8 } from "@antibody/policy";
import { codeOf } from "../deviceError.ts";
import type { Digest } from "../digest.ts";
import { done, type ResourceBody, type Staged, type Subject } from "../resourceBody.ts";
import { lookAt, type Place } from "../tree.ts";
import { adjustEntry, type FileServices, kindOf, lookAtPath, modeBits, modeText } from "./entry.ts";
import { openReplacement, removeDirectory, temporaryName, unlinkIfThere } from "./placing.ts";
import { stagePath } from "./staging.ts";

/**
 * Bytes of a file that are read. Promised contents are far smaller (a message holds 64 KiB), so that a longer
 * file differs already in these.
 */
const readBytesMax = 1_048_576;
/** First of it: nearly every file ends within, and one read is enough. */
const firstReadBytes = 65_536;

/** One file of the device. All of it is quick: files are small, and a synchronous call costs less than a promise. */
export function fileBody(services: FileServices, digest: Digest): ResourceBody {
  const looker: Looker = {
    services,
    digest,
    buffer: Buffer.allocUnsafe(firstReadBytes),
    promised: Buffer.allocUnsafe(firstReadBytes),
    digests: new WeakMap(),
    regular: new WeakSet(),
  };
  return {
    slow: false,
    watchedPath: ({ name }) => name,
    observe: (subject) => observeFile(looker, subject),
    act: (subject, plan, { signal }) => {
      const ready = services.tree.attributes.ready(subject.name);
      return ready === undefined
        ? actOnFile(services, subject, plan)
        : ready.then(() => {
            signal.throwIfAborted();
            return actOnFile(services, subject, plan);
          });
    },
    stage: (subject, plan) => stageFile(services, subject, plan),
    tidy: (path) =>
      services.tree.enter(path, (place) => unlinkIfThere(place.beside(temporaryName(place.path)))),
  };
}

/** The new file lies beside the old one until all of its barrier is ready. */
function stageFile(services: FileServices, subject: Subject, plan: Plan): Staged {
  const promised = readFilePromise(subject.promise);
  const { tree } = services;
  const isWritten = (plan.verb as FileVerb) === "write" && promised.content !== undefined;
  if (!isWritten)
    return stagePath(services, subject, "file", { apply: () => actOnFile(services, subject, plan) });
  return stagePath(services, subject, "file", {
    prepare: (place) => prepare(place, utf8(promised.content ?? ""), promised, lookAt(place.at), services),
    apply: () =>
      tree.enter(subject.name, (place) => {
        renameSync(place.beside(temporaryName(place.path)), place.at);
        syncEntry(place, promised);
      }),
  });
}

interface Looker {
  readonly services: FileServices;
  readonly digest: Digest;
  /** For every file in turn. */
  readonly buffer: Buffer;
  /** For each promised content in turn. */
  readonly promised: Buffer;
  /** Of contents that were found as promised. */
  readonly digests: WeakMap<FilePromise, string>;
  /** Those that were regular files when they were last looked at. */
  readonly regular: WeakSet<Subject>;
}

/**
 * What was a regular file is opened at once, which saves a third of the system calls of a sweep. Anything else is
 * looked at first: to open a device may set it off.
 */
function observeFile(looker: Looker, subject: Subject): FileObservation {
  if (looker.regular.has(subject)) {
    try {
      return readFile(looker, subject, looker.services.tree.at(subject.name));
    } catch {
      // It is a symlink now, or gone, or not readable: the second look says what it is.
      looker.regular.delete(subject);
    }
  }
  const found = lookAtPath(looker.services.tree, subject.name);
  if (found === undefined) return { type: "absent" };
  if (!found.stats.isFile()) return describeOther(looker.services, found.stats);
  const seen = readFile(looker, subject, found.place.at);
  if (seen.type === "file") looker.regular.add(subject);
  return seen;
}

function readFile(looker: Looker, { name, promise }: Subject, at: string): FileObservation {
  const { services, buffer } = looker;
  // Neither follows a symlink nor waits on a fifo that has taken the file's place since.
  const handle = openSync(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(handle);
    if (!stats.isFile()) return describeOther(services, stats);
    services.tree.attributes.saw(name, stats);
    return {
      type: "file",
      digest: digestOf(looker, readFilePromise(promise), readBounded(handle, buffer, stats.size)),
      size: stats.size,
      mode: modeText(stats),
      owner: services.owners.nameOf(stats.uid, stats.gid),
    };
  } finally {
    closeSync(handle);
  }
}

/** To compare with what is promised takes a tenth of a digest, and nearly every file is as promised. */
function digestOf({ digest, digests, promised }: Looker, promise: FilePromise, bytes: Uint8Array): string {
  const { content } = promise;
  if (content === undefined || bytes.length < content.length || bytes.length > promised.length)
    return digest(bytes);
  const length = promised.write(content, "utf8");
  if (length !== bytes.length || promised.compare(bytes, 0, length, 0, length) !== 0) return digest(bytes);
  let known = digests.get(promise);
  if (known === undefined) {
    known = digest(bytes);
    digests.set(promise, known);
  }
  return known;
}

function describeOther(services: FileServices, stats: Stats): FileObservation {
  const owner = services.owners.nameOf(stats.uid, stats.gid);
  return { type: "other", what: kindOf(stats), mode: modeText(stats), owner };
}

/** The file's bytes, at most `readBytesMax`, in `buffer` where they fit. */
function readBounded(handle: number, buffer: Buffer, size: number): Uint8Array {
  const first = readSync(handle, buffer, 0, buffer.length, 0);
  // All that the file is said to hold, and no more came: no second call is needed to find its end.
  if (first === size && first < buffer.length) return buffer.subarray(0, first);
  const length = first === 0 ? 0 : readFull(handle, buffer, first);
  if (length < buffer.length) return buffer.subarray(0, length);
  const whole = Buffer.allocUnsafe(readBytesMax);
  buffer.copy(whole);
  return whole.subarray(0, readFull(handle, whole, length));
}

/** Reads from `start` on, until the buffer is full or the file ends. Returns the end. */
function readFull(handle: number, buffer: Buffer, start: number): number {
  let end = start;
  while (end < buffer.length) {
    const count = readSync(handle, buffer, end, buffer.length - end, end);
    if (count === 0) break;
    end += count;
  }
  return end;
}

function actOnFile(services: FileServices, { name, promise }: Subject, plan: Plan): ActionResult {
  const promised = readFilePromise(promise);
  const verb = plan.verb as FileVerb;
  return services.tree.enter(name, (place) => {
    switch (verb) {
      case "write":
        return write(services, place, promised);
      case "adjust":
        adjustEntry(place, promised, services.owners);
        return done(`adjusted ${name}`);
      case "remove":
        return remove(place, promised);
      default:
        verb satisfies never;
        throw new Error(`A file cannot ${plan.verb}`);
    }
  });
}

function write(services: FileServices, place: Place, promise: FilePromise): ActionResult {
  const before = lookAt(place.at);
  if (promise.content === undefined && before?.isFile() === true) {
    adjustEntry(place, promise, services.owners);
    return done(`adjusted ${place.path}`);
  }
  const bytes = utf8(promise.content ?? "");
  const temporary = place.beside(temporaryName(place.path));
  try {
    prepare(place, bytes, promise, before, services);
    place.confirm();
    if (before?.isDirectory() === true) removeDirectory(place);
    renameSync(temporary, place.at);
    syncEntry(place, promise);
  } catch (error) {
    unlinkIfThere(temporary);
    throw error;
  }
  return done(`wrote ${bytes.length} bytes to ${place.path}`);
}

/**
 * Writes the file under its temporary name, with its mode, owner and attributes, before anyone can see it under its
 * own.
 */
function prepare(
  place: Place,
  bytes: Uint8Array,
  promise: FilePromise,
  before: Stats | undefined,
  services: FileServices,
): void {
  const replaced = before?.isFile() === true ? before : undefined;
  const handle = openReplacement(services.tree, place, replaced);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(handle, bytes, written);
    giveOwner(handle, promise, replaced, services);
    // After the owner: chown clears the set-user-id bits.
    fchmodSync(handle, modeFor(promise, replaced, fstatSync(handle)));
    // Before the rename, so that no power cut leaves the name with half of the content.
    if (promise.sync === true) fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The promised mode, or that of the file that is replaced; but its set-user-id bits are of its owner alone. */
function modeFor(promise: FilePromise, replaced: Stats | undefined, now: Stats): number {
  if (promise.mode !== undefined) return modeBits(promise.mode);
  if (replaced === undefined) return modeBits(fileModeDefault);
  const sameOwner = replaced.uid === now.uid && replaced.gid === now.gid;
  return replaced.mode & (sameOwner ? 0o7777 : 0o1777);
}

function giveOwner(
  handle: number,
  promise: FilePromise,
  replaced: Stats | undefined,
  services: FileServices,
): void {
  const own = fstatSync(handle);
  const promised = promise.owner === undefined ? undefined : services.owners.idsOf(promise.owner);
  const uid = promised?.uid ?? replaced?.uid ?? own.uid;
  const gid = promised?.gid ?? replaced?.gid ?? own.gid;
  if (uid === own.uid && gid === own.gid) return;
  try {
    fchownSync(handle, uid, gid);
  } catch (error) {
    // Without root the file cannot be kept another user's; only a promised owner makes that a failure.
    if (promised !== undefined || codeOf(error) !== "EPERM") throw error;
  }
}

function remove(place: Place, promise: FilePromise): ActionResult {
  const before = lookAt(place.at);
  if (before?.isDirectory() === true) removeDirectory(place);
  else unlinkIfThere(place.at);
  syncEntry(place, promise);
  return done(`removed ${place.path}`);
}

/** Where the promise asks for it: what the directory says of the path survives a power cut then. */
function syncEntry(place: Place, promise: FilePromise): void {
  if (promise.sync !== true) return;
  const directory = openSync(place.beside("."), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
