// The tasks behind `npm run …`, on the pinned Node. Each is a list of steps; the first that fails ends the task.
import { spawn, spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { clearScratch, makeScratch } from "./scratch.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [task, ...args] = process.argv.slice(2);
const bin = (name) => join(root, "node_modules", name);
const node = process.execPath;
const bundle = join(root, "dist", "antibody.mjs");
const path = `${dirname(node)}:${join(root, "node_modules", ".bin")}:${process.env.PATH}`;

const steps = {
  types: [join(root, "node_modules", ".bin", "tsc"), "-b"],
  lint: [join(root, "node_modules", ".bin", "biome"), "check", "--error-on-warnings", "."],
  dead: [node, bin("knip/bin/knip.js")],
  bundle: [node, join(root, "scripts", "bundle.mjs")],
  unit: [node, bin("vitest/vitest.mjs"), "run"],
};

/** In a mount namespace of its own, where one can be made: what the deep tests mount ends with them. */
function withOwnMounts(command) {
  const unshare = ["unshare", "--mount", "--propagation", "private"];
  const canUnshare = spawnSync(unshare[0], [...unshare.slice(1), "true"], { stdio: "ignore" }).status === 0;
  return canUnshare ? [...unshare, "env", "ANTIBODY_OWN_MOUNTS=1", ...command] : command;
}

const deep = [...steps.unit, "--config", "vitest.deep.config.ts", ...args];
const tasks = {
  demo: [steps.bundle, [node, bundle, "demo", ...args]],
  antibody: [steps.bundle, [node, bundle, ...args]],
  build: [[node, join(root, "scripts", "build.mjs"), ...args]],
  bench: [steps.bundle, [node, join(root, "bench", "main.ts"), ...args]],
  check: [steps.types, steps.lint, steps.dead],
  test: [steps.types, steps.lint, steps.dead, steps.bundle, [...steps.unit, ...args]],
  "test:deep": [steps.bundle, task === "test:deep" ? withOwnMounts(deep) : deep],
};

/**
 * Tests start hundreds of agents and commands, each of which compiles the bundle otherwise: a quarter of the processor
 * time that tests of whole agents took. Benchmarks start them as a device does.
 */
const compiled = task.startsWith("test")
  ? { NODE_COMPILE_CACHE: join(root, "node_modules", ".cache", "compiled") }
  : {};

/** Tasks that start agents, and must leave nothing of them. */
const leavesNothing = ["test", "test:deep", "bench"];

/** Of whom the step has to end before the task does. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"];

function run([command, ...rest], cwd, environment) {
  return new Promise((done) => {
    const env = { ...process.env, ...compiled, ...environment, PATH: path };
    const child = spawn(command, rest, { cwd, stdio: "inherit", env });
    const pass = (signal) => child.kill(signal);
    for (const signal of signals) process.on(signal, pass);
    child.on("exit", (code) => {
      for (const signal of signals) process.off(signal, pass);
      done(code ?? 1);
    });
  });
}

/** Runs a step in a temporary directory of its own, and fails where it has left anything, unless it was interrupted. */
async function runAndClear(step, cwd) {
  let interrupted = false;
  const note = () => {
    interrupted = true;
  };
  for (const signal of signals) process.on(signal, note);
  const scratch = makeScratch();
  const code = await run(step, cwd, { TMPDIR: scratch });
  const left = await clearScratch(scratch);
  if (left.length === 0 || interrupted) return code;
  process.stderr.write(
    `antibody: "${task}" has left behind, now removed:\n${left.map((line) => `  ${line}\n`).join("")}`,
  );
  return code === 0 ? 1 : code;
}

const wanted = Object.hasOwn(tasks, task) ? tasks[task] : undefined;
if (wanted === undefined) {
  process.stderr.write(`antibody: no task "${task}"\n  next: one of ${Object.keys(tasks).join(", ")}\n`);
  process.exit(2);
}
for (const [index, step] of wanted.entries()) {
  const last = index === wanted.length - 1;
  const runStep = last && leavesNothing.includes(task) ? runAndClear : run;
  const code = await runStep(step, last ? process.cwd() : root);
  if (code !== 0) process.exit(code);
}
