import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Input } from "@antibody/core";
import { describe, expect, test } from "vitest";
import { pluginPaths, readPlugins, writePlugins } from "../../src/plugins/registry.ts";
import { oneLine, readMessage } from "../../src/plugins/wire.ts";
import { StateError } from "../../src/state/stateError.ts";
import { Rig, resource, until } from "../device/rig.ts";
import { scratchDirectory } from "../state/scratch.ts";

const id = resource("plugin:bad/one");

/** A device whose plug-in `bad` is this program of node. */
function rigOf(program: string, timeout = "1m"): Rig {
  const hello = `const say = (m) => console.log(JSON.stringify(m));
    const hello = () => say({ v: 1, plugin: "bad" });
    const each = (take) => require("node:readline").createInterface({ input: process.stdin })
      .on("line", (line) => take(JSON.parse(line)));`;
  const rig = new Rig({
    plugins: { v: 1, plugins: { bad: { command: [process.execPath, "-e", `${hello}${program}`] } } },
  });
  rig.device.watch(id, { fields: {}, timeout }, false);
  return rig;
}

async function failureOf(rig: Rig): Promise<string> {
  rig.inputs.length = 0;
  rig.device.observe(id);
  const found = await until("an answer", () =>
    rig.inputs.find(
      (input): input is Extract<Input, { type: "unobservable" }> => input.type === "unobservable",
    ),
  );
  return `${found.failure.code}: ${found.failure.message}`;
}

describe("a plug-in that breaks the rules is ended, and its resources are unobservable", () => {
  test.each([
    ["is somebody else", `say({ v: 1, plugin: "good" })`, /EPLUGIN: .*it says that it is good/],
    ["does not say who it is", `say({ changed: "x" })`, /first line does not say who it is/],
    ["writes garbage", `hello(); each(() => console.log("no json"))`, /it wrote what is no message: no json/],
    [
      "writes a line without an end",
      `hello(); each(() => process.stdout.write("x".repeat(200000)))`,
      /more than 65536 bytes/,
    ],
    ["dies", `console.error("no such sensor"); process.exit(3)`, /it ended with 3; it said: no such sensor/],
    ["dies while it is asked", `hello(); each(() => process.exit(4))`, /it ended with 4/],
    [
      "says that it cannot",
      `hello(); each(({ id }) => say({ id, error: { code: "EACCES", message: "locked" } }))`,
      /EACCES: bad: locked/,
    ],
    ["answers a look with a repair", `hello(); each(({ id }) => say({ id, done: "x" }))`, /EPROTO/],
  ])("%s", async (_title, program, expected) => {
    expect(await failureOf(rigOf(program))).toMatch(expected);
  });

  test("hangs", async () => {
    const rig = rigOf("hello(); each(() => undefined)", "300ms");
    expect(await failureOf(rig)).toMatch(/ETIMEDOUT: .*took longer than 300 ms/);
  });

  test("is not registered: policy cannot start it", async () => {
    const rig = new Rig();
    rig.device.watch(id, {}, false);
    expect(await failureOf(rig)).toMatch(/ENOPLUGIN: no plug-in bad is registered/);
  });

  test("dies again and again: it rests", async () => {
    const rig = rigOf("process.exit(1)");
    for (let start = 0; start < 5; start += 1) expect(await failureOf(rig)).toContain("it ended with 1");
    expect(await failureOf(rig)).toMatch(/ended 5 times within 60 s and rests; the last: it ended with 1/);
  });
});

test("a repair that hangs is canceled: the plug-in is told, then ended, with all that it started", async () => {
  const rig = rigOf(`
    require("node:child_process").spawn("sleep", ["1000"], { stdio: "ignore" });
    hello();
    each(({ id, do: verb }) => {
      if (verb === "observe") say({ id, kept: false, drift: "off", repair: "switch it on" });
      if (verb === "repair") say({ id, step: 1, of: 2, note: String(process.pid) });
    });`);
  rig.device.act(
    "1-1",
    id,
    {},
    { verb: "repair", idempotent: true, timeoutMs: 60_000, summary: "switch it on" },
  );
  const progress = await until("progress", () =>
    rig.inputs.find((input): input is Extract<Input, { type: "progress" }> => input.type === "progress"),
  );
  rig.device.cancel("1-1");
  const outcome = await until("the end", () =>
    rig.inputs.find((input): input is Extract<Input, { type: "outcome" }> => input.type === "outcome"),
  );
  expect(outcome.result).toEqual({ type: "canceled" });
  await until("nobody left of its group", () => !groupLives(Number(progress.note)));
});

function groupLives(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

test("a plug-in wakes only what is its own", async () => {
  const rig = rigOf(`hello(); each(({ id }) => {
    say({ changed: "file:/etc/passwd" }); say({ changed: "plugin:other/one" }); say({ id, kept: true });
  })`);
  const file = resource("file:/etc/passwd");
  rig.device.watch(file, {}, false);
  // What it had said before each answer was taken before it.
  for (let looks = 0; looks < 2; looks += 1) {
    rig.inputs.length = 0;
    rig.device.observe(id);
    await until("seen", () => rig.inputs.some((input) => input.type === "observed" && input.resource === id));
  }
  expect(rig.inputs.filter((input) => "resource" in input && input.resource === file)).toEqual([]);
});

describe("the registry", () => {
  test("is the owner's file, checked, and its programs are out of policy's reach", () => {
    const state = scratchDirectory();
    expect(readPlugins(state)).toEqual({ v: 1, plugins: {} });
    const command = ["/usr/bin/bwrap", "--ro-bind", "/", "/", "/opt/greeting.sh", "/srv/greetings"];
    writePlugins(state, { v: 1, plugins: { greeting: { command } } });
    expect(readPlugins(state).plugins["greeting"]?.command).toEqual(command);
    expect(pluginPaths(readPlugins(state))).toContain("/opt/greeting.sh");
    for (const wrong of [["greeting.sh"], [], ["/x\0"]])
      expect(() => writePlugins(state, { v: 1, plugins: { greeting: { command: wrong } } })).toThrow(
        StateError,
      );
    expect(() => writePlugins(state, { v: 1, plugins: { "No/such": { command: ["/x"] } } })).toThrow(
      StateError,
    );
    expect(JSON.parse(readFileSync(join(state, "plugins.json"), "utf8"))).toMatchObject({ v: 1 });
  });
});

test("what a plug-in says is cut to one printable line", () => {
  expect(oneLine("a\u001b[31m\nb", 5)).toBe("a [31");
  for (const bad of [
    "",
    "[]",
    "null",
    '{"id":0,"kept":true}',
    '{"id":1,"kept":1}',
    '{"id":1,"step":0,"of":1}',
  ])
    expect(readMessage(bad)).toBeUndefined();
});
