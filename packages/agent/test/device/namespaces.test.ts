import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Said } from "./namespaces/alone.ts";
import { makePlace } from "./rig.ts";

/** Every broken state with every promise. */
const states = 21;

/** What the script says of one of them. */
interface Line {
  readonly before: string;
  readonly promise: { readonly absent?: true };
  readonly said: readonly Said[];
}

function whyNot(): string | undefined {
  const tried = spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "none", "/mnt"], {
    timeout: 50_000,
  });
  if (tried.status === 0) return undefined;
  if (process.env["CI"] !== undefined) throw new Error("CI must mount in a namespace of its own");
  return "no mount namespace may be made here";
}

const reason = whyNot();

/** Why a repair of it has to fail: what is in the way is for a human. */
function mustFail({ before, promise }: Line): string | undefined {
  if (before === "busy" && promise.absent === true) return "EXIT32";
  if (promise.absent === true) return undefined;
  return { noDirectory: "ENOENT", another: "EBUSY" }[before];
}

test.skipIf(reason !== undefined)("a mount is healed from whatever it was broken to, in a namespace", () => {
  const place = makePlace();
  const script = join(import.meta.dirname, "namespaces/mounts.ts");
  const command = ["--mount", "--propagation", "private", process.execPath, script, place.root, place.state];
  const ran = spawnSync("unshare", command, { encoding: "utf8", timeout: 50_000 });
  expect(ran.stderr).not.toContain("Error");
  const all = ran.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
  expect(all).toHaveLength(states);
  for (const each of all) {
    const last = each.said.at(-1);
    const failure = mustFail(each);
    if (failure === undefined) {
      expect(last, JSON.stringify(each)).toMatchObject({ drift: [] });
      continue;
    }
    expect(last?.result, JSON.stringify(each)).toMatchObject({ type: "failed", code: failure });
    // Never worse after a repair that failed.
    expect(each.said.filter(({ seen }) => seen !== undefined)).toEqual([each.said[0], each.said[0]]);
  }
});

test.skipIf(reason !== undefined)(
  "the end of a foreign process is told by its cgroup, where that is of version 2",
  () => {
    const place = makePlace();
    const hierarchy = join(place.root, "sys/fs/cgroup");
    mkdirSync(hierarchy, { recursive: true });
    const script = join(import.meta.dirname, "namespaces/cgroups.ts");
    const inside = 'mount -t cgroup2 none "$0" && exec "$@"';
    const command = [hierarchy, process.execPath, script, place.root, place.state];
    const ran = spawnSync(
      "unshare",
      ["--mount", "--propagation", "private", "sh", "-c", inside, ...command],
      {
        encoding: "utf8",
        timeout: 50_000,
      },
    );
    expect(ran.stdout, ran.stderr).not.toBe("");
    expect(JSON.parse(ran.stdout)).toMatchObject({ before: 1, after: 0 });
  },
);
