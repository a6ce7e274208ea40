import { readFile, writeFile } from "node:fs/promises";
import { readBundle, type SimBundle } from "@antibody/sim";
import { CliError, exitCode, messageOf } from "../errors.ts";

/** Where the bundle of a seed is kept where nobody names a file. */
export function bundleFileName({ shrunkFrom }: SimBundle): string {
  return `${shrunkFrom.scenario}-${shrunkFrom.seed}.bundle.json`;
}

/** Writes a bundle, readable: people look into it. */
export async function writeBundle(file: string, bundle: SimBundle): Promise<void> {
  await writeFile(file, `${JSON.stringify(bundle, undefined, 2)}\n`);
}

/** Reads a bundle. Throws where the file is none. */
export async function loadBundle(file: string, self: string): Promise<SimBundle> {
  try {
    return readBundle(await readFile(file, "utf8"));
  } catch (error) {
    throw new CliError({
      code: "bundle",
      message: `${file} is no bundle that can be replayed`,
      cause: messageOf(error),
      next: `${self} sim shrink SCENARIO --seed SEED makes one`,
      exit: exitCode.failed,
    });
  }
}
