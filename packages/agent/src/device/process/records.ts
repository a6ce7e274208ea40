import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { isPlainObject } from "@antibody/policy";
import { codeOf } from "../deviceError.ts";
import { bootId } from "./proc.ts";

/**
 * Bytes of a child's output that are kept; then it begins anew. A guess: enough for what led to a crash, and no
 * load for a card.
 */
export const outputBytesMax = 1_048_576;

/** A child that was started, as it is known across a restart of the agent. */
export interface ChildRecord {
  readonly pid: number;
  readonly startTicks: number;
  /** Tells one start from the next: also in the child's environment, which its own children inherit. */
  readonly token: string;
  readonly commandDigest: string;
  readonly stopTimeoutMs: number;
}

/**
 * Files about supervised children: `<name>.json` says who runs, `<name>.log` is what it wrote. Names of
 * processes are plain, so that they are file names. Written without sync: after a power cut nobody runs.
 */
export class ChildRecords {
  readonly #directory: string;
  readonly #boot: string = bootId();

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** Names with a record. */
  names(): readonly string[] {
    return readdirSync(this.#directory)
      .filter((file) => file.endsWith(".json"))
      .map((file) => file.slice(0, -".json".length));
  }

  /** Undefined without a record of this boot; a torn one counts as none, since the child's environment tells too. */
  read(name: string): ChildRecord | undefined {
    let value: unknown;
    try {
      value = JSON.parse(readFileSync(this.#file(name), "utf8"));
    } catch {
      return undefined;
    }
    if (!isPlainObject(value) || value["v"] !== 1 || value["boot"] !== this.#boot) return undefined;
    const { pid, startTicks, token, commandDigest, stopTimeoutMs } = value;
    if (typeof pid !== "number" || typeof startTicks !== "number") return undefined;
    if (typeof token !== "string" || typeof commandDigest !== "string") return undefined;
    if (typeof stopTimeoutMs !== "number") return undefined;
    return { pid, startTicks, token, commandDigest, stopTimeoutMs };
  }

  /** A disk that takes no file does not end a service: without a record, the child's environment tells whose it is. */
  write(name: string, record: ChildRecord): void {
    attempt(() => {
      const temporary = `${this.#file(name)}.new`;
      writeFileSync(temporary, JSON.stringify({ v: 1, boot: this.#boot, ...record }), { mode: 0o600 });
      renameSync(temporary, this.#file(name));
    });
  }

  /** A record that cannot be removed harms nobody: its process is told by pid and start time, and is gone. */
  remove(name: string): void {
    attempt(() => rmSync(this.#file(name), { force: true }));
  }

  /** Where a child writes; what the one before it wrote is kept beside it once. */
  freshOutput(name: string): string {
    const path = this.#output(name);
    try {
      renameSync(path, `${path}.old`);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
    }
    return path;
  }

  /** The end of what a child wrote, at most so many bytes. */
  outputEnd(name: string, bytesMax: number): string {
    let handle: number;
    try {
      handle = openSync(this.#output(name), "r");
    } catch {
      return "";
    }
    try {
      const { size } = fstatSync(handle);
      const bytes = Buffer.alloc(Math.min(size, bytesMax));
      const length = readSync(handle, bytes, 0, bytes.length, size - bytes.length);
      return bytes.toString("utf8", 0, length);
    } finally {
      closeSync(handle);
    }
  }

  /** Begins the output anew when it has grown too long. Children append, so that they go on at its new end. */
  boundOutput(name: string): void {
    const path = this.#output(name);
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size > outputBytesMax) attempt(() => truncateSync(path));
  }

  #file(name: string): string {
    return join(this.#directory, `${name}.json`);
  }

  #output(name: string): string {
    return join(this.#directory, `${name}.log`);
  }
}

/** Does what the file system may refuse: a full disk, a card that went read-only. What else goes wrong is thrown. */
function attempt(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (codeOf(error) === "ERROR") throw error;
  }
}
