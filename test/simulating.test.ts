import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { schemaProblems } from "../packages/cli/test/schemas.ts";
import { launcher } from "./harness/colonies.ts";

/** `sim sweep`, `shrink` and `replay` as processes: the workers are processes of the same command. */
let directory: string;
/** Far above what it takes: processes start slowly on a machine that does much else. */
const patient = { timeout: 60_000 };
const started: ChildProcess[] = [];

// A test that fails half-way leaves no process behind: workers end with the command that started them.
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(...args: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(launcher.file, [...launcher.args, "sim", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const ended = new Promise<Ended>((resolve) => child.on("close", (code) => resolve({ code, out, err })));
  return { child, ended };
}

/** Every line as JSON, after its schema has agreed with it. */
function objects({ out }: Ended): readonly Record<string, unknown>[] {
  const values = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  for (const value of values) expect(schemaProblems(value)).toEqual([]);
  return values;
}

/** A run that fails: nobody can know of a death before anyone has looked for it. */
const bundle = {
  schema: "antibody.simBundle/1",
  build: "0.0.1",
  scenario: {
    name: "impatient",
    title: "A death must be known at once",
    agents: 4,
    durationMs: 5_100,
    startSpreadMs: 0,
    steps: [{ atMs: 5_000, type: "powerOff", who: { names: ["agent-1"] } }],
    expectations: [{ type: "deathsKnown", fromMs: 5_000, withinMs: 100 }],
  },
  agents: 4,
  seed: 1,
  hash: "0000000000000000",
  violation: { invariant: "deathsKnownMs@5s", atMs: 5_100, detail: "not within 100 ms" },
  shrunkFrom: { scenario: "impatient", agents: 4, seed: 1, faultsCount: 1 },
};

let file: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "antibody-sim-"));
  file = join(directory, "bundle.json");
  await writeFile(file, JSON.stringify(bundle));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe("sim run --workers", () => {
  test("comes to the hash of one thread", patient, async () => {
    const run = ["run", "mass-death", "--agents", "12", "--seed", "5", "--json"];
    const [one] = objects(await start(...run).ended);
    const [three] = objects(await start(...run, "--workers", "3").ended);
    expect(three).toMatchObject({ workers: 3, hash: one?.["hash"], outcome: "held" });
  });
});

