import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Launcher } from "../../packages/cli/src/demo/command.ts";

const dist = join(import.meta.dirname, "..", "..", "dist");

/** Where Debian puts the libraries of arm64 that a cross build links against (libstdc++6-arm64-cross). */
const arm64Libraries = "/usr/aarch64-linux-gnu";
const emulator = "qemu-aarch64-static";

/** The single executables that `npm run build` made; the one for arm64 runs under emulation elsewhere. */
export const executables: { readonly x64: string; readonly arm64: string } = {
  x64: join(dist, "antibody-linux-x64"),
  arm64: join(dist, "antibody-linux-arm64"),
};

/** The Debian package that `npm run build` made. */
export const debianPackage: string = join(dist, "antibody_0.1.0_amd64.deb");

/** How the executable of an architecture is run on this machine, which is an x64 one. */
export function executableLauncher(arch: "x64" | "arm64"): Launcher {
  return arch === "x64"
    ? { file: executables.x64, args: [] }
    : { file: emulator, args: ["-L", arm64Libraries, executables.arm64] };
}

/** Why a test with these executables cannot run here; undefined where it can. In CI it must run. */
export function whyNoExecutables(...arches: readonly ("x64" | "arm64")[]): string | undefined {
  return skipReason([
    [process.arch !== "x64", "the executables are tried on x64"],
    ...arches.map((arch) => [!existsSync(executables[arch]), `npm run build has not made ${arch}`] as const),
    [arches.includes("arm64") && !hasCommand(emulator, "--version"), `missing: ${emulator}`],
    [arches.includes("arm64") && !existsSync(arm64Libraries), "missing: libstdc++6-arm64-cross"],
  ]);
}

/** Why a bare Debian cannot be made here; undefined where it can. In CI it must be. */
export function whyNoDebian(): string | undefined {
  return skipReason([
    [process.arch !== "x64", "the package is tried on x64"],
    [process.getuid?.() !== 0, "a bare Debian is made by root"],
    [!existsSync(debianPackage), "npm run build has not made the package"],
    [!hasCommand("debootstrap", "--version"), "missing: debootstrap"],
  ]);
}

function skipReason(obstacles: readonly (readonly [is: boolean, reason: string])[]): string | undefined {
  const reason = obstacles.find(([is]) => is)?.[1];
  if (reason !== undefined && process.env["CI"] !== undefined)
    throw new Error(`${reason}, and CI must run this test`);
  return reason;
}

function hasCommand(file: string, ...args: readonly string[]): boolean {
  return spawnSync(file, args, { stdio: "ignore" }).error === undefined;
}
