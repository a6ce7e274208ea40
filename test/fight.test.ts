import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { AgentProcess } from "../packages/cli/src/demo/agent-process.ts";
import { authorOf, bundleOf, documentOf, grantOf } from "../packages/policy/test/support.ts";
import { eventually, form, makeColony, type TestColony } from "./harness/colonies.ts";

const author = authorOf("fight");
/** With one repair that nobody had undone yet, and one that was under way when the fight was seen. */
const repairsMax = 13;

let test: TestColony;
let agent: AgentProcess;
let writer: ChildProcess | undefined;

beforeEach(async () => {
  test = makeColony();
  await form(test, ["alone"], "--sweep", "10m");
  agent = test.colony.agent("alone");
  await agent.client.command({ type: "grant", grant: grantOf(author.author) });
  await agent.client.offer(author.rootBytes);
  const promises = { "file:/etc/fought": { content: "ours\n" }, "file:/etc/calm": { content: "calm\n" } };
  for (const bytes of bundleOf(author, 1, [documentOf("all", promises)]).bytes)
    await agent.client.offer(bytes);
  await eventually("all to be kept", async () => {
    const { resources } = await agent.inspect();
    return resources.length === 2 && resources.every(({ phase }) => phase === "kept");
  });
});

afterEach(async () => {
  writer?.kill("SIGKILL");
  await test.end();
});

it("a writer at full speed is damped, named, and disturbs nothing else", async () => {
  const path = join(agent.root, "etc", "fought");
  const program =
    "const fs = require('fs'); for (let n = 0; ; n++) fs.writeFileSync(process.argv[1], n + ' theirs')";
  writer = spawn(process.execPath, ["-e", program, path], { stdio: "ignore" });
  const fought = async () =>
    (await agent.inspect()).resources.find(({ resource }) => resource === "file:/etc/fought");
  await eventually("the writer to be named", async () => {
    const view = await fought();
    return view?.phase === "contested" && view.why.startsWith(`process ${writer?.pid} (`);
  });

  const calm = join(agent.root, "etc", "calm");
  for (let damage = 0; damage < 5; damage += 1) {
    writeFileSync(calm, "damaged\n");
    await eventually("the other file to be repaired", () => readFileSync(calm, "utf8") === "calm\n");
  }
  const view = await fought();
  expect(view?.phase).toBe("contested");
  expect(view?.repairs).toBeLessThanOrEqual(repairsMax);

  const { resources } = await agent.inspect();
  expect(resources.find(({ resource }) => resource === "file:/etc/calm")?.phase).not.toBe("contested");
});
