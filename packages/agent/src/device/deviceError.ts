/** Something that the device refused or could not do. `code` is an errno name where there is one. */
export class DeviceError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "DeviceError";
    this.code = code;
  }
}

/** The code of anything thrown: its errno name, or `ERROR`. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return "ERROR";
}

/** The message of anything thrown, in one line of bounded length: it travels into observations and logs. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split("\n")[0] ?? "").slice(0, messageCharactersMax).toWellFormed();
}

/** Characters of an error's message. A guess: room for a long path. */
const messageCharactersMax = 500;
