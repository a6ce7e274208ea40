// Has the parts of an executable run as in it, with the Node and the flags that it will run with, and keeps what V8 has
// compiled by the end: a function is compiled when it is called first. V8 takes no code cache of another version, other
// flags or another architecture. Arguments: a directory for the caches, the parts as an archive and as a list of JSON,
// and the command.
"use strict";
const fs = require("node:fs");
const { basename, join } = require("node:path");
const vm = require("node:vm");

const [directory, archive, list, ...command] = process.argv.slice(2);
const scripts = new Map();

/** Instead of the executable the archive is read, and each script is kept. */
const replaced = new Map([
  ["node:fs", { ...fs, openSync: () => fs.openSync(archive, "r") }],
  [
    "node:vm",
    {
      ...vm,
      Script: class extends vm.Script {
        constructor(source, options) {
          super(source, options);
          scripts.set(options.filename, this);
        }
      },
    },
  ],
]);
const { getBuiltinModule } = process;
process.getBuiltinModule = (id) => {
  const once = replaced.get(id);
  // Only for the script of the executable, which asks first.
  replaced.delete(id);
  return once ?? getBuiltinModule.call(process, id);
};
process.argv = [...process.argv.slice(0, 2), ...command];
process.once("exit", () => {
  for (const path of JSON.parse(list)) {
    const filename = basename(path);
    const script = scripts.get(filename) ?? new vm.Script(fs.readFileSync(path, "latin1"), { filename });
    fs.writeFileSync(join(directory, `${filename}.cache`), script.createCachedData());
  }
});
require("./parts.cjs");
