import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { readExposition } from "../../agent/test/exposition.ts";
import { runCommandLine } from "../src/program.ts";
import { FakeTerminal } from "./fakeTerminal.ts";
import { schemaProblems } from "./schemas.ts";

/** One real agent as a process, and commands that ask it. */
let directory: string;
let child: ChildProcess;
let logged = "";

const main = join(import.meta.dirname, "..", "src", "main.ts");

async function ask(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = new FakeTerminal();
  terminal.environment = process.env;
  const code = await runCommandLine(["--state", join(directory, "state"), ...args], terminal);
  return { code, out: terminal.outText, err: terminal.errText };
}

/** The one object that a command printed, after its schema has agreed with it. */
async function object(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await ask("--json", ...args);
  expect([args, code, err]).toEqual([args, args[0] === "status" ? expect.any(Number) : 0, ""]);
  const value = JSON.parse(out);
  expect(schemaProblems(value)).toEqual([]);
  return value;
}

function start(): ChildProcess {
  const args = ["--state", join(directory, "state"), "run", "--root", join(directory, "root")];
  const listen = ["--listen", "/ip4/127.0.0.1/tcp/0", "--sweep", "1h"];
  const started = spawn(process.execPath, [main, ...args, ...listen], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  started.stdout?.setEncoding("utf8").on("data", (text: string) => {
    logged += text;
  });
  return started;
}

async function kept(resource: string): Promise<boolean> {
  const { resources } = (await object("status")) as {
    resources: readonly { resource: string; phase: string }[];
  };
  return resources.some((each) => each.resource === resource && each.phase === "kept");
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "antibody-running-"));
  await mkdir(join(directory, "root", "etc"), { recursive: true });
  await object("init", "--name", "pi");
  child = start();
  await vi.waitFor(async () => expect((await ask("status")).code).toBe(0), { timeout: 40_000 });
});

afterAll(async () => {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await rm(directory, { recursive: true, force: true });
});

describe("a real agent", () => {
  test("keeps what an accepted author publishes, and says so in the words of the schemas", async () => {
    const { keyFile, rootFile } = await object("author", "keygen", "--name", "home", "--no-passphrase");
    await object("trust", "add", String(rootFile), "--scope", "file:/etc/**", "--rank", "10", "--yes");
    const file = join(directory, "home.yaml");
    await writeFile(file, 'stream: home\nname: motd\npromises:\n  file:/etc/motd: { content: "hello\\n" }\n');
    expect(await object("diff", file)).toMatchObject({ added: [{ resource: "file:/etc/motd" }] });
    expect(await object("publish", file, "--author", String(keyFile))).toMatchObject({ generation: 1 });
    await expect.poll(() => kept("file:/etc/motd")).toBe(true);
    expect(await readFile(join(directory, "root", "etc", "motd"), "utf8")).toBe("hello\n");
    expect(await object("diff", file)).toMatchObject({ unchangedCount: 1, generation: 1 });
    expect(await object("publish", file, "--author", String(keyFile), "--dry-run")).toMatchObject({
      generation: 2,
    });
    expect(await object("why", "motd")).toMatchObject({ signedBy: { stream: "home", fragmentName: "motd" } });
    for (const args of [["trust", "list"], ["peers"], ["map"], ["routes"], ["metrics"], ["incident", "list"]])
      await object(...args);
    expect(readExposition((await ask("metrics")).out).has("antibody_queue_length")).toBe(true);
  });

  test("leaves alone what is paused, until it is resumed", async () => {
    const motd = join(directory, "root", "etc", "motd");
    await object("pause", "motd", "--reason", "by hand", "--for", "10m");
    await writeFile(motd, "mine\n");
    await expect.poll(async () => (await ask("status")).code).toBe(3);
    expect((await object("status"))["problems"]).toMatchObject([
      { what: "file:/etc/motd is paused, and has drifted" },
    ]);
    expect(await readFile(motd, "utf8")).toBe("mine\n");
    await object("resume");
    await expect.poll(() => readFile(motd, "utf8")).toBe("hello\n");
  });

  test("is replayed to the same outputs, from its socket and from a file", async () => {
    const saved = join(directory, "one.rec");
    expect(await object("replay", "--save", saved)).toMatchObject({ equal: true, cut: false });
    expect(await object("replay", saved)).toMatchObject({ equal: true });
    // As a case holds it that was exported.
    const exported = join(directory, "case.json");
    const recording = (await readFile(saved)).toString("base64");
    await writeFile(exported, JSON.stringify({ schema: "antibody.incidentFile/1", recording }));
    expect(await object("replay", exported)).toMatchObject({ equal: true, file: exported });
    await writeFile(exported, JSON.stringify({ schema: "antibody.status/1" }));
    expect((await ask("replay", exported)).err).toContain("neither a recording nor an exported incident");
  });

  test("lets a device in, and shows both sides the same code", async () => {
    const { code } = await object("invite");
    const other = new FakeTerminal();
    const argv = ["--json", "--state", join(directory, "other"), "join", String(code), "--name", "attic"];
    expect([await runCommandLine(argv, other), other.errText]).toEqual([0, ""]);
    const joined = JSON.parse(other.outText);
    expect(schemaProblems(joined)).toEqual([]);
    expect((await ask("logs")).out).toContain(`sas=${joined.comparisonCode}`);
    expect(await object("peers", "why", "attic")).toMatchObject({ agent: joined.agent });
    // A code works once.
    const again = new FakeTerminal();
    const twice = ["--state", join(directory, "third"), "join", String(code), "--name", "cellar"];
    expect(await runCommandLine(twice, again)).toBe(1);
  });

  test("is one on its state, and ends in order", async () => {
    const second = await ask("run", "--root", join(directory, "root"));
    expect(second.code).toBe(1);
    expect(second.err).toMatch(/already runs an agent on .+\n {2}next: Stop it first/);
    // Who founds another swarm here is not told to stop this agent for it.
    expect((await ask("init", "--name", "again")).err).toMatch(/there is an agent in .+ already/);
    const ended = once(child, "close");
    await object("stop");
    expect(await ended).toEqual([0, null]);
    expect((await ask("status")).code).toBe(4);
    const lines = logged
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ event }) => event)).toEqual(
      expect.arrayContaining(["agent.started", "agent.stopping"]),
    );
  });

  test("ends in order by SIGTERM as well", async () => {
    child = start();
    await expect.poll(async () => (await ask("status")).code).toBe(0);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  });
});
