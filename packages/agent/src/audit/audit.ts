import { closeSync, fdatasyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isPlainObject, type Json } from "@antibody/policy";
import { errnoOf } from "../state/stateError.ts";
import { isSaidAgain } from "./saidAgain.ts";

/** Bytes of one file of the audit log; there are two, and the older one goes. Guess: some thousand orders in each. */
const auditBytesMax = 524_288;
/** Bytes of one line; fields of a longer one are left out. Guess: the largest grant takes a quarter. */
const lineBytesMax = 65_536;

/** How long what the next start would say again may wait to be written, and how much of it. Guesses. */
const waitingMs = 1_000;
const waitingLinesMax = 64;

/** The first line of each life of the agent. */
const startedEvent = "agent.started";

/** Who gave an order through the control socket. */
export interface Caller {
  /** The process, as it said itself; what follows is the kernel's word on that process. */
  readonly pid: number;
  readonly uid?: number;
  /** Who logged in, also where they have become somebody else since. */
  readonly loginUid?: number;
}

/** One thing that was done to the agent, or that it did about policy and people. */
export interface AuditLine {
  readonly v: 1;
  /** RFC 3339 in UTC, by the agent's wall clock. */
  readonly time: string;
  /** `order.pause` and the like for what somebody ordered, else the event as the log tells it. */
  readonly event: string;
  /** Absent for what nobody ordered, and where the caller did not say. */
  readonly by?: Caller;
  readonly fields: { readonly [field: string]: Json };
}

/**
 * Who did what and why, and which policy came into force when: lines of JSON in two files of the state directory.
 * A line is on the disk when `note` returns, where the disk takes it; a full one refuses no order. What the next start
 * would say again need not be waited for: it is written a second later, with what came meanwhile. And that the agent was
 * started is in the kernel's hands: the first repairs do not wait for a card, and the next line takes it along.
 */
export class Audit {
  readonly #directory: string;
  readonly #onFailure: (error: unknown) => void;
  #isFailing = false;
  #waiting: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(directory: string, onFailure: (error: unknown) => void) {
    this.#directory = directory;
    this.#onFailure = onFailure;
  }

  note(line: AuditLine): void {
    const whole = `${JSON.stringify(line)}\n`;
    const text =
      whole.length <= lineBytesMax
        ? whole
        : `${JSON.stringify({ ...line, fields: { cutBytes: whole.length } })}\n`;
    this.#waiting.push(text);
    if (line.event === startedEvent) this.#write(false);
    else if (!isSaidAgain(line.event)) this.#write(true);
    else if (this.#waiting.length >= waitingLinesMax) this.#write(false);
    else this.#timer ??= setTimeout(() => this.#write(false), waitingMs).unref();
  }

  /** Hands what waits to the kernel. */
  flush(): void {
    this.#write(false);
  }

  #write(isSynced: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#waiting.join("");
    this.#waiting = [];
    if (text === "") return;
    try {
      this.#append(text, isSynced);
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#onFailure(error);
      this.#isFailing = true;
    }
  }

  #append(text: string, isSynced: boolean): void {
    const { current, older } = auditPaths(this.#directory);
    const size = statSync(current, { throwIfNoEntry: false })?.size ?? 0;
    if (size + text.length > auditBytesMax) renameSync(current, older);
    const file = openSync(current, "a", 0o600);
    try {
      writeSync(file, text);
      if (isSynced) fdatasyncSync(file);
    } finally {
      closeSync(file);
    }
  }
}

/** Everything that is kept, oldest first. A line that was cut by a loss of power is left out. */
export function readAudit(stateDirectory: string): readonly AuditLine[] {
  const { current, older } = auditPaths(stateDirectory);
  return [older, current].flatMap((path) => textOf(path).split("\n").flatMap(lineOf));
}

function auditPaths(directory: string): { readonly current: string; readonly older: string } {
  return { current: join(directory, "audit.jsonl"), older: join(directory, "audit.1.jsonl") };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return "";
    throw error;
  }
}

/** The agent's own word, from a file that only it may write. */
function lineOf(text: string): readonly AuditLine[] {
  try {
    const line: unknown = JSON.parse(text);
    return isPlainObject(line) && line["v"] === 1 ? [line as unknown as AuditLine] : [];
  } catch {
    return [];
  }
}