describe("sim sweep", () => {
  test("runs every seed, and says that all held", async () => {
    const ended = await start(
      "sweep",
      "clean-publish",
      "--agents",
      "5",
      "--seeds",
      "1..6",
      "--jobs",
      "2",
      "--json",
    ).ended;
    expect([ended.code, ended.err]).toEqual([0, ""]);
    expect(objects(ended)).toEqual([
      expect.objectContaining({
        schema: "antibody.simSweep/1",
        seedsCount: 6,
        failedSeeds: [],
        interrupted: false,
      }),
    ]);
  });

  test("runs the seed of a killed worker again", async () => {
    const { child, ended } = start(
      "sweep",
      "clean-publish",
      "--agents",
      "30",
      "--seeds",
      "1..10",
      "--jobs",
      "2",
      "--json",
    );
    const [victim] = await vi.waitFor(async () => {
      const found = await childrenOf(child.pid);
      expect(found.length).toBe(2);
      return found;
    }, patient);
    process.kill(victim ?? 0, "SIGKILL");
    expect(objects(await ended)).toEqual([expect.objectContaining({ seedsCount: 10, failedSeeds: [] })]);
  });

  test.each(["SIGINT", "SIGKILL"] as const)("leaves no process after %s", async (signal) => {
    const { child, ended } = start(
      "sweep",
      "clean-publish",
      "--agents",
      "60",
      "--seeds",
      "1..1000",
      "--jobs",
      "2",
    );
    const workers = await vi.waitFor(async () => {
      const found = await childrenOf(child.pid);
      expect(found.length).toBe(2);
      return found;
    }, patient);
    child.kill(signal);
    const { code } = await ended;
    expect(code).toBe(signal === "SIGINT" ? 1 : null);
    await vi.waitFor(() => expect(workers.filter(isRunning)).toEqual([]), patient);
  });

  test.each([
    ["nothing", "1..2", /there is no scenario nothing/],
    ["clean-publish", "2..1", /Write a range of seeds/],
  ])("refuses %s with seeds %s", async (scenario, seeds, message) => {
    const { code, err } = await start("sweep", scenario, "--seeds", seeds).ended;
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});

describe("sim shrink", () => {
  test("keeps what is left of a failing run as a bundle, which plays again", async () => {
    const scenario = join(directory, "impatient.json");
    const { agents, ...rest } = bundle.scenario;
    const text = { schema: "antibody.scenario/1", ...rest, agents: 2 * agents };
    await writeFile(scenario, JSON.stringify(text));
    const swept = await start("sweep", scenario, "--seeds", "1..2", "--jobs", "2", "--json").ended;
    expect(swept.code).toBe(1);
    const [one, two, end] = objects(swept);
    expect([one?.["seed"], two?.["seed"]].sort()).toEqual([1, 2]);
    expect(end).toMatchObject({ failedSeeds: [1, 2] });

    const out = join(directory, "shrunk.json");
    const shrunk = await start("shrink", scenario, "--seed", "1", "--jobs", "2", "--out", out, "--json")
      .ended;
    expect([shrunk.code, shrunk.err]).toEqual([0, ""]);
    expect(objects(shrunk)).toEqual([
      expect.objectContaining({
        file: out,
        before: { faultsCount: 1, agents: 8 },
        after: { faultsCount: 1, agents: 4, durationMs: 5_100 },
      }),
    ]);
    expect(schemaProblems(JSON.parse(await readFile(out, "utf8")))).toEqual([]);
    const replayed = await start("replay", out, "--json").ended;
    expect(replayed.code).toBe(0);
    expect(objects(replayed)).toEqual([expect.objectContaining({ equal: true })]);
  });

  test("says when there is nothing to make smaller", async () => {
    const { code, err } = await start("shrink", "clean-publish", "--agents", "4", "--seed", "1").ended;
    expect(code).toBe(1);
    expect(err).toMatch(/clean-publish with 4 agents and seed 1 holds/);
  });
});

describe("sim replay", () => {
  test("names both hashes when they differ, and the builds", async () => {
    const ended = await start("replay", file).ended;
    expect(ended.code).toBe(1);
    expect(ended.out).toMatch(/differs +[0-9a-f]{16}, and 0{16} in the bundle/);
    expect(ended.out).toContain("made by 0.0.1");
  });

  test("plays a bundle with the hash of this build", async () => {
    const [{ hash } = {}] = objects(await start("replay", file, "--json").ended);
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    const known = join(directory, "known.json");
    await writeFile(known, JSON.stringify({ ...bundle, hash }));
    expect(schemaProblems(JSON.parse(await readFile(known, "utf8")))).toEqual([]);
    const ended = await start("replay", known, "--json").ended;
    expect(ended.code).toBe(0);
    expect(objects(ended)).toEqual([
      expect.objectContaining({
        equal: true,
        reached: true,
        violations: [expect.objectContaining({ invariant: "deathsKnownMs@5s", atMs: 5_100 })],
      }),
    ]);
  });

  test("stops at a virtual time, and shows what each agent holds there", async () => {
    const ended = await start("replay", file, "--until", "5.05s", "--json").ended;
    expect(ended.code).toBe(0);
    const [view] = objects(ended);
    expect(view).toMatchObject({ simulatedMs: 5_050, reached: true, violations: [] });
    expect(view).not.toHaveProperty("equal");
    const agents = view?.["agents"] as readonly { readonly name: string; readonly process: string }[];
    expect(agents.map(({ process }) => process)).toEqual(["running", "without power", "running", "running"]);
  });

  test("stops at the first event of a name, and shows all of one agent", async () => {
    const args = ["replay", file, "--until", "event:agent.started@agent-2", "--agent", "agent-2"];
    const ended = await start(...args, "--json").ended;
    const [view] = objects(ended);
    expect(view).toMatchObject({ simulatedMs: 0, agents: [{ name: "agent-2" }] });
    const { code, out } = await start(...args).ended;
    expect(code).toBe(0);
    expect(out).toContain("agent.started");
  });

  test("fails when the event never comes", async () => {
    const { code, out } = await start("replay", file, "--until", "event:no.such").ended;
    expect(code).toBe(1);
    expect(out).toContain("what it was to stop at never came");
  });

  test.each([
    ["{}", /its schema is undefined/],
    ['{"schema":"antibody.simBundle/1"}', /a part of it is missing/],
    ["nothing", /not valid JSON/],
  ])("refuses what is no bundle: %s", async (text, message) => {
    const broken = join(directory, "broken.json");
    await writeFile(broken, text);
    const { code, err } = await start("replay", broken).ended;
    expect(code).toBe(1);
    expect(err).toMatch(message);
  });
});

async function childrenOf(pid: number | undefined): Promise<readonly number[]> {
  const listed = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return listed.trim().split(" ").filter(Boolean).map(Number);
}

/** Whether a process is there and no zombie. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
