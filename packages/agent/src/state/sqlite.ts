import { errnoOf } from "./stateError.ts";

/** Result codes of SQLite (https://sqlite.org/rescode.html); the low byte is the primary code. */
const busyCode = 5;
const corruptCode = 11;
const notADatabaseCode = 26;
const shortReadCode = 522;

/** What the system's names of errors (errno(3)) are for what keeps SQLite from writing. */
const refusals: ReadonlyMap<number, string> = new Map([
  [8, "EROFS"],
  [10, "EIO"],
  [13, "ENOSPC"],
  [14, "EMFILE"],
]);

/** A write that the system refused: the name of the error, and what was said. */
export interface WriteRefusal {
  readonly code: string;
  readonly message: string;
}

/** Why something could not be written, whatever was thrown. */
export function writeRefusal(error: unknown): WriteRefusal {
  const message = error instanceof Error ? error.message : String(error);
  const primary = primaryCode(error);
  const known = primary === undefined ? undefined : refusals.get(primary);
  return { code: known ?? errnoOf(error) ?? "ERROR", message };
}

/** Whether another process holds the database. */
export function isBusy(error: unknown): boolean {
  return primaryCode(error) === busyCode;
}

/** Whether the database is damaged: truncated, overwritten, or no database at all. */
export function isBroken(error: unknown): boolean {
  const primary = primaryCode(error);
  return primary === corruptCode || primary === notADatabaseCode || resultCode(error) === shortReadCode;
}

function primaryCode(error: unknown): number | undefined {
  const code = resultCode(error);
  return code === undefined ? undefined : code & 0xff;
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode : undefined;
}
