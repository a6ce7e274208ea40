import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Said } from "../../packages/agent/test/device/namespaces/alone.ts";
import { makePlace, Rig, until } from "../../packages/agent/test/device/rig.ts";
import { drawing } from "../../packages/agent/test/device/stages/drawing.ts";
import { stages } from "../../packages/agent/test/device/stages/index.ts";
import { type Broken, heal, type Stage } from "../../packages/agent/test/device/stages/stage.ts";
import { whyWithout } from "../../packages/cli/test/tools.ts";

/** Broken states of each kind; ANTIBODY_RESOURCE_STATES changes it. */
const states = Number(process.env["ANTIBODY_RESOURCE_STATES"] ?? 200);
/** Broken states of each pair of kinds. */
const pairStates = Math.ceil(states / 40);
const eachMsMax = 900_000;

const kinds = stages
  .filter(([{ reason }]) => reason === undefined)
  .map(([stage]) => [stage.kind, stage] as const);
const skipped = stages.filter(([{ reason }]) => reason !== undefined);

test.each(kinds)(
  `a %s is healed from ${states} broken states`,
  async (_kind, stage) => {
    const rig = new Rig();
    const sums = { repairs: 0, failures: 0 };
    for (let seed = 1_000; seed < 1_000 + states; seed += 1) {
      const { repairs, failures } = await heal(rig, await stage.arrange(rig, drawing(seed), seed));
      sums.repairs += repairs;
      sums.failures += failures;
    }
    console.info(
      `${stage.kind}: ${states} states, ${sums.repairs} repairs, ${sums.failures} failed as they must`,
    );
    expect(sums.repairs).toBeGreaterThan(states / 4);
  },
  eachMsMax,
);

test.each(skipped.map(([{ kind, reason }]) => [kind, reason] as const))(
  "a %s cannot be broken here",
  (_kind, reason) => {
    if (process.env["CI"] !== undefined) throw new Error(reason);
  },
);

const pairs = kinds.flatMap(([, left], index) =>
  kinds.slice(index).map(([, right]) => [left, right] as const),
);

test(
  `each of ${pairs.length} pairs of kinds is healed side by side, and neither moves the other`,
  async () => {
    for (const [index, [left, right]] of pairs.entries()) {
      const rig = new Rig();
      for (let each = 0; each < pairStates; each += 1)
        await healBoth(rig, left, right, index * 1_000 + each * 2);
    }
  },
  eachMsMax,
);

/** Heals one, then the other; then nothing is left to do for either, whatever was done for the second. */
async function healBoth(rig: Rig, left: Stage, right: Stage, seed: number): Promise<void> {
  const first = withoutAfter(await left.arrange(rig, drawing(seed), seed));
  const second = withoutAfter(await right.arrange(rig, drawing(seed + 1), seed + 1));
  // Two promises of one resource are no pair: one of them is not in force.
  if (first.id === second.id) return;
  const both: readonly Broken[] = seed % 4 === 0 ? [second, first] : [first, second];
  const failed = [];
  for (const broken of both) failed.push((await heal(rig, broken)).failures > 0);
  for (const [index, broken] of both.entries())
    if (failed[index] === false)
      expect(await heal(rig, broken), `${broken.id} beside the other, seed ${seed}`).toEqual({
        repairs: 0,
        failures: 0,
      });
}

/** What was there besides may be changed by the other of a pair. */
function withoutAfter({ after: _after, ...broken }: Broken): Broken {
  return broken;
}

const repository = join(import.meta.dirname, "../..");
const namespaces = join(repository, "packages/agent/test/device/namespaces");
const noSystemd =
  process.getuid?.() === 0 ? whyWithout("unshare", "nsenter", "systemctl") : "only root starts a systemd";

test.skipIf(noSystemd !== undefined)(
  "services of a real systemd are healed, but for those that a human masked",
  async () => {
    const inside = await startSystemd(makePlace().root);
    const script = join(namespaces, "services.ts");
    const into = ["-t", `${inside}`, "-m", "-p", "-r", "-C"];
    const ran = spawnSync("nsenter", [...into, process.execPath, script, "/tmp/state", `${states}`], {
      encoding: "utf8",
      timeout: eachMsMax,
    });
    const lines = ran.stdout
      .trimEnd()
      .split("\n")
      .map(
        (line) =>
          JSON.parse(line) as {
            before: string;
            promise: { state?: string; enabled?: boolean };
            said: readonly Said[];
          },
      );
    expect(lines, ran.stderr).toHaveLength(states);
    for (const { before, promise, said } of lines) {
      const last = said.at(-1);
      const isLeftAlone = promise.state === "stopped" && promise.enabled !== true;
      if (isLeftAlone || !["masked", "missing"].includes(before)) {
        expect(last, `${before} ${JSON.stringify(promise)} ${JSON.stringify(said)}`).toMatchObject({
          drift: [],
        });
      } else if (before === "missing") {
        expect(said).toEqual([{ seen: { type: "missing", manager: "systemd" }, drift: ["type"] }]);
      } else {
        expect(last?.result).toMatchObject({ type: "failed", detail: expect.stringContaining("masked") });
        expect(said.filter(({ seen }) => seen !== undefined)).toEqual([said[0], said[0]]);
      }
    }
  },
  eachMsMax,
);

const noApt =
  process.getuid?.() === 0 ? whyWithout("unshare", "apt-get", "dpkg-deb") : "only root installs packages";

test.skipIf(noApt !== undefined)("packages come from a repository of apt, on a copy of this machine", () => {
  const overlay = [join(namespaces, "overlay.sh"), makePlace().root, repository];
  const command = [...overlay, process.execPath, join(namespaces, "apt.ts"), "/tmp/state"];
  const ran = spawnSync("unshare", ["--mount", ...command], { encoding: "utf8", timeout: 120_000 });
  expect(ran.status, `${ran.stderr}${String(ran.error ?? "")}`).toBe(0);
  const lines = ran.stdout
    .trimEnd()
    .split("\n")
    .map(
      (line) => JSON.parse(line) as { promise: { version?: string; absent?: true }; said: readonly Said[] },
    );
  expect(lines, ran.stderr).toHaveLength(6);
  for (const { promise, said } of lines) {
    if (promise.version !== "9.9") {
      const seen =
        promise.absent === true
          ? { type: "absent" }
          : { type: "installed", version: promise.version ?? "1.0" };
      expect(said.at(-1), JSON.stringify(said)).toEqual({ seen, drift: [] });
      continue;
    }
    expect(said.at(-1)?.result).toMatchObject({ type: "failed", detail: expect.stringContaining("9.9") });
    expect(said.filter(({ seen }) => seen !== undefined)).toEqual([said[0], said[0]]);
  }
});

/** Starts a systemd that ends with the test. Returns its pid outside. */
async function startSystemd(base: string): Promise<number> {
  const overlay = [join(namespaces, "overlay.sh"), base, repository];
  const starting: ChildProcess = spawn(
    "unshare",
    ["--mount", "--pid", "--cgroup", "--fork", "--kill-child", ...overlay, join(namespaces, "systemd.sh")],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  onTestFinished(() => void starting.kill("SIGKILL"));
  return until("systemd is there", () => {
    const [child] = readFileSync(`/proc/${starting.pid}/task/${starting.pid}/children`, "utf8").split(" ");
    if (child === undefined || child === "") return undefined;
    const asked = spawnSync("nsenter", [
      "-t",
      child,
      "-m",
      "-p",
      "-r",
      "-C",
      "systemctl",
      "is-system-running",
    ]);
    return asked.stdout.toString().trim() === "running" ? Number(child) : undefined;
  });
}
