import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { Rig, until } from "./rig.ts";

test("each file is seen in its own directory, and the process stands where it stood", async () => {
  const rig = new Rig();
  // As many as are held open at once, several of the first, and one more that has the names of the first.
  const places = [...Array.from({ length: 64 }, (_, n) => `/d${n}/a`), "/d0/b", "/d0/c", "/d64/a", "/d64/b"];
  const files = places.map((path, index) => ({ path, content: "x".repeat(index) }));
  for (const { path, content } of files) {
    mkdirSync(dirname(rig.real(path)), { recursive: true });
    writeFileSync(rig.real(path), content, { mode: 0o644 });
  }
  const before = process.cwd();
  const ids = files.map(({ path, content }) => rig.promise(`file:${path}`, { content }));
  for (const id of ids) await rig.kept(id);
  // Once more, now that each is known to be a file.
  rig.inputs.length = 0;
  for (const id of ids) rig.device.observe(id);
  await until("all are looked at", () => rig.inputs.length === ids.length);
  expect(ids.map((id) => rig.observation(id)?.["size"])).toEqual(files.map((_, index) => index));
  expect(process.cwd()).toBe(before);
});
