// Has the parts of an executable run as in it, with the Node and the flags that it will run with, and keeps what V8 has
// compiled by the end: a function is compiled when it is called first. V8 takes no code cache of another version, other
// flags or another architecture. Arguments: a directory for the caches, the parts as a list of JSON, and the command.
"use strict";
const { readFileSync, writeFileSync } = require("node:fs");
const { basename, join } = require("node:path");
const sea = require("node:sea");
const vm = require("node:vm");

const [directory, list, ...command] = process.argv.slice(2);
const parts = new Map(JSON.parse(list).map((path) => [basename(path), path]));
const scripts = new Map();

/** What the executable has of `node:sea`, and a note of each script. */
const replaced = {
  "node:sea": {
    ...sea,
    getAssetKeys: () => [...parts.keys()],
    getRawAsset: (name) => new Uint8Array(readFileSync(parts.get(name))).buffer,
  },
  "node:vm": {
    ...vm,
    Script: class extends vm.Script {
      constructor(source, options) {
        super(source, options);
        scripts.set(options.filename, this);
      }
    },
  },
};
const { getBuiltinModule } = process;
process.getBuiltinModule = (id) => replaced[id] ?? getBuiltinModule.call(process, id);
process.argv = [...process.argv.slice(0, 2), ...command];
process.once("exit", () => {
  for (const [name, path] of parts) {
    const script = scripts.get(name) ?? new vm.Script(readFileSync(path, "latin1"), { filename: name });
    writeFileSync(join(directory, `${name}.cache`), script.createCachedData());
  }
});
require("./parts.cjs");
