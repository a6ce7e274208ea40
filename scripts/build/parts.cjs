// The script of a single executable. Its parts lie beside it as assets, and each is loaded when it is asked for: V8
// keeps the source of what it has loaded in memory, and reads all of it first, where it has no code cache.
"use strict";
const { getAssetKeys, getRawAsset } = process.getBuiltinModule("node:sea");
const { compileFunction } = process.getBuiltinModule("node:vm");

const assets = new Set(getAssetKeys());
const loaded = new Map();

/** The exports of a part. They are there before its code has run, for parts that need each other. */
function load(name) {
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const part = { exports: {} };
  loaded.set(name, part);
  // Only ASCII: one byte for each character, in V8 as in the file.
  const source = Buffer.from(getRawAsset(name)).latin1Slice();
  const cache = `${name}.cache`;
  // Of other flags V8 takes none, and compiles anew.
  const cachedData = assets.has(cache) ? Buffer.from(getRawAsset(cache)) : undefined;
  const parameters = ["require", "module", "exports", "__filename"];
  const run = compileFunction(source, parameters, { filename: name, cachedData });
  run(requirePart, part, part.exports, __filename);
  return part.exports;
}

/** The require() of a single executable does not know modules that exist only as `node:…`, such as node:sqlite. */
function requirePart(id) {
  return id.startsWith("./") ? load(id.slice(2)) : (process.getBuiltinModule(id) ?? require(id));
}

load("main.js");
