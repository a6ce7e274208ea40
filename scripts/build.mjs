// Everything that is released: the bundle, an executable and a Debian package for each architecture.
import { rmSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { bundleModule, bundleScript, dist, root } from "./build/bundle.mjs";
import { makeExecutable } from "./build/executable.mjs";

const made = [await bundleModule()];
const script = await bundleScript(join(dist, ".antibody.cjs"));
for (const arch of ["x64", "arm64"]) made.push(await makeExecutable(arch, script));
rmSync(script);
for (const path of made) {
  const megabytes = (statSync(path).size / 1e6).toFixed(1);
  process.stdout.write(`${megabytes.padStart(6)} MB  ${relative(root, path)}\n`);
}
