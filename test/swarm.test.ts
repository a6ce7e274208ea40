import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AgentProcess } from "../packages/cli/src/demo/agent-process.ts";
import { allHold, eventually, form, makeColony, type TestColony } from "./harness/colonies.ts";
import { whyNoNamespaces } from "./harness/namespaces.ts";

const run = promisify(execFile);

/** Above twelve members observers are assigned, below everyone observes everyone: this swarm needs assignment. */
const names = Array.from({ length: 20 }, (_, index) => `agent-${String(index).padStart(2, "0")}`);
/** A stop of a process that is no death: less than the 20 s after which a stalled peer is voted on. */
const pausedMs = 8_000;
/** Cutting another's socket needs root and iproute2, as namespaces do. */
const reason = whyNoNamespaces();
const why = reason === undefined ? "" : ` (${reason})`;
let test: TestColony;

function others(name: string): readonly AgentProcess[] {
  return test.colony.living.filter((agent) => agent.name !== name);
}

/** Verdicts about a name that were told by anyone since a moment, from the agents' logs. */
function toldOf(name: string, event: string, sinceMs: number): readonly AgentProcess[] {
  return test.colony.living.filter((agent) =>
    agent.events(event).some((line) => line.atMs >= sinceMs && line["name"] === name),
  );
}

/** The established TCP connections of a process, as `local peer`. */
async function socketsOf(pid: number): Promise<ReadonlySet<string>> {
  const { stdout } = await run("ss", ["-Htnp", "state", "established"]);
  const own = stdout.split("\n").filter((line) => line.includes(`pid=${pid},`));
  return new Set(own.map((line) => line.trim().split(/\s+/).slice(2, 4).join(" ")));
}

/** Ends a connection from outside, as a failing router would. */
async function cut(socket: string): Promise<void> {
  const [local = "", peer = ""] = socket.split(" ");
  await run("ss", ["-K", "src", local, "dst", peer]);
}

beforeAll(async () => {
  test = makeColony();
  await form(test, names);
});

afterAll(() => test.end());

describe("twenty agents", () => {
  it.skipIf(reason !== undefined)(
    `do not take a cut socket for a death while the process lives${why}`,
    async () => {
      const subject = test.colony.agent("agent-03");
      const since = performance.now();
      const before = await socketsOf(subject.pid);
      expect(before.size).toBeGreaterThan(0);
      for (const socket of before) await cut(socket);
      const after = await socketsOf(subject.pid);
      expect([...before].filter((socket) => after.has(socket))).toEqual([]);
      await eventually("everyone to reach it again", () =>
        allHold(others(subject.name), [subject.name], "reachable"),
      );
      expect(toldOf(subject.name, "swarm.dead", since)).toEqual([]);
    },
  );

  it("hold an agent that is stopped for 8 s stalled, never dead, and take it back", async () => {
    const subject = test.colony.agent("agent-05");
    const since = performance.now();
    subject.kill("SIGSTOP");
    await eventually(
      "an observer to find it stalled",
      () => toldOf(subject.name, "swarm.stalled", since).length > 0,
    );
    await sleep(Math.max(0, since + pausedMs - performance.now()));
    subject.kill("SIGCONT");
    await eventually("everyone to reach it again", () =>
      allHold(others(subject.name), [subject.name], "reachable"),
    );
    expect(toldOf(subject.name, "swarm.dead", since)).toEqual([]);
    await eventually("it to reach everyone", () =>
      allHold(
        [subject],
        others(subject.name).map(({ name }) => name),
        "reachable",
      ),
    );
  });

  it("all know of a killed one, by a quorum's word, and of nobody else", async () => {
    const subject = test.colony.agent("agent-07");
    const since = performance.now();
    subject.kill("SIGKILL");
    await eventually("all survivors to know", () => allHold(others(subject.name), [subject.name], "dead"));
    const living = others(subject.name).map(({ name }) => name);
    await eventually("nobody else to be missed", () => allHold(others(subject.name), living, "reachable"));
    for (const name of living) expect(toldOf(name, "swarm.dead", since)).toEqual([]);
  });

  it("welcome it back when it starts again", async () => {
    await test.colony.start("agent-07");
    await eventually("everyone to reach everyone", () => allHold(test.colony.living, names, "reachable"));
  });
});
