/**
 * Breaks services of systemd and heals them, where systemd is process 1 of a namespace of its own:
 * `services.ts STATE COUNT`. Each broken state and promise is drawn from its number. Says one line of JSON for each.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import type { ResourcePromise } from "@antibody/policy";
import { type Draw, drawing } from "../stages/drawing.ts";
import { Alone, say } from "./alone.ts";

const [, , stateDirectory = "", count = ""] = process.argv;

const systemctl = (...words: readonly string[]): void =>
  void execFileSync("systemctl", words, { timeout: 10_000, stdio: "ignore" });

const alone = new Alone("/", stateDirectory);
for (let seed = 0; seed < Number(count); seed += 1) await heal(`worker-${seed}`, drawing(seed));
await alone.stop();

async function heal(name: string, draw: Draw): Promise<void> {
  const before = draw.of("stopped", "running", "failed", "restarting", "masked", "static", "missing");
  const promise: ResourcePromise = {
    ...draw.of<ResourcePromise>({}, { state: "running" }, { state: "stopped" }),
    // What cannot be enabled is not asked to be.
    ...(before === "static" ? {} : draw.of<ResourcePromise>({}, { enabled: true }, { enabled: false })),
  };
  if (before !== "missing") {
    // It fails as long as the marker is there, and runs afterwards: what made it fail was repaired.
    const marker = `/tmp/${name}`;
    makeUnit(name, marker, before);
    systemctl("daemon-reload");
    if (before !== "static" && draw.below(2) === 0) systemctl("enable", name);
    if (before === "running" || (before === "static" && draw.below(2) === 0)) systemctl("start", name);
    if (before === "running" && draw.below(3) === 0) systemctl("kill", "--signal=KILL", name);
    if (before === "masked") systemctl("mask", name);
    if (before === "failed" || before === "restarting") await fail(name, marker, before);
  }
  say(before, promise, await alone.heal(`service:${name}`, promise));
}

/** Where packages put theirs: what a human masks lies over it. */
function makeUnit(name: string, marker: string, before: string): void {
  const fails = before === "failed" || before === "restarting";
  const start = fails ? `/bin/sh -c 'test ! -e ${marker} || exit 1; exec sleep 600'` : "/bin/sleep 600";
  const again = before === "restarting" ? "RestartSec=1h" : "RestartSec=10ms";
  const install = before === "static" ? "" : "[Install]\nWantedBy=quiet.target\n";
  const unit = `[Unit]\nDefaultDependencies=no\nStartLimitBurst=2\nStartLimitIntervalSec=60\n[Service]\nExecStart=${start}\nRestart=on-failure\n${again}\n${install}`;
  mkdirSync("/usr/local/lib/systemd/system", { recursive: true });
  writeFileSync(`/usr/local/lib/systemd/system/${name}.service`, unit);
}

/** Lets systemd give a service up, or wait an hour before it tries again. */
async function fail(name: string, marker: string, before: "failed" | "restarting"): Promise<void> {
  writeFileSync(marker, "");
  systemctl("start", name);
  for (;;) {
    const state = execFileSync("systemctl", ["show", "-p", "ActiveState,SubState", name], {
      timeout: 10_000,
    }).toString();
    if (state.includes(before === "failed" ? "=failed" : "auto-restart")) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  execFileSync("rm", [marker]);
}
