import type { AgentId, Json } from "@antibody/policy";
import type { EventCount, LogLine } from "../ports.ts";
import { EventCounts } from "./eventCounts.ts";
import { LineFormat } from "./lineFormat.ts";
import { descriptorWriter } from "./lineWriter.ts";

/** Lines kept for who looks later. Guess: a bad night of one agent; under 2 MB with lines of usual length. */
export const logLinesKeptMax = 1_000;
/** Bytes of one line as JSON; a longer one loses its fields. Guess: the evidence of an incident fits many times. */
export const logLineBytesMax = 65_536;
/** Who may listen at once. Guess: the followers of the control socket, and the command that runs the agent. */
const listenersMax = 64;

/** Where lines go. */
export interface LogDestination {
  /** Takes one line, with its end. Never waits, and never throws. */
  write(line: string): void;
}

/** What a log line is made of. */
export interface LogEntry {
  readonly name: string;
  readonly level: LogLine["level"];
  readonly fields: { readonly [field: string]: Json };
}

/** What a log needs. */
export interface LogOptions {
  readonly agent: AgentId;
  /** Where lines go as JSON, one each; `undefined` keeps them in memory only. */
  readonly destination: LogDestination | undefined;
  readonly wallMs: () => number;
}

/**
 * The agent's log: JSON lines to a destination, the newest ones kept, and listeners. Synchronous: the last line
 * before an end is there. Fields never replace `time`, `level`, `event` and `agent`.
 */
export class Log {
  readonly #options: LogOptions;
  readonly #format = new LineFormat();
  readonly #kept: LogLine[] = [];
  readonly #counts = new EventCounts();
  readonly #listeners = new Set<(line: LogLine) => void>();

  constructor(options: LogOptions) {
    this.#options = options;
  }

  tell(entry: LogEntry): void {
    const { line, text } = this.#lineOf(entry);
    this.#counts.count(line);
    this.#kept.push(line);
    // In one go now and then: cheaper than a shift for each line.
    if (this.#kept.length >= 2 * logLinesKeptMax) this.#kept.splice(0, this.#kept.length - logLinesKeptMax);
    this.#options.destination?.write(text);
    for (const listener of this.#listeners) listener(line);
  }

  /** The newest lines, oldest first, at most `logLinesKeptMax`. */
  recent(): readonly LogLine[] {
    return this.#kept.slice(-logLinesKeptMax);
  }

  /** How often each event was told, since the log began. */
  counts(): readonly EventCount[] {
    return this.#counts.list();
  }

  /** Calls the listener with every line from now on; returns what ends that. Throws beyond `listenersMax`. */
  onLine(listener: (line: LogLine) => void): () => void {
    if (this.#listeners.size >= listenersMax) throw new Error(`At most ${listenersMax} listen to the log`);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The line, and its JSON, which is made once: to see how long it is, and to be written. */
  #lineOf(entry: LogEntry): { readonly line: LogLine; readonly text: string } {
    const head = {
      time: new Date(this.#options.wallMs()).toISOString(),
      level: entry.level,
      event: entry.name,
      agent: this.#options.agent,
    };
    const line = { ...head, ...entry.fields, ...head };
    const text = this.#format.format(line);
    const bytes = Buffer.byteLength(text);
    if (bytes <= logLineBytesMax) return { line, text };
    const cut = { ...head, cutBytes: bytes };
    return { line: cut, text: this.#format.format(cut) };
  }
}

/**
 * Standard output as a destination, which is never waited for. When nobody reads it any more (a closed pipe), lines
 * are no longer written there; the agent goes on.
 */
export function standardOutput(agent: AgentId): LogDestination {
  return descriptorWriter(1, (count) => {
    const head = { time: new Date().toISOString(), level: "warn", event: "agent.linesDropped", agent };
    return `${JSON.stringify({ ...head, count })}\n`;
  });
}
