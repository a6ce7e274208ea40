import { spawn, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { whyWithout } from "../../../cli/test/tools.ts";
import { chronyOf } from "../../src/device/resources/clock.ts";
import { observationOf } from "../../src/device/resources/timer.ts";
import type { Said } from "./namespaces/alone.ts";
import { makePlace, Rig, until } from "./rig.ts";
import { build, makeDpkg } from "./stages/packages.ts";

const at = (text: string): number => Date.parse(text);

describe("a timer", () => {
  const nightly = { command: ["/bin/true"], timeout: "1s", at: "03:00", offset: "+02:00" } as const;

  test("is due at its time, counts what it missed, and waits for the next", () => {
    const sinceMs = at("2026-03-02T12:00:00Z");
    expect(observationOf(nightly, { sinceMs }, sinceMs)).toEqual({
      type: "timer",
      isDue: false,
      dueAt: "2026-03-03T01:00:00.000Z",
      missed: 0,
    });
    const ranMs = at("2026-03-03T01:00:01Z");
    expect(observationOf(nightly, { sinceMs, ranMs }, at("2026-03-07T00:59:59Z"))).toMatchObject({
      isDue: true,
      dueAt: "2026-03-06T01:00:00.000Z",
      missed: 2,
    });
  });

  test("keeps to its days, of the offset that it names", () => {
    const sunday = { ...nightly, days: ["sun"] } as const;
    // A Saturday in UTC, and a Sunday there already.
    const sinceMs = at("2026-03-07T22:30:00Z");
    expect(observationOf(sunday, { sinceMs }, sinceMs).dueAt).toBe("2026-03-08T01:00:00.000Z");
    expect(observationOf(sunday, { sinceMs }, at("2026-03-08T01:00:00Z"))).toMatchObject({
      isDue: true,
      missed: 0,
    });
  });

  test("does not wait for a time to come again when the clock was set back", () => {
    const often = { command: ["/bin/true"], timeout: "1s", interval: "1m" } as const;
    const nowMs = at("2026-03-02T12:00:00Z");
    const seen = observationOf(often, { sinceMs: 0, ranMs: at("2030-01-01T00:00:00Z") }, nowMs);
    expect(seen).toMatchObject({ isDue: false, dueAt: "2026-03-02T12:01:00.000Z" });
  });

  test("wakes when it is due, runs once, and is remembered by the next agent", async () => {
    const rig = new Rig();
    const file = rig.real("/ran");
    const promise = { command: ["/bin/sh", "-c", 'echo ran >> "$0"', file], timeout: "5s", interval: "1h" };
    const id = rig.promise("timer:often", promise);
    await rig.kept(id);
    expect(rig.observation(id)).toMatchObject({ isDue: false });
    rig.wallMs += 3 * 3_600_000;
    rig.device.observe(id);
    await until("ran", () => rig.observation(id)?.["ranAt"] !== undefined);
    await rig.kept(id);
    expect(readFileSync(file, "utf8")).toBe("ran\n");
    const next = new Rig({ wallMs: () => rig.wallMs }, rig.place);
    const again = next.promise("timer:often", promise);
    await next.kept(again);
    expect(next.observation(again)).toEqual(rig.observation(id));
  });
});

describe("a clock", () => {
  test("is what chrony says", () => {
    const line =
      "C0A80101,192.168.1.1,3,1700000000.123,-0.000321,0.0001,0.0002,-5.1,0.01,0.02,0.01,0.001,64.2,Normal";
    expect(chronyOf(line)).toEqual({ type: "clock", by: "chrony", isSynchronized: true, offsetMs: 0 });
    expect(chronyOf(line.replace("Normal", "Not synchronised"))).toMatchObject({ isSynchronized: false });
    expect(chronyOf("506 Cannot talk to daemon")).toBeUndefined();
  });

  test("is what timesyncd leaves behind, where there is no chrony", async () => {
    onPath({ chronyc: "exit 1" });
    const rig = new Rig();
    const id = rig.promise("clock:device", {});
    mkdirSync(rig.real("/run/systemd/timesync"), { recursive: true });
    rig.device.observe(id);
    await until("not yet", () => rig.observation(id)?.["isSynchronized"] === false);
    writeFileSync(rig.real("/run/systemd/timesync/synchronized"), "");
    rig.device.observe(id);
    await rig.kept(id);
  });
});

describe("the agent itself", () => {
  test("tells its version, and whether its state can be written", async () => {
    const rig = new Rig();
    const id = rig.promise("agent:self", { version: "0.1.0", free: "1B" });
    await rig.kept(id);
    const other = rig.promise("agent:self", { version: "9.9.9" });
    await until("another version", () => rig.observation(other) !== undefined && !rig.isKept(other));
    expect(rig.observation(other)).toMatchObject({ version: "0.1.0", isStateWritable: true });
  });
});

describe("services of systemd", () => {
  test("are read and set by systemctl", async () => {
    const place = makePlace();
    const said = join(place.root, "said");
    const state = join(place.root, "state");
    writeFileSync(state, "LoadState=loaded\nActiveState=failed\nSubState=failed\nUnitFileState=disabled\n");
    onPath({
      systemctl: `echo "$@" >> ${said}
        case "$1 $2" in
          show*) cat ${state};;
          *start*) printf 'LoadState=loaded\\nActiveState=active\\nSubState=running\\nUnitFileState=enabled\\n' > ${state};;
        esac`,
    });
    // Only services are promised here: nothing else of the machine is touched.
    const rig = new Rig({}, { root: "/", state: place.state });
    const id = rig.promise("service:sensor", { manager: "systemd", enabled: true });
    await rig.kept(id);
    const lines = readFileSync(said, "utf8").trimEnd().split("\n");
    expect(lines.filter((line) => !line.startsWith("show"))).toEqual([
      "--no-ask-password enable -- sensor.service",
      "reset-failed -- sensor.service",
      "--no-ask-password start -- sensor.service",
    ]);
    writeFileSync(state, "LoadState=not-found\nActiveState=inactive\nSubState=dead\nUnitFileState=\n");
    rig.device.observe(id);
    await until("missing", () => rig.observation(id)?.["type"] === "missing");
    expect(rig.isKept(id)).toBe(false);
  });

  test("of another root are out of reach, and it says so", async () => {
    const rig = new Rig();
    const id = rig.promise("service:sensor", { manager: "systemd" });
    const none = rig.promise("service:other", {});
    await until("refused", () => rig.failure(id)?.code === "ENOTSUP");
    await until("refused", () => rig.failure(none)?.message.includes("neither systemd nor runit"));
  });
});

describe("packages that are promised at once", () => {
  const reason = process.getuid?.() === 0 ? whyWithout("dpkg", "dpkg-deb") : "dpkg installs as root alone";

  test.skipIf(reason !== undefined)("are installed one after the other, and none of them fails", async () => {
    const rig = new Rig();
    makeDpkg(rig);
    const names = ["one-antibody", "two-antibody", "three-antibody"];
    for (const name of names) build(rig, name, "1.0", rig.real(`/srv/${name}.deb`));
    const ids = names.map((name) => rig.promise(`package:${name}`, { source: `/srv/${name}.deb` }));
    await Promise.all(ids.map((id) => rig.kept(id)));
    expect(rig.results.map(({ type }) => type)).toEqual(["done", "done", "done"]);
  });
});

describe("without the privilege", () => {
  const reason =
    process.getuid?.() === 0 ? whyWithout("setpriv", "dpkg", "useradd", "mount") : "only root can give it up";

  test.skipIf(reason !== undefined)("each kind says what it may not, and the agent goes on", () => {
    const { root, state } = makePlace();
    for (const path of [
      "etc",
      "mnt",
      "srv",
      "root",
      "var/lib/dpkg/info",
      "var/lib/dpkg/updates",
      "proc/sys/net/ipv4",
    ])
      mkdirSync(join(root, path), { recursive: true });
    for (const [path, text] of [
      ["etc/hosts", "127.0.0.1 localhost\n"],
      ["etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"],
      ["etc/group", "root:x:0:\n"],
      ["srv/hello.deb", ""],
      ["var/lib/dpkg/status", ""],
      ["proc/sys/net/ipv4/ip_forward", "0\n"],
    ] as const)
      writeFileSync(join(root, path), text);
    copyFileSync("/bin/sleep", join(root, "intruder"));
    const intruder = spawn(join(root, "intruder"), ["600"], { stdio: "ignore" });
    onTestFinished(() => void intruder.kill("SIGKILL"));
    mkdirSync(state, { mode: 0o777 });
    chmodSync(state, 0o777);
    const script = join(import.meta.dirname, "namespaces/unprivileged.ts");
    const nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"];
    const ran = spawnSync("setpriv", [...nobody, process.execPath, script, root, state], {
      encoding: "utf8",
      timeout: 50_000,
    });
    const lines = ran.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { before: string; said: readonly Said[] });
    expect(lines, ran.stderr).toHaveLength(8);
    for (const { before, said } of lines) {
      expect(said.at(-1)?.result, `${before} ${JSON.stringify(said)}`).toMatchObject({
        type: "failed",
        code: expect.stringMatching(/^(EPERM|EACCES)$/),
      });
      expect(said.filter(({ seen }) => seen !== undefined)).toEqual([said[0], said[0]]);
    }
  });
});

/** Puts programs before all others, for one test. */
function onPath(programs: { readonly [name: string]: string }): void {
  const { root } = makePlace();
  const before = process.env["PATH"];
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(root, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(root, name), 0o755);
  }
  process.env["PATH"] = `${root}:${before}`;
  onTestFinished(() => {
    process.env["PATH"] = before;
  });
}
