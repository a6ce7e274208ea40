import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const bin = join(root, "node_modules", ".bin");

/** A house of its own with the walls of this one, in which violations can be planted without harm. */
let house: string;

beforeAll(() => {
  house = mkdtempSync(join(tmpdir(), "antibody-walls-"));
  cpSync(join(root, "biome.json"), join(house, "biome.json"));
  cpSync(join(root, "lint"), join(house, "lint"), { recursive: true });
});

afterAll(() => rmSync(house, { recursive: true, force: true }));

function plant(path: string, text: string): string {
  const file = join(house, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${text}\n`);
  return file;
}

function run(command: string, args: readonly string[]): { readonly code: number; readonly output: string } {
  const done = spawnSync(join(bin, command), args, { cwd: house, encoding: "utf8" });
  return { code: done.status ?? 1, output: done.stdout + done.stderr };
}

function lint(path: string, text: string): { readonly code: number; readonly output: string } {
  const file = plant(path, text);
  try {
    return run("biome", ["lint", "--error-on-warnings", "--vcs-enabled=false", path]);
  } finally {
    rmSync(file);
  }
}

describe("the walls of the house", () => {
  it.each([
    ["packages/policy/src/planted.ts", 'import "@antibody/core";'],
    ["packages/policy/src/planted.ts", 'import "node:fs";'],
    ["packages/core/src/planted.ts", 'import "@antibody/agent";'],
    ["packages/core/src/planted.ts", 'import "node:crypto";'],
    ["packages/core/src/planted.ts", 'import "libp2p";'],
    ["packages/agent/src/planted.ts", 'import "@antibody/sim";'],
    ["sim/src/planted.ts", 'import "@antibody/agent";'],
    ["sim/report/planted.ts", 'import "node:zlib";'],
    ["sim/report/planted.ts", 'import "@antibody/core";'],
    ["sim/report/planted.ts", 'import "../src/world/world.ts";'],
    ["packages/core/src/planted.ts", "export const now: number = Date.now();"],
    ["packages/core/src/planted.ts", "export const dice: number = Math.random();"],
    ["packages/policy/src/planted.ts", 'export const order: number = "a".localeCompare("b");'],
  ])("lint refuses in %s: %s", (path, text) => {
    const { code, output } = lint(path, text);
    expect(output).toMatch(/noRestrictedImports|noRestrictedGlobals|no clock, no randomness/);
    expect(code).not.toBe(0);
  });

  it("lint refuses files that import each other, be it types alone", () => {
    const other = plant(
      "sim/src/other.ts",
      'import type { One } from "./planted.ts";\nexport type Other = One;',
    );
    const { code, output } = lint(
      "sim/src/planted.ts",
      'import type { Other } from "./other.ts";\nexport type One = Other | 1;',
    );
    rmSync(other);
    expect(output).toContain("noImportCycles");
    expect(code).not.toBe(0);
  });

  it("lint lets through what the direction of dependencies allows", () => {
    expect(lint("packages/core/src/planted.ts", 'import "@antibody/policy";')).toMatchObject({ code: 0 });
    expect(lint("sim/src/planted.ts", 'import "@antibody/core";')).toMatchObject({ code: 0 });
    expect(lint("sim/report/planted.ts", 'import "../src/recording/codec.ts";')).toMatchObject({ code: 0 });
  });

  it.each(["policy", "core"])("%s is compiled without Node's types", (name) => {
    const settings = {
      extends: join(root, "packages", name, "tsconfig.json"),
      compilerOptions: { rootDir: ".", outDir: "types", tsBuildInfoFile: "types/info" },
      include: ["planted.ts"],
      references: [],
    };
    plant(`compiled-${name}/tsconfig.json`, JSON.stringify(settings));
    plant(
      `compiled-${name}/planted.ts`,
      "export const device: unknown = [process.pid, setTimeout, document];",
    );
    const { code, output } = run("tsc", ["-p", `compiled-${name}`]);
    for (const foreign of ["process", "setTimeout", "document"]) expect(output).toContain(`'${foreign}'`);
    expect(code).not.toBe(0);
  });
});
