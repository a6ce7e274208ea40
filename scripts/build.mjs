// Everything that is released: the bundle, an executable and a Debian package for each architecture.
// `npm run build -- x64` makes those of one architecture only; `--no-packages` leaves the packages out.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { bundleModule, bundleParts, dist, root } from "./build/bundle.mjs";
import { canPackage, makePackage } from "./build/debian.mjs";
import { makeExecutable } from "./build/executable.mjs";

const args = process.argv.slice(2);
const named = args.filter((arg) => ["x64", "arm64"].includes(arg));
const arches = named.length === 0 ? ["x64", "arm64"] : named;
const packaging = !args.includes("--no-packages");

const bundle = await bundleModule();
const made = [bundle];
const scratch = mkdtempSync(join(dist, ".parts-"));
const parts = await bundleParts(scratch);
for (const arch of arches) {
  const executable = await makeExecutable(arch, bundle, parts);
  made.push(executable);
  if (packaging && canPackage()) made.push(makePackage(arch, executable, bundle));
}
rmSync(scratch, { recursive: true });
if (packaging && !canPackage()) {
  process.stderr.write(
    "antibody: no Debian packages were made\n  next: apt-get install dpkg, and build again\n",
  );
}
for (const path of made) {
  const megabytes = (statSync(path).size / 1e6).toFixed(1);
  process.stdout.write(`${megabytes.padStart(6)} MB  ${relative(root, path)}\n`);
}
