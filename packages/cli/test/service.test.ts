import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addCommands } from "../src/commands/index.ts";
import { commandTree } from "../src/reference/tree.ts";
import { healDropIn } from "../src/service/heal.ts";
import { installSteps, placeExecutable, placeFile } from "../src/service/install.ts";
import { installedFiles, installLayout, type Layout } from "../src/service/layout.ts";
import { sleepUnit, sleepUnitName } from "../src/service/sleep.ts";
import { runSteps } from "../src/service/steps.ts";
import { forgetSteps, hasKeys, removeInstalled, removeState, stopSteps } from "../src/service/uninstall.ts";
import { unitText } from "../src/service/unit.ts";
import { setStage } from "./commandLine.ts";
import { FakeTerminal } from "./fakeTerminal.ts";
import { schemaProblems } from "./schemas.ts";
import { whyWithout } from "./tools.ts";

let home = "";
let layout: Layout;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "antibody-service-"));
  layout = installLayout(1000, { HOME: home });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const program = new Command("antibody");
addCommands(program, { terminal: new FakeTerminal(), finish: () => undefined });

const extraFiles = () => [healDropIn(layout, "files"), sleepUnit(layout, layout.executable)];

function placeAll(): void {
  const executable = join(home, "download");
  writeFileSync(executable, "#!/bin/sh\necho it runs\n");
  placeExecutable(executable, layout.executable);
  rmSync(executable);
  for (const file of [...installedFiles(layout, commandTree(program), "0"), ...extraFiles()]) placeFile(file);
}

describe("an installation", () => {
  test("can be run, and is gone with every directory that it made", () => {
    placeAll();
    expect(execFileSync(layout.executable, { encoding: "utf8" })).toBe("it runs\n");
    expect(readFileSync(layout.unit, "utf8")).toContain(`ExecStart=${layout.executable} run\n`);
    const removed = removeInstalled(layout);
    expect(removed).toHaveLength(8);
    expect(files(home)).toEqual([]);
    expect(removeInstalled(layout)).toEqual([]);
  });

  test("leaves what others keep in the same directories", () => {
    const other = join(home, ".local/share/man/man1/other.1");
    mkdirSync(join(other, ".."), { recursive: true });
    writeFileSync(other, "");
    placeAll();
    removeInstalled(layout);
    expect(files(home)).toEqual([other]);
  });

  test("replaces a running executable", () => {
    placeAll();
    const held = execFileSync("sh", [
      "-c",
      `exec 3< "${layout.executable}"; echo new > "${home}/new"; cat <&3`,
    ]);
    placeExecutable(join(home, "new"), layout.executable);
    expect(held.toString()).toContain("it runs");
    expect(readFileSync(layout.executable, "utf8")).toBe("new\n");
    expect(existsSync(`${layout.executable}.new`)).toBe(false);
  });
});

describe("the state of an uninstalled agent", () => {
  const names = ["agent.key", "author-keys", "charter.json", "journal.db", "owner.key", "port", "run"];

  function makeState(): string {
    const state = join(home, "state");
    for (const name of ["author-keys", "run"]) mkdirSync(join(state, name), { recursive: true });
    for (const name of names.filter((each) => !["author-keys", "run"].includes(each)))
      writeFileSync(join(state, name), "");
    writeFileSync(join(state, "author-keys", "home.key"), "");
    return state;
  }

  test("goes but for its keys and what they are for", () => {
    const state = makeState();
    expect(hasKeys(state)).toBe(true);
    removeState(state, true);
    expect(readdirSync(state).toSorted()).toEqual(["agent.key", "author-keys", "charter.json", "owner.key"]);
  });

  test("goes whole where the keys may go", () => {
    const state = makeState();
    removeState(state, false);
    expect(existsSync(state)).toBe(false);
    expect(hasKeys(state)).toBe(false);
  });
});

