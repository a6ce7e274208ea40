import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { setStage } from "../commandLine.ts";
import { fullInspection } from "../fixtures.ts";
import { whyWithout } from "../tools.ts";
import { Emulator } from "./emulator.ts";

const main = join(import.meta.dirname, "..", "..", "src", "main.ts");

test("a person on a real terminal pauses, leaves, and has the scrollback as it was", async (context) => {
  const why = whyWithout("script");
  if (why !== undefined) return context.skip(why);
  const stage = await setStage(fullInspection);
  const watching = `stty rows 24 cols 100; echo before; ${process.execPath} ${main} --state ${stage.state} watch; stty -a | grep -o -- '-\\?icanon\\|-\\?echo ' | xargs`;
  const child = spawn("script", ["--quiet", "--return", "--flush", "--command", watching, "/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, TERM: "vt100", XDG_RUNTIME_DIR: undefined },
  });
  const terminal = new Emulator(100, 24);
  let raw = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    raw += text;
    terminal.write(text.replaceAll("\t", " "));
  });
  const sees = (): string => terminal.screen.join("\n");
  const until = (text: string): Promise<void> => expect.poll(sees, { interval: 20 }).toContain(text);
  try {
    await until("q quit");
    child.stdin.write("p");
    await until("; why? _");
    child.stdin.write("three in the morning\r");
    await until("for how long");
    child.stdin.write("\r");
    await until("paused file:/etc/missing/parent/file");
    child.stdin.write("q");
    expect(await exitOf(child)).toBe(0);
  } finally {
    child.kill();
  }
  expect(stage.agent.commands).toEqual([
    {
      type: "pause",
      target: "file:/etc/missing/parent/file",
      reason: "three in the morning",
      forMs: 600_000,
    },
  ]);
  // What stood there before stands there still, the last moment below it, and the terminal is as it was found.
  expect(terminal.screen[0]).toBe("before");
  expect(sees()).toContain("pi: DEGRADED");
  expect(sees()).toMatch(/(?<!-)icanon (?<!-)echo/);
  expect(raw).not.toContain("[?1049h");
  expect(raw).not.toContain("[?1000h");
  expect(raw.endsWith("[?25l")).toBe(false);
  expect(raw.lastIndexOf("[?25h")).toBeGreaterThan(raw.lastIndexOf("[?25l"));
});

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once("close", resolve));
}
