/**
 * Breaks services of systemd and heals them, where systemd is process 1 of a namespace of its own: `services.ts STATE`.
 * Says one line of JSON for each broken state and promise.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import type { ResourcePromise } from "@antibody/policy";
import { Alone, say } from "./alone.ts";

const [, , stateDirectory = ""] = process.argv;
const befores = ["stopped", "running", "failed", "masked", "missing"] as const;
const promises: readonly ResourcePromise[] = [
  {},
  { state: "running", enabled: true },
  { state: "stopped", enabled: false },
  { state: "stopped" },
];

const systemctl = (...words: readonly string[]): void =>
  void execFileSync("systemctl", words, { timeout: 10_000, stdio: "ignore" });

const alone = new Alone("/", stateDirectory);
for (const [at, before] of befores.entries())
  for (const [index, promise] of promises.entries()) await heal(`worker-${at}-${index}`, before, promise);
await alone.stop();

async function heal(name: string, before: (typeof befores)[number], promise: ResourcePromise): Promise<void> {
  if (before !== "missing") {
    // It fails as long as the marker is there, and runs afterwards: what made it fail was repaired.
    const marker = `/tmp/${name}`;
    const start =
      before === "failed" ? `/bin/sh -c 'test ! -e ${marker} || exit 1; exec sleep 600'` : "/bin/sleep 600";
    const unit = `[Unit]\nDefaultDependencies=no\nStartLimitBurst=2\nStartLimitIntervalSec=60\n[Service]\nExecStart=${start}\nRestart=on-failure\nRestartSec=10ms\n[Install]\nWantedBy=quiet.target\n`;
    // Where packages put theirs: what a human masks lies over it.
    mkdirSync("/usr/local/lib/systemd/system", { recursive: true });
    writeFileSync(`/usr/local/lib/systemd/system/${name}.service`, unit);
    systemctl("daemon-reload");
    if (before === "running") systemctl("enable", "--now", name);
    if (before === "masked") systemctl("mask", name);
    if (before === "failed") await fail(name, marker);
  }
  say(before, promise, await alone.heal(`service:${name}`, promise));
}

/** Lets systemd give a service up. */
async function fail(name: string, marker: string): Promise<void> {
  writeFileSync(marker, "");
  systemctl("start", name);
  for (;;) {
    const state = execFileSync("systemctl", ["show", "-p", "ActiveState", name], {
      timeout: 10_000,
    }).toString();
    if (state.includes("failed")) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  execFileSync("rm", [marker]);
}
