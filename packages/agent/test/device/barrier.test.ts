import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import type { JointPart, Plan } from "@antibody/core";
import type { ResourcePromise } from "@antibody/policy";
import { describe, expect, test } from "vitest";
import { Rig, resource } from "./rig.ts";

function part(id: string, promise: ResourcePromise, verb: string): JointPart {
  const plan: Plan = { verb, idempotent: true, timeoutMs: 5_000, summary: verb };
  return { resource: resource(id), promise, plan };
}

async function switchAll(rig: Rig, ...joint: readonly JointPart[]) {
  const [leader] = joint;
  if (leader === undefined) throw new Error("nobody");
  const plan: Plan = { verb: "switch", idempotent: true, timeoutMs: 10_000, summary: "all", joint };
  return rig.outcome(rig.start(leader.resource, leader.promise, plan));
}

/** A device with one thing of each kind as it was before. */
function before(): Rig {
  const rig = new Rig();
  mkdirSync(rig.real("/etc"));
  writeFileSync(rig.real("/etc/conf"), "old\n", { mode: 0o640 });
  symlinkSync("old", rig.real("/etc/current"));
  return rig;
}

const conf = part("file:/etc/conf", { content: "new\n", mode: "0600" }, "write");
const fresh = part("file:/etc/fresh", { content: "fresh\n" }, "write");
const current = part("symlink:/etc/current", { target: "new" }, "link");
const folder = part("directory:/etc/data", { mode: "0700" }, "create");

function command(rig: Rig, exit: number): JointPart {
  const marker = rig.real("/applied");
  const promise = {
    check: ["/usr/bin/test", "-e", exit === 0 ? marker : "/nowhere"],
    apply: ["/usr/bin/touch", marker],
    undo: ["/bin/rm", marker],
    timeout: "5s",
  };
  return part("command:mark", promise, "apply");
}

function expectAsBefore(rig: Rig): void {
  expect(readFileSync(rig.real("/etc/conf"), "utf8")).toBe("old\n");
  expect(statSync(rig.real("/etc/conf")).mode & 0o777).toBe(0o640);
  expect(readlinkSync(rig.real("/etc/current"))).toBe("old");
  expect(readdirSync(rig.real("/etc")).sort()).toEqual(["conf", "current"]);
  expect(existsSync(rig.real("/applied"))).toBe(false);
}

describe("a barrier on a device", () => {
  test("switches files, links, directories and commands together, and leaves nothing beside them", async () => {
    const rig = before();
    const result = await switchAll(rig, conf, fresh, current, folder, command(rig, 0));
    expect(result).toEqual({ type: "done", detail: "switched 5 resources together" });
    expect(readFileSync(rig.real("/etc/conf"), "utf8")).toBe("new\n");
    expect(statSync(rig.real("/etc/conf")).mode & 0o777).toBe(0o600);
    expect(readlinkSync(rig.real("/etc/current"))).toBe("new");
    expect(lstatSync(rig.real("/etc/data")).isDirectory()).toBe(true);
    expect(readdirSync(rig.real("/etc")).sort()).toEqual(["conf", "current", "data", "fresh"]);
    expect(existsSync(rig.real("/applied"))).toBe(true);
  });

  test("switches all back when one does not hold", async () => {
    const rig = before();
    const result = await switchAll(rig, conf, fresh, current, folder, command(rig, 1));
    expect(result).toMatchObject({ type: "failed", code: "EVERIFY" });
    expect(result).toMatchObject({ detail: expect.stringContaining("all was switched back") });
    expectAsBefore(rig);
  });

  test("touches nothing when one cannot be prepared", async () => {
    const rig = before();
    const nowhere = part("file:/missing/conf", { content: "never\n" }, "write");
    const result = await switchAll(rig, conf, fresh, current, nowhere);
    expect(result).toMatchObject({ type: "failed", detail: expect.stringContaining("nothing was switched") });
    expectAsBefore(rig);
  });

  test("takes back a mode, and what was removed", async () => {
    const rig = before();
    const adjusted = part("file:/etc/conf", { mode: "0600" }, "adjust");
    const removed = part("symlink:/etc/current", { absent: true }, "remove");
    const result = await switchAll(rig, adjusted, removed, command(rig, 1));
    expect(result).toMatchObject({ type: "failed", code: "EVERIFY" });
    expectAsBefore(rig);
  });

  test("refuses what it could not bring back", async () => {
    const rig = before();
    mkdirSync(rig.real("/etc/dir"));
    const result = await switchAll(rig, conf, part("file:/etc/dir", { content: "x" }, "write"));
    expect(result).toMatchObject({ type: "failed", code: "EINVAL" });
    expect(readFileSync(rig.real("/etc/conf"), "utf8")).toBe("old\n");
  });
});
