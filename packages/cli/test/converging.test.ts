import { lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ResourceId, ResourcePromise } from "@antibody/policy";
import { describe, expect, test } from "vitest";
import { Rig, until } from "../../agent/test/device/rig.ts";
import { unsettled } from "../src/converging/converging.ts";
import { keeperOf } from "../src/converging/keepers.ts";
import type { Entry, Tree } from "../src/converging/tree.ts";

type Promises = { readonly [resource: string]: ResourcePromise };

function messages(promises: Promises): readonly string[] {
  const entries = Object.entries(promises) as [ResourceId, ResourcePromise][];
  return unsettled(new Map(entries)).map(({ message }) => message);
}

describe("promises converge", () => {
  test("where each leaves the others' part alone, in whatever order they are repaired", () => {
    expect(
      messages({
        "directory:/srv/app": { mode: "0755" },
        "file:/srv/app/config": { after: ["directory:/srv/app"] },
        "line:/srv/app/config#db": { line: "db = 10.0.0.5", begins: "db =" },
        "key:/srv/app/config#cache": { value: "on" },
        "symlink:/srv/app/current": { target: "releases/7" },
        "file:/etc/motd": { content: "hello\n" },
      }),
    ).toEqual([]);
  });

  test("not where a line and a key of one file undo each other: the shortest way round is told", () => {
    const [message, ...more] = messages({
      "line:/etc/app.conf#debug": { line: "debug = on", begins: "debug" },
      "key:/etc/app.conf#debug": { value: "off" },
    });
    expect(more).toEqual([]);
    expect(message).toBe(
      "never comes to rest: from /etc/app.conf absent, repairs go line:/etc/app.conf#debug, then key:/etc/app.conf#debug, then line:/etc/app.conf#debug, and so on",
    );
  });

  test("not where one wants a directory away in which another wants a file", () => {
    expect(messages({ "directory:/srv/old": { absent: true }, "file:/srv/old/readme": {} })).toEqual([
      "cannot all be kept: from /srv/old absent, /srv/old/readme absent they get stuck",
    ]);
  });

  test("not where a link stands in the way of what is below it", () => {
    expect(
      messages({ "symlink:/srv/www": { target: "/data/www" }, "file:/srv/www/index.html": {} })[0],
    ).toContain("cannot all be kept");
  });
});

/** What may stand at the path before, and what is promised of it. */
const before: readonly (Entry | undefined)[] = [
  undefined,
  { type: "file", text: "" },
  { type: "file", text: "a = 1\nb=2\n" },
  { type: "directory" },
  { type: "symlink", target: "/elsewhere" },
];
const promised: readonly (readonly [string, ResourcePromise])[] = [
  ["file:/at", { content: "promised\n" }],
  ["file:/at", {}],
  ["file:/at", { absent: true }],
  ["directory:/at", {}],
  ["directory:/at", { absent: true }],
  ["symlink:/at", { target: "/elsewhere" }],
  ["symlink:/at", { target: "/there" }],
  ["symlink:/at", { absent: true }],
  ["line:/at#a", { line: "a = 2", begins: "a" }],
  ["line:/at#a", { begins: "a", absent: true }],
  ["key:/at#b", { value: "3" }],
];

function put(path: string, entry: Entry | undefined): void {
  if (entry?.type === "file") writeFileSync(path, entry.text);
  if (entry?.type === "directory") mkdirSync(path);
  if (entry?.type === "symlink") symlinkSync(entry.target, path);
}

function look(path: string): Entry | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (stats.isDirectory()) return { type: "directory" };
  if (stats.isSymbolicLink()) return { type: "symlink", target: readlinkSync(path) };
  return { type: "file", text: readFileSync(path, "utf8") };
}

describe("what lint looks ahead by is what the agent does", () => {
  test.each(promised)("%s %j", async (resource, promise) => {
    for (const entry of before) {
      const keeper = keeperOf(resource as ResourceId, promise, ["/at"]);
      const tree: Tree = new Map(entry === undefined ? [] : [["/at", entry]]);
      const rig = new Rig();
      const path = join(rig.place.root, "at");
      put(path, entry);
      const id = rig.promise(resource, promise);
      const after = keeper?.isKept(tree) === true ? tree : keeper?.repair(tree);
      if (after === undefined) {
        // What stands in the way of a directory is left alone, without an attempt.
        const failed = (): boolean =>
          rig.results.some(({ type }) => type === "failed") ||
          rig.failure(id) !== undefined ||
          rig.observation(id)?.["type"] === "other";
        await until(`${resource} to fail from ${JSON.stringify(entry)}`, failed);
        expect(look(path)).toEqual(entry);
      } else {
        await rig.kept(id);
        expect(look(path)).toEqual(after.get("/at"));
      }
    }
  });
});
