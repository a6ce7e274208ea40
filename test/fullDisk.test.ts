import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ResourceId } from "@antibody/policy";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AgentProcess } from "../packages/cli/src/demo/agent-process.ts";
import { runCommand } from "../packages/cli/src/demo/command.ts";
import { supervisedPid } from "../packages/cli/src/demo/supervised.ts";
import { authorOf, bundleOf, documentOf, grantOf } from "../packages/policy/test/support.ts";
import { allHold, eventually, form, launcher, makeColony, type TestColony } from "./harness/colonies.ts";
import { fill, Mounts } from "./harness/mounts.ts";
import { whyNoNamespaces } from "./harness/namespaces.ts";

const stateBytes = 3 * 1_048_576;
const author = authorOf("full disk");
const reason = whyNoNamespaces();
const longReason = "x".repeat(500);

describe.skipIf(reason !== undefined)(`a full disk${reason === undefined ? "" : ` (${reason})`}`, () => {
  let mounts: Mounts;
  let test: TestColony;
  const one = (): AgentProcess => test.colony.agent("one");

  beforeEach(async () => {
    mounts = await Mounts.make();
    test = makeColony({ mounts });
    mounts.mount(test.colony.stateOf("one"), stateBytes);
    mounts.mount(join(test.colony.rootOf("one"), "etc"), 65_536);
    await form(test, ["one", "two"]);
    for (const { client } of test.colony.agents) {
      await client.command({ type: "grant", grant: grantOf(author.author, { powers: ["process"] }) });
      await client.offer(author.rootBytes);
    }
    await publish(1);
    await eventually("the first generation", () => keeps(1));
  });

  afterEach(async () => {
    await test.end();
    mounts.end();
  });

  async function publish(generation: number): Promise<void> {
    const promises = {
      "file:/etc/kept": { content: `${generation}\n` },
      "file:/etc/still": { content: "still\n" },
      "process:worker": { command: ["/bin/sleep", "86400"] },
    };
    for (const bytes of bundleOf(author, generation, [documentOf("all", promises)]).bytes)
      await test.colony.agent("two").client.offer(bytes);
  }

  async function keeps(generation: number): Promise<boolean> {
    const { resources } = await one().inspect();
    const isKept = resources.length === 3 && resources.every(({ phase }) => phase === "kept");
    return isKept && (await one().read("/etc/kept")) === `${generation}\n`;
  }

  /** A command for people, as they see it. */
  function said(...args: readonly string[]): ReturnType<typeof runCommand> {
    const words = [...mounts.enter, launcher.file, ...launcher.args];
    const inside = { file: "nsenter", args: words };
    return runCommand(inside, ["--state", one().state, ...args], AbortSignal.timeout(30_000));
  }

  /** The front of the journal is as long as it ever gets: orders that are held, until it has no room for another. */
  async function fillFront(): Promise<number> {
    const target = "file:/etc/still" as ResourceId;
    const order = { type: "pause", target, reason: longReason } as const;
    for (let held = 0; ; held += 1) {
      const reply = await one().client.command({ ...order, forMs: 3_600_000 + held });
      if (reply.type !== "ok") return held;
    }
  }

  it("under the state: healing goes on, what is new waits, an owner is told, and it is written when there is room", async () => {
    const free = fill(one().state);
    const worker = await supervisedPid(one(), "worker");
    process.kill(worker, "SIGKILL");
    writeFileSync(join(one().root, "etc/still"), "damaged\n");
    await eventually("another worker", async () => {
      const now = await supervisedPid(one(), "worker").catch(() => worker);
      return now !== worker;
    });
    await eventually("file and worker to be kept", () => keeps(1));

    expect(await fillFront()).toBeGreaterThan(10);
    const paused = await said("pause", "file:/etc/still", "--reason", longReason, "--for", "1h");
    expect(paused.code).toBe(1);
    expect(paused.stderr).toMatch(/could not be written \(database or disk is full\)/);
    const status = await said("status");
    expect(status.code).toBe(3);
    expect(status.stdout).toMatch(
      /problem +what must survive a restart cannot be written to the state directory/,
    );
    const doctor = await said("doctor");
    expect(doctor.stdout).toMatch(/FINDING {2}disk/);

    await publish(2);
    await eventually("the new generation to be held back", async () => {
      const view = await one().resource("file:/etc/kept");
      return view?.attempts.at(-1)?.detail.includes("cannot be written to the state directory") === true;
    });
    expect(await one().read("/etc/kept")).toBe("1\n");
    expect(await allHold([test.colony.agent("two")], ["one"], "reachable")).toBe(true);

    free();
    await eventually("the new generation", async () => (await one().read("/etc/kept")) === "2\n");
    await eventually("it to be told", () => one().events("agent.stateWritten").length > 0);
    expect(one().events("agent.stateWritten")).toHaveLength(1);
    one().kill("SIGKILL");
    await eventually("the agent to be gone", () => !one().running);
    const again = await test.colony.start("one");
    expect((await again.inspect()).pauses).toMatchObject([{ target: "file:/etc/still" }]);
    expect((await again.inspect()).streams[0]?.active?.version.generation).toBe(2);
  });

  it("at the start: it heals, says nothing new to its peers, and is one of them when there is room", async () => {
    // In order: what a kill leaves behind (a log of the database, a recording) is room to write over.
    await one().end();
    // Where there is a front already, it has room for a start.
    rmSync(join(one().state, "journal.front"));
    const free = fill(test.colony.stateOf("one"));
    const silent = await test.colony.start("one");
    await eventually("it to be told", () => silent.events("agent.stateUnwritten").length > 0);
    // It does not wait for a goodbye that it may not sign.
    await silent.end();
    expect(silent.events("agent.stoppedEarly")).toMatchObject([{ afterMs: 2_000 }]);
    writeFileSync(join(test.colony.rootOf("one"), "etc/still"), "damaged\n");
    const again = await test.colony.start("one");
    const before = (await again.inspect()).incarnation;
    await eventually("the repair", () => keeps(1));
    expect((await again.inspect()).incarnation).toEqual(before);
    await eventually("it to be told", () => again.events("agent.stateUnwritten").length > 0);
    expect(again.events("agent.stateUnwritten")).toMatchObject([{ code: "ENOSPC" }]);
    free();
    await eventually("it to be written", () => again.events("agent.stateWritten").length > 0);
    await eventually("two to reach it as started again", async () => {
      const { members } = await test.colony.agent("two").inspect();
      const [seen] = members.filter(({ name }) => name === "one");
      return seen?.verdict === "reachable" && (seen.incarnation?.[1] ?? 0) >= before[1];
    });
  });

  it("under a promised file: it stays as it is, nothing is left over, and it is healed when there is room", async () => {
    const etc = join(one().root, "etc");
    writeFileSync(join(etc, "still"), "damaged\n");
    await eventually("the repair", () => keeps(1));
    const long = "x".repeat(40_000);
    const free = fill(etc);
    const promises = { "file:/etc/still": { content: long } };
    for (const bytes of bundleOf(author, 2, [documentOf("all", promises)]).bytes)
      await test.colony.agent("two").client.offer(bytes);
    await eventually("the failure to be told", async () => {
      const view = await one().resource("file:/etc/still");
      return view?.attempts.at(-1)?.detail.includes("ENOSPC") === true;
    });
    expect(readFileSync(join(etc, "still"), "utf8")).toBe("still\n");
    expect(readdirSync(etc).filter((name) => name.startsWith(".antibody-"))).toEqual([]);
    free();
    await eventually("the file", async () => (await one().read("/etc/still")) === long);
  });
});
