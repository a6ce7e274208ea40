import { existsSync, readFileSync, rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Rig, until } from "./rig.ts";

function alive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

const shell = (script: string) => ["/bin/sh", "-c", script];

describe("a command", () => {
  test("is applied when its check fails, in the root of the device", async () => {
    const rig = new Rig();
    const id = rig.promise("command:flag", {
      check: shell("test -e flag"),
      apply: shell("touch flag"),
      timeout: "5s",
    });
    await rig.kept(id);
    expect(existsSync(rig.real("/flag"))).toBe(true);
    rmSync(rig.real("/flag"));
    rig.device.observe(id);
    await until("applied again", () => existsSync(rig.real("/flag")));
    await rig.kept(id);
  });

  test("tells the end of what it wrote, in bounded length", async () => {
    const rig = new Rig();
    rig.heals = false;
    const noisy =
      "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; echo the reason >&2; exit 3";
    const id = rig.promise("command:noisy", { check: shell(noisy), apply: ["/bin/true"], timeout: "10s" });
    const seen = await until("checked", () => rig.observation(id));
    expect(seen).toMatchObject({ type: "checked", code: 3 });
    const output = String(seen["output"]);
    expect(output.length).toBe(1_024);
    expect(output).toContain("the reason");
    expect(
      await rig.act(
        id,
        { check: ["/bin/true"], apply: shell("echo why >&2; exit 9"), timeout: "5s" },
        "apply",
      ),
    ).toEqual({
      type: "failed",
      code: "EXIT9",
      detail: "ended with 9: why",
    });
  });

  test("that ends by a signal has the code that shells give it", async () => {
    const rig = new Rig();
    rig.heals = false;
    const id = rig.promise("command:dies", {
      check: shell("kill -9 $$"),
      apply: ["/bin/true"],
      timeout: "5s",
    });
    await until("checked", () => rig.observation(id)?.["code"] === 137);
  });

  test("that cannot be started says why", async () => {
    const rig = new Rig();
    const id = rig.promise("command:none", { check: ["/no/such"], apply: ["/no/such"], timeout: "5s" });
    await until("unobservable", () => rig.failure(id)?.code === "ENOENT");
    expect(rig.failure(id)?.message).toContain("/no/such");
    expect(
      await rig.act(id, { check: ["/no/such"], apply: ["/no/such"], timeout: "5s" }, "apply"),
    ).toMatchObject({
      type: "failed",
      code: "ENOENT",
    });
  });

  test("that hangs in its check is ended with its whole group, and is unobservable", async () => {
    const rig = new Rig();
    const script = `sleep 1000 & echo $! > ${rig.real("/pid")}; trap '' TERM; sleep 1000`;
    const id = rig.promise("command:hangs", { check: shell(script), apply: ["/bin/true"], timeout: "2s" });
    // Time enough for the shell to begin, also on a busy machine.
    await until("unobservable", () => rig.failure(id)?.code === "ETIMEDOUT");
    const background = Number(readFileSync(rig.real("/pid"), "utf8"));
    await until("no child is left", () => !alive(background));
  });

  test("that hangs is canceled with its whole group", async () => {
    const rig = new Rig();
    const script = `trap '' TERM; (trap '' TERM; echo $$ > ${rig.real("/one")}; sleep 1000) & echo $! > ${rig.real("/two")}; wait; sleep 1000`;
    const promise = { check: ["/bin/true"], apply: shell(script), timeout: "1h" };
    const id = rig.promise("command:hangs", promise);
    await rig.kept(id);
    const plan = { verb: "apply", idempotent: false, timeoutMs: 60_000, summary: "" };
    const action = rig.start(id, promise, plan);
    await until(
      "it runs",
      () =>
        existsSync(rig.real("/one")) &&
        existsSync(rig.real("/two")) &&
        readFileSync(rig.real("/two"), "utf8").trim() !== "",
    );
    expect(rig.inputs).toContainEqual({ type: "progress", action, step: 1, of: 1, note: "running /bin/sh" });
    rig.device.cancel(action);
    expect(await rig.outcome(action)).toEqual({ type: "canceled" });
    for (const name of ["/one", "/two"]) {
      const pid = Number(readFileSync(rig.real(name), "utf8"));
      await until(`${name} has ended`, () => !alive(pid));
    }
  });

  test("whose background program holds its output open ends nevertheless, and leaves it running", async () => {
    const rig = new Rig();
    const script = `sleep 1000 & echo $! > ${rig.real("/pid")}; exit 0`;
    const id = rig.promise("command:daemon", { check: shell(script), apply: ["/bin/true"], timeout: "1h" });
    await rig.kept(id);
    const pid = Number(readFileSync(rig.real("/pid"), "utf8"));
    expect(alive(pid)).toBe(true);
    process.kill(pid);
  });

  test("runs a bounded number of checks at once", async () => {
    const rig = new Rig();
    const ids = Array.from({ length: 40 }, (_, n) =>
      rig.promise(`command:c${n}`, {
        check: shell(`mkdir -p on && touch on/$$ && ls on | wc -l; sleep 0.05; rm on/$$`),
        apply: ["/bin/true"],
        timeout: "10s",
      }),
    );
    for (const id of ids) await rig.kept(id);
    const most = Math.max(...ids.map((id) => Number(rig.observation(id)?.["output"])));
    expect(most).toBeLessThanOrEqual(16);
    expect(most).toBeGreaterThan(1);
  });

  test("ends when the device stops", async () => {
    const rig = new Rig();
    const script = `echo $$ > ${rig.real("/pid")}; sleep 1000`;
    rig.promise("command:hangs", { check: shell(script), apply: ["/bin/true"], timeout: "1h" });
    const pid = await until(
      "it runs",
      () => existsSync(rig.real("/pid")) && Number(readFileSync(rig.real("/pid"), "utf8")),
    );
    await rig.device.stop("leave");
    expect(alive(pid)).toBe(false);
  });
});
