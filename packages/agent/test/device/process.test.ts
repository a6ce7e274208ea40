import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { outputBytesMax } from "../../src/device/process/records.ts";
import { alive, killLater, pidsIn } from "./processes.ts";
import { Rig, until } from "./rig.ts";

const shell = (script: string) => ["/bin/sh", "-c", script];

function pidOf(rig: Rig, id: ReturnType<Rig["promise"]>): number {
  const seen = rig.observation(id);
  if (seen?.["type"] !== "running") throw new Error(`not running: ${JSON.stringify(seen)}`);
  return Number(seen["pid"]);
}

describe("a process", () => {
  test("is started, and started again when it is killed", async () => {
    const rig = new Rig();
    const id = rig.promise("process:sensor", { command: ["/bin/sleep", "1000"] });
    await rig.kept(id);
    for (let n = 1; n <= 3; n += 1) {
      const pid = pidOf(rig, id);
      expect(alive(pid)).toBe(true);
      process.kill(pid, "SIGKILL");
      await until("another one", () => rig.isKept(id) && pidOf(rig, id) !== pid);
      expect(alive(pid)).toBe(false);
    }
    expect(rig.inputs).toContainEqual({
      type: "observed",
      resource: id,
      observation: { type: "stopped", exit: { signal: "SIGKILL" } },
    });
  });

  test("has the arguments, directory and environment that are promised, and not the agent's own", async () => {
    const rig = new Rig();
    process.env["ANTIBODY_PASSPHRASE"] = "secret";
    const script = "echo $1 $PWD $GREETING >&2; env; exec sleep 1000";
    const command = [...shell(script), "sh", "argument"];
    const id = rig.promise("process:sensor", { command, env: { GREETING: "hello" } });
    await rig.kept(id);
    delete process.env["ANTIBODY_PASSPHRASE"];
    const log = join(rig.place.state, "processes/sensor.log");
    const text = await until("its output", () => {
      const written = readFileSync(log, "utf8");
      return written.includes("PATH=") ? written : undefined;
    });
    expect(text).toContain(`argument ${rig.place.root} hello`);
    expect(text).not.toContain("secret");
  });

  test("that cannot be started is a failure with its cause", async () => {
    const rig = new Rig();
    rig.promise("process:sensor", { command: ["/no/such/program"] });
    expect(await until("a failure", () => rig.results[0])).toEqual({
      type: "failed",
      code: "ENOENT",
      detail: "there is no program /no/such/program",
    });
    rig.promise("process:other", { command: ["/bin/sleep", "1000"], cwd: "/no/such" });
    expect(await until("a failure", () => rig.results[1])).toEqual({
      type: "failed",
      code: "ENOENT",
      detail: `the working directory ${rig.real("/no/such")} does not exist`,
    });
    writeFileSync(rig.real("/plain"), "", { mode: 0o644 });
    rig.promise("process:third", { command: [rig.real("/plain")] });
    expect(await until("a failure", () => rig.results[2])).toMatchObject({ type: "failed", code: "EACCES" });
  });

  test("that ends by itself is seen with its exit code and its last words", async () => {
    const rig = new Rig();
    rig.heals = false;
    const promise = { command: shell("echo no such sensor; echo for its reason >&2; exit 7") };
    const id = rig.promise("process:sensor", promise);
    await until("stopped", () => rig.observation(id)?.["type"] === "stopped");
    expect(await rig.act(id, promise, "start")).toMatchObject({ type: "done" });
    await until("its exit", () => rig.observation(id)?.["exit"]);
    expect(rig.observation(id)?.["exit"]).toEqual({ code: 7, output: "no such sensor\nfor its reason\n" });
  });

  test("is restarted when its command changes, and never two run", async () => {
    const rig = new Rig();
    // Each says that it runs, whether another runs, and takes its time to end.
    const script = (n: number) =>
      `mkdir ${rig.real("/lock")} || echo two >> ${rig.real("/two")}; trap 'sleep 0.1; rmdir ${rig.real("/lock")}; exit' TERM; echo ${n} >> ${rig.real("/ran")}; while :; do sleep 0.01; done`;
    const id = rig.promise("process:sensor", { command: shell(script(1)) });
    await rig.kept(id);
    await until("the first runs", () => existsSync(rig.real("/ran")));
    rig.promise("process:sensor", { command: shell(script(2)) });
    await until("the second runs", () => pidsIn(rig.real("/ran")).includes(2));
    await rig.kept(id);
    expect(existsSync(rig.real("/two"))).toBe(false);
    expect(rig.inputs.filter(({ type }) => type === "progress")).toMatchObject([
      { step: 1, of: 2 },
      { step: 2, of: 2 },
    ]);
  });

  test("that does not heed SIGTERM is killed after its time, with its group", async () => {
    const rig = new Rig();
    const script = `trap '' TERM; (trap '' TERM; while :; do sleep 0.05; done) & echo $! > ${rig.real("/helper")}; while :; do sleep 0.05; done`;
    const promise = { command: shell(script), stopTimeout: "200ms" };
    const id = rig.promise("process:sensor", promise);
    await rig.kept(id);
    const pid = pidOf(rig, id);
    const [helper = 0] = await until("its helper", () => {
      const pids = pidsIn(rig.real("/helper"));
      return pids.length === 1 && pids;
    });
    rig.heals = false;
    expect(await rig.act(id, promise, "stop")).toEqual({ type: "done", detail: "stopped" });
    expect(alive(pid)).toBe(false);
    await until("the helper has ended", () => !alive(helper));
    expect(await rig.act(id, promise, "stop")).toMatchObject({ type: "done" });
  });

  test("leaves no helper behind when it is killed", async () => {
    const rig = new Rig();
    const script = `sleep 1000 & echo $! > ${rig.real("/helper")}; wait`;
    const id = rig.promise("process:sensor", { command: shell(script) });
    await rig.kept(id);
    const [helper = 0] = await until("its helper", () => {
      const pids = pidsIn(rig.real("/helper"));
      return pids.length === 1 && pids;
    });
    rig.heals = false;
    process.kill(pidOf(rig, id), "SIGKILL");
    await until("the helper has ended", () => !alive(helper));
  });

  test("whose stop is canceled is not started again by the restart", async () => {
    const rig = new Rig();
    rig.heals = false;
    const promise = { command: shell("trap '' TERM; while :; do sleep 0.05; done"), stopTimeout: "1h" };
    const id = rig.promise("process:sensor", promise);
    await rig.act(id, promise, "start");
    await until("running", () => {
      rig.device.observe(id);
      return rig.observation(id)?.["type"] === "running";
    });
    const pid = pidOf(rig, id);
    killLater(() => [pid]);
    // Ready to ignore SIGTERM only when it has said so by sleeping; until then it may end of it, and that is fine.
    const action = rig.start(id, promise, { verb: "restart", idempotent: true, timeoutMs: 1, summary: "" });
    rig.device.cancel(action);
    expect(await rig.outcome(action)).toEqual({ type: "canceled" });
    if (alive(pid)) process.kill(pid, "SIGKILL");
    await until("it is seen to be gone", () => rig.observation(id)?.["type"] === "stopped");
  });

  test("cannot fill the disk with what it prints", async () => {
    const rig = new Rig();
    const script = `while ! test -e go; do sleep 0.01; done; head -c ${outputBytesMax + 10} /dev/zero; exec sleep 1000`;
    const id = rig.promise("process:sensor", { command: shell(script) });
    await rig.kept(id);
    writeFileSync(rig.real("/go"), "");
    const log = join(rig.place.state, "processes/sensor.log");
    await until("it has printed", () => statSync(log).size > outputBytesMax);
    rig.device.observe(id);
    await until("its log begins anew", () => statSync(log).size < outputBytesMax);
  });
});

