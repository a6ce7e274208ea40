import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ResourcePromise } from "@antibody/policy";
import { whyWithout } from "../../../../cli/test/tools.ts";
import { type Rig, resource } from "../rig.ts";
import type { Stage } from "./stage.ts";

/** The status of a package whose installation was interrupted, as dpkg itself writes it. */
const interrupted = ["half-configured", "unpacked", "half-installed"] as const;

/** Packages in a dpkg root of the test, installed from what the test has built. */
export const packageStage: Stage = {
  kind: "package",
  reason: process.getuid?.() === 0 ? whyWithout("dpkg", "dpkg-deb") : "dpkg installs as root alone",
  arrange: (rig, draw) => {
    makeDpkg(rig);
    const before = draw.of("absent", "1.0", "2.0", "removed", ...interrupted);
    dpkg(rig, "--purge", "--force-all", "hello-antibody");
    if (before !== "absent") dpkg(rig, "--install", sourceOf(rig, before === "2.0" ? "2.0" : "1.0"));
    if (before === "removed") dpkg(rig, "--remove", "hello-antibody");
    const status = interrupted.find((each) => each === before);
    if (status !== undefined) setStatus(rig, status);
    const promise = draw.of<ResourcePromise>(
      { source: "/srv/hello-1.0.deb", version: "1.0" },
      { source: "/srv/hello-2.0.deb", version: "2.0" },
      { source: "/srv/hello-2.0.deb" },
      { absent: true },
    );
    return { id: resource("package:hello-antibody"), promise };
  },
};

function sourceOf(rig: Rig, version: string): string {
  return rig.real(`/srv/hello-${version}.deb`);
}

/** An empty database, and two versions of a package. */
export function makeDpkg(rig: Rig): void {
  const admin = rig.real("/var/lib/dpkg");
  if (existsSync(admin)) return;
  for (const directory of ["info", "updates", "triggers"])
    mkdirSync(join(admin, directory), { recursive: true });
  writeFileSync(join(admin, "status"), "");
  mkdirSync(rig.real("/srv"), { recursive: true });
  for (const version of ["1.0", "2.0"]) build(rig, "hello-antibody", version, sourceOf(rig, version));
}

/** Builds a package that holds one file. */
export function build(rig: Rig, name: string, version: string, source: string): void {
  const tree = rig.real(`/srv/${name}-${version}`);
  mkdirSync(join(tree, "DEBIAN"), { recursive: true });
  mkdirSync(join(tree, "usr/share", name), { recursive: true });
  writeFileSync(join(tree, "usr/share", name, "version"), version);
  writeFileSync(
    join(tree, "DEBIAN/control"),
    `Package: ${name}\nVersion: ${version}\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: says its version\n`,
  );
  execFileSync("dpkg-deb", ["-Znone", "--root-owner-group", "--build", tree, source], {
    stdio: "ignore",
    timeout: 20_000,
  });
}

/** As dpkg would have left it. */
function dpkg(rig: Rig, ...words: readonly string[]): void {
  execFileSync("dpkg", [`--root=${rig.real("/")}`, ...words], { stdio: "ignore", timeout: 20_000 });
}

function setStatus(rig: Rig, status: string): void {
  const path = rig.real("/var/lib/dpkg/status");
  const flag = status === "half-installed" ? "reinstreq" : "ok";
  writeFileSync(
    path,
    readFileSync(path, "utf8").replace(/^Status: .*$/m, `Status: install ${flag} ${status}`),
  );
}
