import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { AgentProcess } from "../packages/cli/src/demo/agent-process.ts";
import { runCommand } from "../packages/cli/src/demo/command.ts";
import { supervisedPid } from "../packages/cli/src/demo/supervised.ts";
import { authorOf, bundleOf, documentOf, grantOf } from "../packages/policy/test/support.ts";
import { allHold, eventually, form, launcher, makeColony, type TestColony } from "./harness/colonies.ts";

const author = authorOf("limits");
let test: TestColony;

afterEach(() => test.end());

async function keep(agent: AgentProcess, more: Parameters<typeof documentOf>[1] = {}): Promise<void> {
  await agent.client.command({ type: "grant", grant: grantOf(author.author, { powers: ["process"] }) });
  await agent.client.offer(author.rootBytes);
  const documents = [documentOf("all", { "file:/etc/kept": { content: "kept\n" }, ...more })];
  for (const bytes of bundleOf(author, 1, documents).bytes) await agent.client.offer(bytes);
  await eventually("all to be kept", async () => {
    const { resources } = await agent.inspect();
    return resources.length > 0 && resources.every(({ phase }) => phase === "kept");
  });
}

function said(agent: AgentProcess, ...args: readonly string[]): ReturnType<typeof runCommand> {
  return runCommand(launcher, ["--state", agent.state, ...args], AbortSignal.timeout(30_000));
}

/** Words that set a limit of a user namespace, of which the rest of the machine knows nothing. */
function limited(name: string, value: number): readonly string[] {
  return [
    "unshare",
    "--user",
    "--map-root-user",
    "sh",
    "-c",
    `echo ${value} > /proc/sys/user/${name}; exec "$@"`,
    "sh",
  ];
}

function canLimit(): boolean {
  try {
    execFileSync("unshare", ["--user", "--map-root-user", "true"], { stdio: "ignore" });
    return true;
  } catch (error) {
    if (process.env["CI"] !== undefined) throw error;
    return false;
  }
}

describe.skipIf(!canLimit())("inotify without any left (user namespaces)", () => {
  it.each([
    ["max_inotify_watches", "ENOSPC", "max_user_watches"],
    ["max_inotify_instances", "EMFILE", "max_user_instances"],
  ])("%s: the sweep heals, and log, status and doctor say so", async (limit, code, mend) => {
    test = makeColony({ within: limited(limit, 0) });
    await form(test, ["one"], "--sweep", "1s");
    const agent = test.colony.agent("one");
    await keep(agent);
    writeFileSync(join(agent.root, "etc/kept"), "damaged\n");
    await eventually("the repair", async () => (await agent.read("/etc/kept")) === "kept\n");
    expect(agent.events("device.polling")).toMatchObject([{ level: "warn", code }]);
    const status = await said(agent, "status");
    expect(status.code).toBe(3);
    expect(status.stdout).toMatch(new RegExp(`problem +the system refuses watches \\(${code}\\)`));
    const doctor = await said(agent, "doctor");
    expect(doctor.stdout).toMatch(new RegExp(`FINDING {2}inotify .*${code}[^]*mend: .*${mend}=`));
  });
});

/** Sets the limit of open files of a running process. */
function limitFiles(pid: number, count: number): void {
  execFileSync("prlimit", [`--pid=${pid}`, `--nofile=${count}:`]);
}

describe("no file descriptor left", () => {
  it("ends no agent: what it cannot open fails, and all is well when it can again", async () => {
    test = makeColony();
    await form(test, ["one", "two"], "--sweep", "1s");
    const one = test.colony.agent("one");
    await keep(one, { "process:worker": { command: ["/bin/sleep", "86400"] } });
    const worker = await supervisedPid(one, "worker");
    const { members } = await test.colony.agent("two").inspect();
    const port = Number(members[0]?.addresses[0]?.split("/").at(-1));
    limitFiles(one.pid, readdirSync(`/proc/${one.pid}/fd`).length);
    // Strangers and owners knock at once, and hold on.
    const sockets = Array.from({ length: 50 }, (_, count) => {
      const where = count % 2 === 0 ? { port, host: "127.0.0.1" } : { path: one.sockets.read };
      return connect(where).on("error", () => undefined);
    });
    writeFileSync(join(one.root, "etc/kept"), "damaged\n");
    process.kill(worker, "SIGKILL");
    await eventually("the file to be out of sight", () =>
      one.events("resource.unobservable").some(({ code }) => code === "EMFILE"),
    );
    const before = one.lines.length;
    test.colony.agent("two").kill("SIGKILL");
    await eventually("two to be missed", () => one.events("swarm.unreachable", before).length > 0);
    const two = await test.colony.start("two");
    await eventually("two to know one again", async () => (await two.inspect()).members.length === 1);
    for (const socket of sockets) socket.destroy();
    limitFiles(one.pid, 1_024);
    await eventually("the repair", async () => (await one.read("/etc/kept")) === "kept\n");
    await eventually("the worker", async () => (await one.resource("process:worker"))?.phase === "kept");
    await eventually("both to reach each other", () => allHold([one, two], ["one", "two"], "reachable"));
    expect(one.stderr).toBe("");
  });
});
