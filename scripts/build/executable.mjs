// A Node single executable application: the pinned Node, stripped, with the command inside.
import { execFileSync, spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { inject } from "postject";
import { archiveOf } from "./archive.mjs";
import { dist } from "./bundle.mjs";
import { nodeExecutable } from "./node.mjs";
import { train } from "./training.mjs";

/** What Node looks for in itself (its documentation, "Single executable applications"). */
const resource = "NODE_SEA_BLOB";
const fuse = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

/**
 * One thread for V8's own work. The flags of V8 itself are set where the parts are loaded (`parts.cjs`). These come from
 * the configuration inside, because an executable's own command line belongs to the command.
 */
const flags = ["--v8-pool-size=1"];

/** What strips the executables of an architecture on x64, best first. */
const strippers = { x64: ["strip", "llvm-strip"], arm64: ["aarch64-linux-gnu-strip", "llvm-strip"] };

/** What runs programs of an architecture on another one: Debian's qemu-user-static, with libraries to link against. */
const emulators = {
  arm64: ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu"],
  x64: ["qemu-x86_64-static"],
};

/** Makes dist/antibody-linux-ARCH from the script and its parts; the bundle is what an agent is trained with. */
export async function makeExecutable(arch, bundle, { script, parts }) {
  const executable = join(dist, `antibody-linux-${arch}`);
  const scratch = mkdtempSync(join(dist, ".executable-"));
  try {
    const bare = join(scratch, "node");
    copyFileSync(nodeExecutable(arch), bare);
    chmodSync(bare, 0o755);
    // Before the blob goes in: stripped afterwards, the executable prints nothing.
    strip(arch, bare);
    await injectQuietly(bare, blobOf(script, scratch));
    const caches = await codeCaches(arch, bundle, parts, scratch);
    appendFileSync(bare, archiveOf({ ...parts, ...caches }, statSync(bare).size));
    // As an installation leaves it. What was written by one call lies in the page cache in large pieces, of which an
    // agent that is started now maps 19 MB more than it reads (measured).
    const copied = join(scratch, "copied");
    copyFileSync(bare, copied);
    renameSync(copied, executable);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return executable;
}

/** Its library warns of names that stripping took away, once for each; a failure throws all the same. */
async function injectQuietly(executable, blob) {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    await inject(executable, resource, blob, { sentinelFuse: fuse });
  } finally {
    console.warn = warn;
  }
}

/**
 * What the parts are compiled to, for the architecture of the executable: of what an agent calls to begin with, all. To
 * compile it took a third of a start. Where its Node does not run here, the executable compiles everything itself.
 */
async function codeCaches(arch, bundle, parts, scratch) {
  const [file, ...words] = [...(arch === process.arch ? [] : emulators[arch]), nodeExecutable(arch)];
  if (spawnSync(file, [...words, "--version"], { stdio: "ignore" }).status !== 0) return {};
  const maker = join(import.meta.dirname, "codeCache.cjs");
  const archive = join(scratch, "parts");
  writeFileSync(archive, archiveOf(parts, 0));
  const args = [...words, ...flags, maker, scratch, archive, JSON.stringify(Object.values(parts))];
  await train(bundle, { file, args });
  const names = Object.keys(parts).map((part) => `${part}.cache`);
  return Object.fromEntries(names.map((name) => [name, join(scratch, name)]));
}

function blobOf(script, scratch) {
  const config = join(scratch, "sea.json");
  const blob = join(scratch, "sea.blob");
  writeFileSync(
    config,
    JSON.stringify({
      main: script,
      output: blob,
      // A thread of a simulation is started from the script's text.
      assets: { "parts.cjs": script },
      disableExperimentalSEAWarning: true,
      useCodeCache: false,
      useSnapshot: false,
      execArgv: flags,
      // `--node-options=…`, for what needs more room than an agent (the simulator).
      execArgvExtension: "cli",
    }),
  );
  execFileSync(process.execPath, ["--experimental-sea-config", config], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  return readFileSync(blob);
}

function strip(arch, executable) {
  for (const tool of strippers[arch]) {
    const { error, status } = spawnSync(tool, ["--strip-all", executable], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (error === undefined && status === 0) return;
  }
  process.stderr.write(
    `antibody: nothing here strips ${arch} executables; this one is larger than it need be\n  next: apt-get install binutils binutils-aarch64-linux-gnu\n`,
  );
}
