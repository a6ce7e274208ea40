// The pinned Node of an architecture, from the registry, with the integrity that the lockfile names.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./bundle.mjs";

/** The path of the Node executable for x64 or arm64; fetched once, where it is not installed. */
export function nodeExecutable(arch) {
  const name = `node-linux-${arch}`;
  const installed = join(root, "node_modules", name, "bin", "node");
  if (existsSync(installed)) return installed;
  const { version, integrity } = locked(name);
  const kept = join(root, "node_modules", ".cache", "antibody", `${name}-${version}`);
  const executable = join(kept, "bin", "node");
  if (!existsSync(executable)) fetchPackage(`${name}@${version}`, integrity, kept);
  return executable;
}

function locked(name) {
  const lockfile = readFileSync(join(root, "pnpm-lock.yaml"), "utf8");
  const found = new RegExp(
    `^  ${name}@([\\d.]+):\\n    resolution: \\{integrity: sha512-(\\S+)\\}`,
    "m",
  ).exec(lockfile);
  if (found === null) throw new Error(`pnpm-lock.yaml names no ${name}`);
  return { version: found[1], integrity: found[2] };
}

function fetchPackage(spec, integrity, kept) {
  process.stderr.write(`fetching ${spec} from the registry (once)\n`);
  mkdirSync(join(kept, ".."), { recursive: true });
  const scratch = mkdtempSync(`${kept}-`);
  try {
    // The package's own install script is not run: it fetches nothing that is needed here.
    const [packed] = JSON.parse(
      execFileSync("npm", ["pack", spec, "--json", "--ignore-scripts", "--pack-destination", scratch], {
        cwd: scratch,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "inherit"],
      }),
    );
    const tarball = join(scratch, packed.filename);
    const digest = createHash("sha512").update(readFileSync(tarball)).digest("base64");
    if (digest !== integrity) throw new Error(`${spec} is not what the lockfile names`);
    execFileSync("tar", ["-xzf", tarball, "-C", scratch, "package/bin/node"]);
    renameSync(join(scratch, "package"), kept);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
