import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ResourcePromise } from "@antibody/policy";
import { describe, expect, test } from "vitest";
import { alive, killLater, pidsIn, superviseElsewhere } from "./processes.ts";
import { makePlace, Rig, until } from "./rig.ts";

/** A service that writes down each start. */
function service(root: string, script = "exec sleep 1000"): ResourcePromise {
  return { command: ["/bin/sh", "-c", `echo $$ >> ${root}/starts; ${script}`] };
}

function startsIn(root: string): readonly number[] {
  return pidsIn(join(root, "starts"));
}

async function kill(agent: ChildProcess): Promise<void> {
  const ended = once(agent, "exit");
  agent.kill("SIGKILL");
  await ended;
}

/** An agent in a process of its own has started the service and was killed. Returns the service's pid. */
async function orphan(place: ReturnType<typeof makePlace>, promise: ResourcePromise): Promise<number> {
  let pid = 0;
  const agent = superviseElsewhere(place, promise, (line) => {
    if (line.startsWith("running ")) pid = Number(line.slice(8));
  });
  await until("the service runs", () => pid !== 0 && startsIn(place.root).includes(pid));
  killLater(() => startsIn(place.root));
  await kill(agent);
  return pid;
}

describe("a supervised process outlives a killed agent", () => {
  test("and is adopted: the same process, and only one", async () => {
    const place = makePlace();
    const promise = service(place.root);
    const pid = await orphan(place, promise);
    expect(alive(pid)).toBe(true);
    const rig = new Rig({}, place);
    const id = rig.promise("process:sensor", promise);
    await rig.kept(id);
    expect(rig.observation(id)).toMatchObject({ type: "running", pid });
    expect(startsIn(place.root)).toEqual([pid]);
  });

  test("and is adopted by its environment when its record was not yet written", async () => {
    const place = makePlace();
    const promise = service(place.root);
    const pid = await orphan(place, promise);
    rmSync(join(place.state, "processes/sensor.json"));
    const rig = new Rig({}, place);
    const id = rig.promise("process:sensor", promise);
    await rig.kept(id);
    expect(rig.observation(id)).toMatchObject({ type: "running", pid });
    expect(startsIn(place.root)).toEqual([pid]);
  });

  test("and is started again when it ends after that", async () => {
    const place = makePlace();
    const promise = service(place.root);
    const pid = await orphan(place, promise);
    const rig = new Rig({}, place);
    const id = rig.promise("process:sensor", promise);
    await rig.kept(id);
    process.kill(pid, "SIGKILL");
    await until("another one runs", () => rig.isKept(id) && rig.observation(id)?.["pid"] !== pid);
    await until("it has started", () => startsIn(place.root).filter(alive).length === 1);
  });

  test("and is restarted when another command was promised meanwhile", async () => {
    const place = makePlace();
    const pid = await orphan(place, service(place.root));
    const rig = new Rig({}, place);
    const id = rig.promise("process:sensor", service(place.root, "exec sleep 2000"));
    await until("another one runs", () => rig.isKept(id) && rig.observation(id)?.["pid"] !== pid);
    expect(alive(pid)).toBe(false);
    await until("it has started", () => startsIn(place.root).filter(alive).length === 1);
  });

  test("but what it had started itself is not taken for it, and does not stay", async () => {
    const place = makePlace();
    const { root } = place;
    const helpers = () => pidsIn(join(root, "helpers"));
    const promise = service(
      root,
      `sleep 1000 & echo $! >> ${root}/helpers; setsid sleep 1000 & echo $! >> ${root}/helpers; wait`,
    );
    killLater(helpers);
    const pid = await orphan(place, promise);
    await until("its helpers run", () => helpers().length === 2);
    const ofFirst = helpers();
    process.kill(pid, "SIGKILL");
    await until("it has ended", () => !alive(pid));
    expect(ofFirst.filter(alive)).toEqual(ofFirst);
    const rig = new Rig({}, place);
    const id = rig.promise("process:sensor", promise);
    await until("another one runs", () => rig.isKept(id) && startsIn(root).length === 2);
    expect(startsIn(root).at(-1)).toBe(rig.observation(id)?.["pid"]);
    await until("the helpers have ended", () => !ofFirst.some(alive));
    await until("the next ones run", () => helpers().length === 4);
    await rig.device.stop("stop");
    await until("nothing is left", () => !helpers().some(alive));
  });
});

test("of an agent that is killed at any instant around the start, never two run", async () => {
  const place = makePlace();
  const promise = service(place.root);
  killLater(() => startsIn(place.root));
  for (let round = 0; round < 12; round += 1) {
    let starting = false;
    let running = false;
    const agent = superviseElsewhere(place, promise, (line) => {
      if (line === "starting") starting = true;
      if (line.startsWith("running")) running = true;
    });
    await until("the agent starts it, or has it", () => starting || running);
    // From the very instant on, in steps of a millisecond, over all that a start takes.
    const endMs = performance.now() + round;
    while (performance.now() < endMs);
    await kill(agent);
    expect(startsIn(place.root).filter(alive).length).toBeLessThanOrEqual(1);
    // Now and then the service ends while no agent runs.
    if (running || round % 3 === 2)
      for (const pid of startsIn(place.root).filter(alive)) process.kill(pid, "SIGKILL");
    await until(
      "whoever was killed has ended",
      () => round % 3 !== 2 || startsIn(place.root).every((pid) => !alive(pid)),
    );
  }
  const rig = new Rig({}, place);
  const id = rig.promise("process:sensor", promise);
  await rig.kept(id);
  await until("exactly one runs", () => startsIn(place.root).filter(alive).length === 1);
  expect(startsIn(place.root).filter(alive)).toEqual([rig.observation(id)?.["pid"]]);
});

test("a child that a killed agent has forked and not yet executed is waited for", async () => {
  const place = makePlace();
  mkdirSync(join(place.state, "processes"), { recursive: true });
  // Stands for the forked copy: the same program, with the agent's own file open.
  const held = join(place.state, "processes/held");
  const script = `require("fs").openSync(process.argv[1], "a"); console.log("open"); setInterval(() => {}, 1000)`;
  const forked = spawn(process.execPath, ["-e", script, held], { stdio: ["ignore", "pipe", "inherit"] });
  killLater(() => (forked.pid === undefined ? [] : [forked.pid]));
  await once(forked.stdout, "data");
  const rig = new Rig({}, place);
  const id = rig.promise("process:sensor", service(place.root));
  const marker = rig.promise("directory:/marker", {});
  await rig.kept(marker);
  expect(rig.inputs.some((input) => input.type === "observed" && input.resource === id)).toBe(false);
  await kill(forked);
  await rig.kept(id);
  await until("it has started", () => startsIn(place.root).length === 1);
});
