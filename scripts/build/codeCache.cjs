// Compiles the parts of an executable ahead, with the Node and the flags that it will run with: V8 takes no code cache
// of another version, other flags or another architecture. Arguments: a directory for the caches, then the parts.
"use strict";
const { readFileSync, writeFileSync } = require("node:fs");
const { basename, join } = require("node:path");
const { compileFunction } = require("node:vm");

/** As parts.cjs compiles them. */
const parameters = ["require", "module", "exports", "__filename"];
const [directory, ...paths] = process.argv.slice(2);
for (const path of paths) {
  const filename = basename(path);
  const source = readFileSync(path, "latin1");
  const { cachedData } = compileFunction(source, parameters, { filename, produceCachedData: true });
  writeFileSync(join(directory, `${filename}.cache`), cachedData);
}
