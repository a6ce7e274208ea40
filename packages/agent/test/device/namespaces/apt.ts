/**
 * Installs from a repository of apt that it makes itself, on a copy of this machine: `apt.ts STATE`. Says one line of
 * JSON for each broken state and promise.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ResourcePromise } from "@antibody/policy";
import { Alone, say } from "./alone.ts";

const [, , stateDirectory = ""] = process.argv;
const repository = "/tmp/repository";
const name = "hello-antibody";

// The machine's own sources are not asked, and its lists are not read.
for (const path of ["/etc/apt/sources.list", "/etc/apt/sources.list.d", "/etc/apt/apt.conf.d/docker-clean"])
  rmSync(path, { recursive: true, force: true });
writeFileSync("/etc/apt/sources.list", `deb [trusted=yes] file:${repository} ./\n`);
const entries = ["1.0", "2.0"].map(build);
execFileSync("apt-get", ["-q", "update"], { stdio: ["ignore", "ignore", "inherit"], timeout: 60_000 });
// Came after the last update: the first try must fail, and a second one find it.
writeFileSync(join(repository, "Packages"), entries.join("\n"));

const promises: readonly ResourcePromise[] = [
  { version: "1.0" },
  {},
  { version: "2.0" },
  { version: "1.0" },
  { absent: true },
  { version: "9.9" },
];
const alone = new Alone("/", stateDirectory);
for (const promise of promises) say(name, promise, await alone.heal(`package:${name}`, promise));
await alone.stop();

function build(version: string): string {
  const tree = `/tmp/tree-${version}`;
  mkdirSync(join(tree, "DEBIAN"), { recursive: true });
  mkdirSync(repository, { recursive: true });
  const control = `Package: ${name}\nVersion: ${version}\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: says its version\n`;
  writeFileSync(join(tree, "DEBIAN/control"), control);
  const file = `${name}_${version}_all.deb`;
  execFileSync("dpkg-deb", ["-Znone", "--root-owner-group", "--build", tree, join(repository, file)], {
    stdio: ["ignore", "ignore", "inherit"],
    timeout: 20_000,
  });
  writeFileSync(join(repository, "Packages"), "");
  const bytes = readFileSync(join(repository, file));
  const sum = createHash("sha256").update(bytes).digest("hex");
  return `${control}Filename: ./${file}\nSize: ${bytes.length}\nSHA256: ${sum}\n`;
}
