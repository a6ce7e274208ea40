import { existsSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCommand } from "../packages/cli/src/demo/command.ts";
import { supervisedPids } from "../packages/cli/src/demo/supervised.ts";
import { eventually, form, launcher, makeAuthor, makeColony, type TestColony } from "./harness/colonies.ts";

let test: TestColony;

async function publish(keyFile: string, content: string): Promise<void> {
  const file = join(test.colony.directory, "policy.yaml");
  const promises = [
    `  file:/etc/kept: { content: ${JSON.stringify(content)} }`,
    '  process:worker: { command: ["/bin/sleep", "86400"] }',
  ];
  writeFileSync(file, `stream: home\nname: all\npromises:\n${promises.join("\n")}\n`);
  await test.colony.command("one", "publish", file, "--author", keyFile);
  await eventually(
    `content ${content}`,
    async () => (await test.colony.agent("one").read("/etc/kept")) === content,
  );
}

async function generation(): Promise<number | undefined> {
  const { streams } = await test.colony.agent("one").inspect();
  return streams.find(({ stream }) => stream === "home")?.active?.version.generation;
}

beforeEach(async () => {
  test = makeColony();
  await form(test, ["one"]);
});

afterEach(() => test.end());

describe("an agent that starts again, alone and without a network", () => {
  it("keeps policy, floor, grant and pause", async () => {
    const { keyFile } = await makeAuthor(test, "one");
    await publish(keyFile, "first\n");
    await publish(keyFile, "second\n");
    await test.colony.command("one", "pause", "file:/etc/kept", "--reason", "test", "--for", "1h");
    test.colony.agent("one").kill("SIGKILL");
    await eventually("the agent to be gone", () => !test.colony.agent("one").running);
    writeFileSync(join(test.colony.rootOf("one"), "etc/kept"), "damaged\n");
    const again = await test.colony.start("one");
    await eventually("the pause to show the drift", async () => {
      const view = await again.resource("file:/etc/kept");
      return view?.phase === "paused" && view.drift !== undefined;
    });
    expect(await generation()).toBe(2);
    expect(await again.read("/etc/kept")).toBe("damaged\n");
    expect((await again.inspect()).pauses).toMatchObject([{ target: "file:/etc/kept", reason: "test" }]);
    await test.colony.command("one", "resume", "file:/etc/kept");
    await eventually("the repair", async () => (await again.read("/etc/kept")) === "second\n");
  });

  it("goes on after its journal was truncated, and keeps the damaged one", async () => {
    const { keyFile } = await makeAuthor(test, "one");
    await publish(keyFile, "first\n");
    const state = test.colony.stateOf("one");
    await test.colony.agent("one").end();
    truncateSync(join(state, "journal.db"), 100);
    const again = await test.colony.start("one");
    expect((await again.inspect()).name).toBe("one");
    expect(await generation()).toBe(1);
    expect(readdirSync(state).filter((file) => file.startsWith("journal.db.broken"))).not.toEqual([]);
  });
});

describe("a clock that says 1970", () => {
  it("keeps an agent from nothing: it joins, takes policy, heals, pauses and starts again", async () => {
    const early = makeColony({ nodeFlags: ["--import", wallClockFrom(0)] });
    try {
      await form(early, ["one", "two"]);
      const { keyFile } = await makeAuthor(early, "one");
      const file = join(early.colony.directory, "policy.yaml");
      writeFileSync(file, 'stream: home\nname: all\npromises:\n  file:/etc/kept: { content: "kept\\n" }\n');
      await early.colony.command("one", "publish", file, "--author", keyFile);
      const two = early.colony.agent("two");
      await eventually("the file on two", async () => (await two.read("/etc/kept")) === "kept\n");
      expect((await two.inspect()).wallMs).toBeLessThan(24 * 3_600_000);
      await early.colony.command("two", "pause", "file:/etc/kept", "--reason", "test", "--for", "1h");
      two.kill("SIGKILL");
      await eventually("two to be gone", () => !two.running);
      const again = await early.colony.start("two");
      expect((await again.inspect()).pauses).toHaveLength(1);
      await early.colony.command("two", "resume");
      writeFileSync(join(again.root, "etc/kept"), "damaged\n");
      await eventually("the repair", async () => (await again.read("/etc/kept")) === "kept\n");
    } finally {
      await early.end();
    }
  });
});

/** A module that moves the wall clock of its process: it says `startMs` when the process starts. */
function wallClockFrom(startMs: number): string {
  const source = `
    const Real = Date;
    const offset = ${startMs} - Real.now();
    globalThis.Date = class extends Real {
      constructor(...args) { args.length === 0 ? super(Real.now() + offset) : super(...args); }
      static now() { return Real.now() + offset; }
    };`;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

describe("one state directory", () => {
  it("belongs to one agent: a second run is refused and names the first", async () => {
    const args = ["--state", test.colony.stateOf("one"), "run", "--root", test.colony.rootOf("one")];
    const second = await runCommand(launcher, args, AbortSignal.timeout(30_000));
    expect(second.code).not.toBe(0);
    expect(second.stderr).toContain(String(test.colony.agent("one").pid));
    expect((await test.colony.agent("one").inspect()).name).toBe("one");
  });
});

/** Whether anybody takes connections on a port of this machine. */
function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

describe("SIGTERM", () => {
  it("leaves no child, no socket and no port", async () => {
    const { keyFile } = await makeAuthor(test, "one");
    await publish(keyFile, "first\n");
    const agent = test.colony.agent("one");
    await eventually(
      "the worker to run",
      async () => (await agent.resource("process:worker"))?.phase === "kept",
    );
    await eventually("the agent to listen", () => agent.events("agent.listening").length > 0);
    const [listening] = agent.events("agent.listening");
    const [address = ""] = (listening?.["addresses"] ?? []) as readonly string[];
    const port = Number(address.split("/").at(-1));
    expect(await listens(port)).toBe(true);
    await agent.end();
    expect(await listens(port)).toBe(false);
    expect(await supervisedPids([agent.id])).toEqual([]);
    expect(Object.values(agent.sockets).filter((path) => existsSync(path))).toEqual([]);
  });
});
