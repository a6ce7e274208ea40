import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Scenario, sweep, WorkerPool } from "@antibody/sim";

/** A fault of one line, put into a copy of the code: the simulator must notice it. */
export interface Plant {
  readonly name: string;
  /** From the root of the checkout. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly text: string;
  readonly replacement: string;
}

/** What a bug of each kind would look like. */
export const plants: readonly Plant[] = [
  {
    name: "a floor not persisted",
    file: "packages/core/src/keeping/policies.ts",
    text: 'turn.emit({ type: "persist", durability: "sync", records });',
    replacement: 'turn.emit({ type: "persist", durability: "batched", records });',
  },
  {
    name: "a quorum of one",
    file: "packages/core/src/swarm/observing/observers.ts",
    text: "votes: Math.max(2, Math.floor(others / 2) + 1) };",
    replacement: "votes: 1 };",
  },
  {
    name: "a lost wake",
    file: "packages/core/src/mind.ts",
    text: "wakeAt: Math.min(this.#swarm.deadline, this.#rest()) };",
    replacement: "wakeAt: this.#rest() };",
  },
  {
    name: "a refutation ignored",
    file: "packages/core/src/swarm/members/supersedes.ts",
    text: "winsOver[next.standing][known.standing] : order > 0;",
    replacement: 'winsOver[next.standing][known.standing] : order > 0 && known.standing !== "dead";',
  },
  {
    name: "a tie broken by arrival",
    file: "packages/core/src/swarm/members/supersedes.ts",
    text: "return order === 0 ? winsOver[next.standing][known.standing] : order > 0;",
    replacement: "return order === 0 ? next.standing !== known.standing : order > 0;",
  },
];

const root = join(import.meta.dirname, "..", "..");
const packages = { policy: "packages/policy", core: "packages/core", sim: "sim" } as const;

/** A copy of the pure packages and the simulator, with or without a fault in it. */
export interface Planted {
  /** Runs seeds in the copy. */
  readonly pool: WorkerPool;
  remove(): void;
}

/** Copies, plants, and starts workers on the copy. Throws when the line to change is not there, or there twice. */
export function plant(fault: Plant | undefined, jobs: number): Planted {
  const directory = mkdtempSync(join(tmpdir(), "antibody-planted-"));
  try {
    return grow(directory, fault, jobs);
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

function grow(directory: string, fault: Plant | undefined, jobs: number): Planted {
  const modules = join(directory, "node_modules");
  mkdirSync(join(modules, "@antibody"), { recursive: true });
  for (const [name, path] of Object.entries(packages)) {
    const copy = join(directory, path);
    cpSync(join(root, path, "src"), join(copy, "src"), { recursive: true });
    cpSync(join(root, path, "package.json"), join(copy, "package.json"));
    symlinkSync(copy, join(modules, "@antibody", name));
    linkDependencies(join(root, path, "node_modules"), modules);
  }
  if (fault !== undefined) change(join(directory, fault.file), fault);
  const worker = join(directory, "worker.ts");
  writeFileSync(
    worker,
    'import { serveJobs } from "@antibody/sim";\nawait serveJobs(process.stdin, process.stdout);\nprocess.exit();\n',
  );
  const pool = new WorkerPool({ file: process.execPath, args: [worker] }, jobs);
  return {
    pool,
    remove: () => {
      pool.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The first seed that fails, from the first one on; undefined when all hold. */
export async function firstFailing(
  pool: WorkerPool,
  seeds: { readonly first: number; readonly last: number },
  scenarioOf: (seed: number) => Scenario,
): Promise<number | undefined> {
  let isFound = false;
  const { failing } = await sweep({
    scenarioOf,
    firstSeed: seeds.first,
    lastSeed: seeds.last,
    pool,
    onSeed: ({ violations }) => {
      isFound ||= violations.length > 0;
    },
    isEnough: () => isFound,
  });
  return failing[0]?.seed;
}

function change(file: string, { name, text, replacement }: Plant): void {
  const before = readFileSync(file, "utf8");
  if (before.split(text).length !== 2) {
    throw new Error(`${name}: ${file} has not exactly one ${JSON.stringify(text)}; plant it where it went`);
  }
  writeFileSync(
    file,
    before.replace(text, () => replacement),
  );
}

/** What a package depends on, beside ours: those are copies here. */
function linkDependencies(from: string, to: string): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.name === "@antibody" || entry.name.startsWith(".")) continue;
    const target = join(to, entry.name);
    if (entry.name.startsWith("@")) {
      mkdirSync(target, { recursive: true });
      linkDependencies(join(from, entry.name), target);
    } else link(join(from, entry.name), target);
  }
}

/** Two packages may depend on the same one. */
function link(from: string, to: string): void {
  rmSync(to, { force: true });
  symlinkSync(from, to);
}