describe("when the device stops", () => {
  test("its children end, and nothing is left", async () => {
    const rig = new Rig();
    const ids = [1, 2, 3].map((n) => rig.promise(`process:p${n}`, { command: ["/bin/sleep", "1000"] }));
    for (const id of ids) await rig.kept(id);
    const pids = ids.map((id) => pidOf(rig, id));
    await rig.device.stop("stop");
    expect(pids.filter(alive)).toEqual([]);
  });

  test("its children may be left to the next one, which takes them over", async () => {
    const rig = new Rig();
    const promise = { command: ["/bin/sleep", "1000"] };
    const id = rig.promise("process:sensor", promise);
    await rig.kept(id);
    const pid = pidOf(rig, id);
    killLater(() => [pid]);
    await rig.device.stop("leave");
    expect(alive(pid)).toBe(true);
    const next = new Rig({}, rig.place);
    next.promise("process:sensor", promise);
    await next.kept(id);
    expect(pidOf(next, id)).toBe(pid);
    expect(next.results).toEqual([]);
    await next.device.stop("stop");
    expect(alive(pid)).toBe(false);
  });

  test("children of an earlier run end too, though nobody asked for them in this one", async () => {
    const rig = new Rig();
    const id = rig.promise("process:sensor", { command: ["/bin/sleep", "1000"] });
    await rig.kept(id);
    const pid = pidOf(rig, id);
    await rig.device.stop("leave");
    await new Rig({}, rig.place).device.stop("stop");
    expect(alive(pid)).toBe(false);
  });
});
