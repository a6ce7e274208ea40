// Bootstrap, dependency-free, for any Node >= 20: installs the workspace with the pinned pnpm when needed,
// then runs a task with the pinned Node 24 from the registry (see docs in ARCHITECTURE.md, "Runtime").
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const [task, ...args] = process.argv.slice(2);

function fail(message, next) {
  process.stderr.write(`antibody: ${message}\n${next === undefined ? "" : `  next: ${next}\n`}`);
  process.exit(1);
}

/** Installs dependencies when the lockfile has changed since the last install. */
function install() {
  const stamp = join(root, "node_modules", ".antibody-installed");
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "pnpm-lock.yaml")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  process.stderr.write(`installing dependencies with ${packageManager} (once)\n`);
  const done = spawnSync(
    "npx",
    ["-y", packageManager, "install", "--frozen-lockfile", "--reporter=append-only"],
    {
      cwd: root,
      stdio: ["ignore", 2, 2],
    },
  );
  if (done.status !== 0)
    fail(
      "installing dependencies failed",
      "check that the npm registry can be reached, then run the command again",
    );
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

/** The pinned Node 24, or the running one when it is of that line. */
function node24() {
  const pinned = join(root, "node_modules", `node-linux-${process.arch}`, "bin", "node");
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  return fail(
    `no Node 24 for ${process.platform}-${process.arch}`,
    "Antibody runs on Linux, x64 or arm64; elsewhere install Node 24 and run again",
  );
}

if (task === undefined) fail("no task named", "npm run demo, npm test, npm run build");
install();
const child = spawn(node24(), [join(root, "scripts", "tasks.mjs"), task, ...args], {
  cwd: process.env.INIT_CWD ?? root,
  stdio: "inherit",
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
