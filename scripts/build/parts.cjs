// The script of a single executable. Its parts lie at the end of the file, and each is loaded when it is asked for: V8
// keeps the source of what it has loaded in memory, and reads all of it first, where it has no code cache.
"use strict";
const { fstatSync, openSync, readSync } = process.getBuiltinModule("node:fs");
const { setFlagsFromString } = process.getBuiltinModule("node:v8");
const { Script } = process.getBuiltinModule("node:vm");
const { isMainThread } = process.getBuiltinModule("node:worker_threads");

/**
 * Flags for small memory, measured: a young generation that does not grow, code for size, and machine code only for what
 * is really hot. What an agent at rest does is seldom run twice in a row: the baseline and middle tiers cost 6 MB and a
 * wake-up of their thread for every one of the agent's, and sweeps take as long without them.
 */
const lean =
  "--semi-space-growth-factor=1 --optimize-for-size --no-sparkplug --no-maglev --minimum-invocations-before-optimization=10000";
/** The same as V8 comes. */
const plain =
  "--semi-space-growth-factor=2 --no-optimize-for-size --sparkplug --maglev --minimum-invocations-before-optimization=2";

const builtins = new Map();

/**
 * The file: parts, a list of where each begins and how long it is, and the length of that list (`archive.mjs`). It stays
 * open, since another version may take its place. It is read and not mapped, as Node's own assets are: what is mapped
 * counts as memory of the process for good.
 */
const file = openSync("/proc/self/exe", "r");
const { size } = fstatSync(file);
const listBytes = read(size - 4, 4).readUInt32LE();
const places = new Map(JSON.parse(read(size - 4 - listBytes, listBytes).latin1Slice()));
const loaded = new Map();

/** Bytes of the file, from a place on. */
function read(place, length) {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let got = 0; got < length; ) {
    const more = readSync(file, bytes, got, length - got, place + got);
    if (more === 0) throw new Error("the executable is cut short; install it again");
    got += more;
  }
  return bytes;
}

/** The exports of a part. They are there before its code has run, for parts that need each other. */
function load(name) {
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const part = { exports: {} };
  loaded.set(name, part);
  // Only ASCII: one byte for each character, in V8 as in the file.
  const source = read(...places.get(name)).latin1Slice();
  const cache = places.get(`${name}.cache`);
  // Of other flags V8 takes none, and compiles anew.
  const cachedData = cache === undefined ? undefined : read(...cache);
  // A part is a function of what stands in its head (`bundle.mjs`).
  const run = new Script(source, { filename: name, cachedData }).runInThisContext();
  run(requirePart, part, part.exports, __filename);
  return part.exports;
}

function requirePart(id) {
  return id.startsWith("./") ? load(id.slice(2)) : (builtins.get(id) ?? loadBuiltin(id));
}

/**
 * One of Node's own modules. Node has with it what V8 makes of it, and V8 takes that only under the flags that it was
 * made with: under others it compiles the module anew, which took a fifth of a start. The require() of a single
 * executable does not know modules that exist only as `node:…`, such as node:sqlite.
 */
function loadBuiltin(id) {
  setFlags(plain);
  const builtin = process.getBuiltinModule(id) ?? require(id);
  setFlags(lean);
  builtins.set(id, builtin);
  return builtin;
}

/** Of the whole process: its threads leave them alone. */
function setFlags(flags) {
  if (isMainThread) setFlagsFromString(flags);
}

setFlags(lean);
load("main.js");