describe("steps", () => {
  const system = installLayout(0, {});

  test("for the device make a user, a directory, and the start at boot", () => {
    const lines = (
      known: { userExists: boolean; systemd: boolean },
      intermittent = false,
    ): readonly string[] =>
      installSteps(system, { ...known, intermittent }).map(({ command }) => command.slice(0, 2).join(" "));
    expect(lines({ userExists: false, systemd: true })).toEqual([
      "useradd --system",
      "install -d",
      "systemctl daemon-reload",
      "systemctl enable",
      "systemctl restart",
    ]);
    expect(lines({ userExists: true, systemd: false }, true)).toEqual(["install -d"]);
    const told = installSteps(system, { userExists: true, systemd: true, intermittent: true });
    expect(told.at(-1)?.command).toEqual(["systemctl", "enable", "antibody-sleep.service"]);
  });

  test("of removing keep the user while keys are kept", () => {
    const known = { systemd: false, userExists: true };
    expect(forgetSteps(system, { ...known, keysKept: true })).toEqual([]);
    expect(forgetSteps(system, { ...known, keysKept: false }).map(({ command }) => command[0])).toEqual([
      "userdel",
    ]);
    expect(stopSteps(system, { systemd: true })[0]?.command).toContain("--now");
  });

  test("end at a needed one that fails, with what it said", () => {
    const outcomes = runSteps([
      { command: ["sh", "-c", "echo unwell >&2; exit 1"], why: "may fail", needed: false },
      { command: ["no-such-program"], why: "must not fail", needed: true },
      { command: ["true"], why: "is not reached", needed: true },
    ]);
    expect(outcomes.map(({ done }) => done)).toEqual([false, false]);
    expect(outcomes[0]?.detail).toBe("unwell");
  });
});

describe("the commands", () => {
  test("install nothing but the single executable", async () => {
    const stage = await setStage();
    const { code, value } = await stage.json("install");
    expect(code).toBe(1);
    expect(value).toMatchObject({ error: { code: "notOneFile" } });
  });

  test("let nobody but root widen what a service may", async () => {
    const stage = await setStage();
    expect((await stage.json("install", "--heal", "files")).code).toBe(5);
    expect((await stage.json("install", "--heal", "device")).code).toBe(5);
    expect((await stage.json("install", "--heal", "everything")).code).toBe(2);
  });

  test("tell of a device's sleep by a unit of the system, or not at all", async () => {
    const stage = await setStage();
    const { code, value } = await stage.json("install", "--intermittent");
    expect(code).toBe(5);
    expect(value).toMatchObject({ error: { next: expect.stringMatching(/ away$/) } });
  });

  test("ask before keys, and keep them where nobody answers", async () => {
    const stage = await setStage();
    stage.terminal.environment = { HOME: home };
    mkdirSync(layout.state, { recursive: true });
    writeFileSync(join(layout.state, "agent.key"), "");
    writeFileSync(join(layout.state, "journal.db"), "");
    const { code, value } = await stage.json("uninstall");
    expect(code).toBe(0);
    expect(schemaProblems(value)).toEqual([]);
    expect(files(home)).toEqual([join(layout.state, "agent.key")]);
    stage.terminal.canAsk = true;
    stage.terminal.confirms = [true];
    expect((await stage.run("uninstall")).code).toBe(0);
    expect(stage.terminal.asked).toHaveLength(1);
    expect(files(home)).toEqual([]);
  });
});

const units = {
  "of the system": {
    name: "antibody.service",
    text: () => unitText({ executable: "/bin/true", scope: "system" }),
  },
  "of a user": { name: "antibody.service", text: () => unitText({ executable: "/bin/true", scope: "user" }) },
  "of sleep": { name: sleepUnitName, text: () => sleepUnit(layout, "/bin/true").content },
} as const;

test.for(Object.keys(units) as (keyof typeof units)[])("systemd takes the unit %s", (which, context) => {
  const reason = whyWithout("systemd-analyze");
  context.skip(reason !== undefined, reason);
  const { name, text } = units[which];
  const unit = join(home, name);
  writeFileSync(unit, text());
  const mode = which === "of a user" ? ["--user"] : [];
  const { status, stderr } = spawnSync("systemd-analyze", [...mode, "verify", "--man=no", unit], {
    encoding: "utf8",
    env: { ...process.env, XDG_RUNTIME_DIR: home },
  });
  expect(stderr.split("\n").filter((line) => line.includes(name))).toEqual([]);
  expect(status).toBe(0);
});

/** Every file below a directory. */
function files(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}
