import type { AgentId, Json } from "@antibody/policy";
import { type DestinationStream, type Logger, pino } from "pino";
import type { EventCount, LogLine } from "../ports.ts";
import { EventCounts } from "./eventCounts.ts";
import { descriptorWriter } from "./lineWriter.ts";

/** Lines kept for who looks later. Guess: a bad night of one agent; under 2 MB with lines of usual length. */
export const logLinesKeptMax = 1_000;
/** Bytes of one line as JSON; a longer one loses its fields. Guess: the evidence of an incident fits many times. */
export const logLineBytesMax = 65_536;
/** Who may listen at once. Guess: the followers of the control socket, and the command that runs the agent. */
const listenersMax = 64;

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
  readonly destination: DestinationStream | undefined;
  readonly wallMs: () => number;
}

/**
 * The agent's log: JSON lines to a destination, the newest ones kept, and listeners. Synchronous: the last line
 * before an end is there. Fields never replace `time`, `level`, `event` and `agent`.
 */
export class Log {
  readonly #options: LogOptions;
  readonly #logger: Logger | undefined;
  readonly #kept: LogLine[] = [];
  readonly #counts = new EventCounts();
  readonly #listeners = new Set<(line: LogLine) => void>();

  constructor(options: LogOptions) {
    this.#options = options;
    this.#logger = options.destination === undefined ? undefined : jsonLogger(options.destination);
  }

  tell(entry: LogEntry): void {
    const line = this.#lineOf(entry);
    this.#counts.count(line);
    this.#kept.push(line);
    // In one go now and then: cheaper than a shift for each line.
    if (this.#kept.length >= 2 * logLinesKeptMax) this.#kept.splice(0, this.#kept.length - logLinesKeptMax);
    const { level, ...rest } = line;
    this.#logger?.[level](rest);
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

  #lineOf(entry: LogEntry): LogLine {
    const head = {
      time: new Date(this.#options.wallMs()).toISOString(),
      level: entry.level,
      event: entry.name,
      agent: this.#options.agent,
    };
    const bytes = Buffer.byteLength(JSON.stringify(entry.fields));
    return bytes > logLineBytesMax ? { ...head, cutBytes: bytes } : { ...head, ...entry.fields, ...head };
  }
}

/**
 * Standard output as a destination, which is never waited for. When nobody reads it any more (a closed pipe), lines
 * are no longer written there; the agent goes on.
 */
export function standardOutput(agent: AgentId): DestinationStream {
  return descriptorWriter(1, (count) => {
    const head = { time: new Date().toISOString(), level: "warn", event: "agent.linesDropped", agent };
    return `${JSON.stringify({ ...head, count })}\n`;
  });
}

function jsonLogger(destination: DestinationStream): Logger {
  return pino(
    { base: null, timestamp: false, formatters: { level: (level) => ({ level }) }, level: "info" },
    destination,
  );
}
