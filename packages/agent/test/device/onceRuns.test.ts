import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { OnceRuns } from "../../src/device/process/onceRuns.ts";
import { alive, killLater, pidsIn } from "./processes.ts";
import { agentOf, makePlace, resource, until } from "./rig.ts";

const id = resource("command:once");
const never = new AbortController().signal;

/** Runs a script once as an agent does, in a process of its own. */
function elsewhere(
  place: { readonly root: string; readonly state: string },
  directory: string,
  script: string,
) {
  const program = join(import.meta.dirname, "runOnceElsewhere.ts");
  const agent = spawn(process.execPath, [program, agentOf(place), directory, script], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  killLater(() => (agent.pid === undefined ? [] : [agent.pid]));
  return agent;
}

/** A run that an agent began which was killed then; and the agent's next life. */
async function killedAmid(script: string) {
  const place = makePlace();
  const directory = join(place.state, "once");
  const began = join(place.root, "began");
  const agent = elsewhere(place, directory, `echo $$ >> ${began}; cd ${place.root}; ${script}`);
  killLater(() => pidsIn(began));
  const record = join(directory, "command-once.json");
  const pid = await until("its record", () => pidsIn(began)[0]);
  await until("its record", () => readFileSync(record, "utf8").includes(`"pid":${pid},`));
  const ended = once(agent, "exit");
  agent.kill("SIGKILL");
  await ended;
  const next = () => new OnceRuns(agentOf(place), directory, () => Promise.resolve());
  return { place, directory, record, pid, next };
}

function changeRecord(file: string, change: object): void {
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...change }));
}

describe("what may not run twice, after a kill of the agent", () => {
  test("goes on, whatever it prints, and is waited for", async () => {
    const prints = "yes said | head -c 300000";
    const { place, directory, pid, next } = await killedAmid(
      `until test -e go; do sleep 0.02; done; ${prints}; touch done`,
    );
    expect(alive(pid)).toBe(true);
    const earlier = next().earlier(id, 3_600_000, never);
    expect(await Promise.race([earlier, Promise.resolve("waits")])).toBe("waits");
    expect(existsSync(join(place.root, "done"))).toBe(false);
    writeFileSync(join(place.root, "go"), "");
    expect(await earlier).toBe("ended");
    expect(existsSync(join(place.root, "done"))).toBe(true);
    await until("nothing is left", () => readdirSync(directory).length === 0);
  });

  test("is waited for before the next run of it begins", async () => {
    const { place, next } = await killedAmid("until test -e go; do sleep 0.02; done; echo first >> runs");
    const command = ["/bin/sh", "-c", "echo second >> runs"];
    const second = next().run(id, command, place.root, 3_600_000, never);
    writeFileSync(join(place.root, "go"), "");
    expect(await second).toMatchObject({ type: "ended", code: 0 });
    expect(readFileSync(join(place.root, "runs"), "utf8")).toBe("first\nsecond\n");
  });

  test("is found by its environment where only its beginning was written down", async () => {
    const { record, pid, next } = await killedAmid("exec sleep 1000");
    changeRecord(record, { pid: 0, startTicks: 0 });
    expect(await next().earlier(id, 100, never)).toBe("ended");
    expect(alive(pid)).toBe(false);
  });

  test("has not run where it never began", async () => {
    const { record, pid, next } = await killedAmid("exec sleep 1000");
    process.kill(pid, "SIGKILL");
    await until("it is gone", () => !alive(pid));
    changeRecord(record, { pid: 0, startTicks: 0 });
    expect(await next().earlier(id, 3_600_000, never)).toBe("none");
  });

  test("is not taken for another process that has its number now", async () => {
    const { record, pid, next } = await killedAmid("exec sleep 1000");
    changeRecord(record, { startTicks: 1 });
    expect(await next().earlier(id, 0, never)).toBe("ended");
    expect(alive(pid)).toBe(true);
  });

  test("is ended when it hangs, also where it does not listen", async () => {
    const { pid, next } = await killedAmid("trap '' TERM; while :; do sleep 1; done");
    expect(await next().earlier(id, 100, never)).toBe("ended");
    expect(alive(pid)).toBe(false);
  });

  test("holds up no agent that is stopped, and is waited for again", async () => {
    const { pid, next } = await killedAmid("exec sleep 1000");
    const runs = next();
    const stop = new AbortController();
    const given = runs.earlier(id, 3_600_000, stop.signal);
    stop.abort();
    await expect(given).rejects.toThrow();
    const again = runs.earlier(id, 3_600_000, never);
    process.kill(pid, "SIGKILL");
    expect(await again).toBe("ended");
  });
});

test("what has run is told with all that it wrote, and leaves nothing", async () => {
  const place = makePlace();
  const directory = join(place.state, "once");
  const runs = new OnceRuns(agentOf(place), directory, () => Promise.resolve());
  const ended = await runs.run(id, ["/bin/sh", "-c", "echo out; echo err >&2"], "/", 60_000, never);
  expect(ended).toEqual({ type: "ended", code: 0, output: "out\nerr\n" });
  expect(readdirSync(directory)).toEqual([]);
});

describe("what a command leaves in the background", () => {
  const writes = "until test -e go; do sleep 0.02; done; yes said | head -c 300000; touch done";

  test("writes on without end, and leaves nothing of its pipe", async () => {
    const place = makePlace();
    const directory = join(place.state, "once");
    const runs = new OnceRuns(agentOf(place), directory, () => Promise.resolve());
    const command = ["/bin/sh", "-c", `(${writes}) & echo left`];
    const ended = await runs.run(id, command, place.root, 60_000, never);
    expect(ended).toEqual({ type: "ended", code: 0, output: "left\n" });
    expect(readdirSync(directory)).toHaveLength(1);
    writeFileSync(join(place.root, "go"), "");
    await until("all is written", () => existsSync(join(place.root, "done")));
    await until("nothing is left", () => readdirSync(directory).length === 0);
  });

  test("writes on in the next life of the agent, whose last one it kept from no end", async () => {
    const place = makePlace();
    const directory = join(place.state, "once");
    const agent = elsewhere(place, directory, `cd ${place.root}; (${writes}) & exit 0`);
    await once(agent, "exit");
    expect(readdirSync(directory)).toHaveLength(1);
    const next = new OnceRuns(agentOf(place), directory, () => Promise.resolve());
    writeFileSync(join(place.root, "go"), "");
    await until("all is written", () => existsSync(join(place.root, "done")));
    await until("nothing is left", () => readdirSync(directory).length === 0);
    expect(await next.earlier(id, 60_000, never)).toBe("none");
  });
});
