/** Result codes of SQLite (https://sqlite.org/rescode.html); the low byte is the primary code. */
const busyCode = 5;
const corruptCode = 11;
const notADatabaseCode = 26;
const shortReadCode = 522;

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
