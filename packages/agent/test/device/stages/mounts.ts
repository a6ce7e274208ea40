import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from "node:fs";
import type { ResourcePromise } from "@antibody/policy";
import { onTestFinished } from "vitest";
import { whyWithout } from "../../../../cli/test/tools.ts";
import { resource } from "../rig.ts";
import type { Draw } from "./drawing.ts";
import type { Stage } from "./stage.ts";

/** What a mount is made with. */
interface Mounted {
  readonly source: string;
  readonly fsType: string;
  readonly options: string;
}

/** Options of a mount itself, of which each is promised or set before, now and then. */
const words = ["ro", "nosuid", "nodev", "noexec"] as const;
const opposites = ["rw", "suid", "dev", "exec"] as const;
const access = ["", "atime", "noatime", "relatime", "strictatime"] as const;

const data = { source: "data", fsType: "tmpfs" } as const;

function optionsBy(draw: Draw): readonly string[] {
  const plain = words.map((word, index) => draw.of("", "", word, opposites[index] ?? ""));
  return [...plain, draw.of(...access), draw.of("", "nodiratime", "diratime")].filter(
    (option) => option !== "",
  );
}

function mountedBy(draw: Draw): Mounted {
  const named = draw.of(data, data, { ...data, fsType: "ramfs" }, { ...data, source: "other" });
  return { ...named, options: ["rw", ...optionsBy(draw)].join(",") };
}

function promiseBy(draw: Draw): ResourcePromise {
  const options = [...optionsBy(draw), ...draw.of<readonly string[]>([], ["size=64k"])];
  return draw.of<ResourcePromise>(
    { source: "data", fsType: "tmpfs" },
    { source: "data", fsType: "tmpfs", options },
    { source: "data", fsType: "tmpfs", options },
    { source: "data", fsType: "ramfs", options: options.filter((option) => !option.startsWith("size")) },
    { absent: true },
  );
}

/** Real mounts below the root of a test, in a mount namespace that ends with the tests. */
export const mountStage: Stage = {
  kind: "mount",
  reason: whyNoMounts(),
  arrange: (rig, draw, turn) => {
    const path = `/at-${turn}`;
    const at = rig.real(path);
    const holders: number[] = [];
    // However many there are by then, of the test or of the agent.
    const unmount = `while umount -n -l "$0"; do :; done`;
    onTestFinished(() => void spawnSync("sh", ["-c", unmount, at], { stdio: "ignore", timeout: 10_000 }));
    if (makePoint(at, draw) && draw.below(4) > 0) holders.push(...mountAt(at, draw));
    return {
      id: resource(`mount:${path}`),
      promise: promiseBy(draw),
      // What is missing, in the way, made by another or in use is for a human, or for another promise.
      mayFail: ["ENOENT", "ENOTDIR", "EBUSY", "EXIT32"],
      calm: () => {
        for (const holder of holders.splice(0)) closeSync(holder);
      },
    };
  },
};

/** Makes what is to be mounted on, mostly a directory. Returns whether it is one. */
function makePoint(at: string, draw: Draw): boolean {
  const point = draw.below(12);
  if (point === 0) return false;
  if (point === 1) writeFileSync(at, "");
  else if (point === 2) symlinkSync("/usr", at);
  else mkdirSync(at);
  return point > 2;
}

/** Mounts once, or twice one over the other. Returns what keeps it in use. */
function mountAt(at: string, draw: Draw): readonly number[] {
  for (let layer = draw.of(1, 1, 1, 2); layer > 0; layer -= 1) {
    const { source, fsType, options } = mountedBy(draw);
    execFileSync("mount", ["-n", "-t", fsType, "-o", options, source, at], { timeout: 10_000 });
  }
  return draw.below(6) === 0 ? [openSync(at, "r")] : [];
}

/** Mounts of a test that is killed would stay: so they are made where they end with the last process. */
function whyNoMounts(): string | undefined {
  if (process.env["ANTIBODY_OWN_MOUNTS"] === undefined)
    return "no mount namespace of its own, as npm run test:deep makes one for root";
  return whyWithout("mount", "umount");
}
