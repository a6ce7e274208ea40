import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventually, form, makeColony, type TestColony } from "../harness/colonies.ts";
import { Transcript } from "../harness/transcripts.ts";

const examples = join(import.meta.dirname, "..", "..", "examples", "plugins");

/** Whether a process runs whose command line names a path of this colony. */
function isRunning(colony: TestColony, path: string): boolean {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(join(colony.colony.directory, path));
      } catch {
        // It has ended meanwhile.
        return false;
      }
    });
}

test("plug-ins of the owner keep what policy says, are woken by themselves, and die with the agent", async () => {
  const colony = makeColony();
  try {
    await form(colony, ["one"]);
    const person = new Transcript(colony, "one");
    const directory = colony.colony.directory;
    const root = colony.colony.rootOf("one");
    // The programs lie where policy could name them, were they not out of its reach.
    for (const [plugin, file] of [
      ["sh", "greeting.sh"],
      ["py", "greeting.py"],
    ] as const) {
      mkdirSync(join(root, plugin));
      const program = join(root, plugin, file);
      copyFileSync(join(examples, file), program);
      // Both examples call themselves greeting: of two at once, one needs another name.
      if (plugin === "py")
        writeFileSync(
          program,
          readFileSync(program, "utf8").replace('"plugin": "greeting"', '"plugin": "py"'),
        );
    }
    for (const args of [
      ["greeting", join(root, "sh", "greeting.sh"), join(root, "sh")],
      ["py", join(root, "py", "greeting.py"), join(root, "py")],
    ])
      expect((await person.type("plugin", "add", args[0] ?? "", "--", ...args.slice(1))).code).toBe(0);
    await colony.colony.agent("one").end();
    await colony.colony.start("one");

    const made = await colony.colony.command("one", "author", "keygen", "--name", "home", "--no-passphrase");
    const publish = async (): Promise<void> => {
      const source = join(directory, "policy.yaml");
      const promises = [
        '  plugin:greeting/lobby: { fields: { text: "welcome" } }',
        '  plugin:py/attic: { fields: { text: "mind the step" } }',
        "  plugin:nobody/x: { fields: {} }",
        '  file:/sh/greeting.sh: { content: "#!/bin/sh\\nrm -rf /\\n" }',
      ];
      writeFileSync(source, `stream: home\nname: all\npromises:\n${promises.join("\n")}\n`);
      await colony.colony.command("one", "publish", source, "--author", String(made["keyFile"]));
    };
    const grant = ["trust", "add", String(made["rootFile"]), "--scope", "**", "--rank", "1", "--yes"];
    await person.type(...grant);
    await publish();
    // Without the power nothing of it runs; and no grant reaches the program of a plug-in.
    await eventually("the claims", async () =>
      (await person.type("why", "greeting/lobby")).text.includes("plugin"),
    );
    const held = (await person.type("why", "greeting/lobby")).text;
    expect(held).toContain("needs the power plugin");
    expect((await person.type("why", "file:/sh/greeting.sh")).text).toMatch(/held .*protected/);
    const [, next = ""] = /^next +antibody (.*)$/m.exec(held) ?? [];
    expect(next).toContain("--power plugin");
    await person.type(...next.replaceAll("'", "").split(" "), "--yes");

    const read = (path: string): Promise<string | undefined> => colony.colony.agent("one").read(path);
    await eventually("the greeting of sh", async () => (await read("/sh/lobby")) === "welcome\n");
    await eventually("the greeting of Python", async () => (await read("/py/attic")) === "mind the step\n");
    const nobody = await person.type("why", "plugin:nobody/x");
    expect(nobody.text).toContain("no plug-in nobody is registered on this device");
    // It tells by itself that something changed: no sweep is waited for.
    writeFileSync(join(root, "py", "attic"), "jump\n");
    await eventually("the repair", async () => (await read("/py/attic")) === "mind the step\n", 10_000);

    colony.colony.agent("one").kill("SIGKILL");
    await eventually("the agent to be gone", () => !colony.colony.agent("one").running);
    await eventually("the end of the plug-ins", () => !isRunning(colony, "one/root/py"));
    await eventually("the end of the plug-ins", () => !isRunning(colony, "one/root/sh"));
    writeFileSync(join(root, "sh", "lobby"), "damaged while nobody looked\n");
    await colony.colony.start("one");
    await eventually("the repair after a start", async () => (await read("/sh/lobby")) === "welcome\n");
  } finally {
    await colony.end();
  }
});
