import { existsSync } from "node:fs";
import { join } from "node:path";
import { CliError, exitCode } from "../errors.ts";

/** Where the keys of an author lie. Of several keys each has a number: `home.1.key`. */
export interface KeyPaths {
  readonly key: string;
  readonly nextKey: string;
}

/** Paths of one key of an author and of the next one. */
export function keyPaths(directory: string, name: string): KeyPaths {
  return { key: join(directory, `${name}.key`), nextKey: join(directory, `${name}.next.key`) };
}

/** Throws a CliError where one of the files is there. */
export function refuseExisting(paths: readonly string[]): void {
  const existing = paths.find((path) => existsSync(path));
  if (existing === undefined) return;
  throw new CliError({
    code: "exists",
    message: `${existing} exists already`,
    cause: "a key that is overwritten cannot be made again",
    next: "choose another --name or --out",
    exit: exitCode.failed,
  });
}
