import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Attributes } from "../../src/device/attributes.ts";
import { Rig, until } from "./rig.ts";

/** Why the tests cannot run here; undefined where they can. In CI they must. */
const reason = ((): string | undefined => {
  const directory = mkdtempSync(join(import.meta.dirname, "attributes-"));
  try {
    const file = join(directory, "file");
    writeFileSync(file, "");
    decorate(file);
    if (!describeAttributes(file).includes("user.owner")) throw new Error(`${file} has none`);
    return undefined;
  } catch (error) {
    if (process.env["CI"] !== undefined) throw error;
    return "needs acl and attr, and a file system that keeps what they set";
  } finally {
    rmSync(directory, { recursive: true });
  }
})();

function decorate(file: string): void {
  execFileSync("setfacl", ["-m", "u:daemon:rw,g:daemon:r", file]);
  execFileSync("setfattr", ["-n", "user.owner", "-v", "the greenhouse", file]);
}

/** All but its name. */
function describeAttributes(file: string): string {
  const lists = execFileSync("getfacl", ["--absolute-names", "--omit-header", file], { encoding: "utf8" });
  const others = execFileSync("getfattr", ["--absolute-names", "-d", file], { encoding: "utf8" });
  return `${lists}${others.split("\n").slice(1).join("\n")}`;
}

function rigWith(name: string, content: string): { readonly rig: Rig; readonly path: string } {
  const rig = new Rig();
  mkdirSync(rig.real("/etc"));
  const path = rig.real(name);
  writeFileSync(path, content);
  return { rig, path };
}

test("what is asked about a file is void once the agent has replaced it", async () => {
  const { rig, path } = rigWith("/etc/motd", "old\n");
  await rig.device.stop("stop");
  const attributes = new Attributes((each) => each);
  const look = () => attributes.saw(path, statSync(path));
  look();
  await attributes.ready(path);
  writeFileSync(path, "damaged\n");
  look();
  // Another new file is asked about, and this one with it.
  writeFileSync(`${path}.other`, "");
  attributes.saw(`${path}.other`, statSync(`${path}.other`));
  const asking = attributes.ready(`${path}.other`);
  expect(asking).toBeDefined();
  // While the answer is on its way.
  const next = openSync(`${path}.new`, "w");
  attributes.copy(path, { at: path, stats: statSync(path) }, next);
  renameSync(`${path}.new`, path);
  look();
  await asking;
  look();
  expect(attributes.ready(path)).toBeUndefined();
  // Damage in place is no new file: its repair waits for nobody.
  writeFileSync(path, "damaged again\n");
  look();
  expect(attributes.ready(path)).toBeUndefined();
  closeSync(next);
  await attributes.stop();
});

describe.skipIf(reason !== undefined)("access control lists and extended attributes", () => {
  test("of a file stay when it is replaced, also before anyone asked about them", async () => {
    const { rig, path } = rigWith("/etc/motd", "damaged\n");
    decorate(path);
    const before = describeAttributes(path);
    const inode = statSync(path).ino;
    await rig.kept(rig.promise("file:/etc/motd", { content: "hello\n" }));
    expect(readFileSync(path, "utf8")).toBe("hello\n");
    expect(statSync(path).ino).not.toBe(inode);
    expect(describeAttributes(path)).toBe(before);
  });

  test("stay through every repair, and new ones do once they were seen", async () => {
    const { rig, path } = rigWith("/etc/motd", "damaged\n");
    execFileSync("setfacl", ["-m", "u:daemon:r", path]);
    const id = rig.promise("file:/etc/motd", { content: "hello\n" });
    await rig.kept(id);
    const healed = async (damage: string): Promise<void> => {
      const repairs = rig.results.length;
      writeFileSync(path, damage);
      await until(`healed of ${damage}`, () => rig.results.length > repairs && rig.isKept(id));
    };
    expect(describeAttributes(path)).toContain("user:daemon:r--");
    const plain = join(rig.real("/etc"), "plain");
    writeFileSync(plain, "hello\n");
    const other = rig.promise("file:/etc/plain", { content: "hello\n" });
    await rig.kept(other);
    // Files are asked about together with others, which takes a moment.
    for (let round = 0; !describeAttributes(plain).includes("user.owner"); round += 1) {
      decorate(plain);
      const repairs = rig.results.length;
      writeFileSync(plain, `damage ${round}`);
      await until(`healed ${round}`, () => rig.results.length > repairs && rig.isKept(other));
    }
    await healed("one");
    await healed("two");
    expect(describeAttributes(path)).toContain("user:daemon:r--");
  });

  test("give way to a promised mode, by their mask", async () => {
    const { rig, path } = rigWith("/etc/token", "damaged\n");
    decorate(path);
    await rig.kept(rig.promise("file:/etc/token", { content: "secret\n", mode: "0600" }));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(describeAttributes(path)).toContain("mask::---");
  });

  test("of a file that is edited stay", async () => {
    const { rig, path } = rigWith("/etc/hosts", "127.0.0.1 localhost\n");
    decorate(path);
    const before = describeAttributes(path);
    await rig.kept(rig.promise("line:/etc/hosts#sensor", { line: "10.0.0.2 sensor" }));
    expect(readFileSync(path, "utf8")).toBe("127.0.0.1 localhost\n10.0.0.2 sensor\n");
    expect(describeAttributes(path)).toBe(before);
  });

  test("of one file are not given to another that took its place", async () => {
    const { rig, path } = rigWith("/etc/motd", "hello\n");
    decorate(path);
    const id = rig.promise("file:/etc/motd", { content: "hello\n" });
    await rig.kept(id);
    writeFileSync(`${path}.new`, "plain\n");
    const plain = describeAttributes(`${path}.new`);
    const repairs = rig.results.length;
    execFileSync("mv", [`${path}.new`, path]);
    await until("healed", () => rig.results.length > repairs && rig.isKept(id));
    expect(describeAttributes(path)).toBe(plain);
  });
});
