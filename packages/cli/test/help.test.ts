import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { addCommands } from "../src/commands/index.ts";
import { setStage } from "./commandLine.ts";
import { FakeTerminal } from "./fakeTerminal.ts";

/** Every command that does something, as words. */
function commandsOf(command: Command, words: readonly string[]): readonly (readonly string[])[] {
  return command.commands.flatMap((each) => {
    const path = [...words, each.name()];
    // A group does nothing itself; these do, and have a command below them as well.
    const itself = each.commands.length === 0 || ["peers", "demo"].includes(each.name()) ? [path] : [];
    return [...itself, ...commandsOf(each, path)];
  });
}

const program = new Command("antibody");
addCommands(program, { terminal: new FakeTerminal(), finish: () => undefined });
const all = commandsOf(program, []);

describe("help", () => {
  test("is there for every command of the grammar", () => {
    const names = all.map((words) => words.join(" "));
    const grammar = [
      "init",
      "run",
      "invite",
      "join",
      "evict",
      "author init",
      "author keygen",
      "author log",
      "author rotate",
      "author heartbeat",
      "revoke",
      "trust list",
      "trust add",
      "trust remove",
      "lint",
      "diff",
      "publish",
      "rollback",
      "sign",
      "simulate",
      "rollout show",
      "rollout advance",
      "rollout halt",
      "rollout commit",
      "rollout abort",
      "status",
      "why",
      "peers",
      "peers why",
      "map",
      "routes",
      "away",
      "back",
      "pause",
      "resume",
      "step",
      "cancel",
      "stop",
      "logs",
      "metrics",
      "incident list",
      "incident show",
      "incident export",
      "handoff list",
      "handoff add",
      "handoff remove",
      "handoff test",
      "plugin list",
      "plugin add",
      "plugin remove",
      "plugin check",
      "watch",
      "log",
      "replay",
      "sim list",
      "sim show",
      "sim run",
      "sim sweep",
      "sim shrink",
      "sim replay",
      "sim worker",
      "schema",
      "build",
      "demo",
      "demo serve",
      "doctor",
      "install",
      "uninstall",
      "completion",
      "manual",
    ];
    expect(names.toSorted()).toEqual(grammar.toSorted());
  });

  test.each(all.map((words) => [words]))(
    "%j has an example, and says what exit codes mean",
    async (words) => {
      const stage = await setStage();
      const { code, out, err } = await stage.run(...words, "--help");
      expect(code).toBe(0);
      expect(err).toBe("");
      expect(out).toMatch(new RegExp(`Examples?:\n  \\$ antibody ${words.join(" ")}`));
      expect(out).toMatch(/Exit codes:\n +0 {2}\S/);
      expect(out).toMatch(/\n +2 {2}called in a wrong way/);
      expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    },
  );

  test("the version is printed", async () => {
    const stage = await setStage();
    expect(await stage.run("--version")).toMatchObject({ code: 0, out: "0.1.0\n" });
  });
});
