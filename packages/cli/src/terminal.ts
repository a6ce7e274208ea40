import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import type { Environment } from "@antibody/agent/control";
import { processScreen, type Screen } from "./watch/screen.ts";

/** Where a command reads and writes: the process's own streams, or a test's. */
export interface Terminal {
  /** Standard output: results only. */
  out(text: string): void;
  /** Standard error: errors, and what is meant for the eye alone. */
  err(text: string): void;
  /** Whether somebody sits there and can be asked. */
  readonly canAsk: boolean;
  /** Whether standard error is looked at live: a line there may be painted over. */
  readonly live: boolean;
  /** Columns of the output, where it is a terminal. */
  readonly columns: number | undefined;
  readonly environment: Environment;
  readonly userId: number;
  /** Aborts when the user interrupts (SIGINT, SIGTERM). */
  readonly interrupted: AbortSignal;
  now(): number;
  /** Yes or no; no when the user backs out. */
  confirm(question: string): Promise<boolean>;
  /** A line; undefined when the user backs out. */
  askLine(question: string): Promise<string | undefined>;
  /** A line that is not shown; undefined when the user backs out. */
  askSecret(question: string): Promise<string | undefined>;
  /** The terminal as a screen with keys; undefined where nobody sits before one. */
  openScreen(): Screen | undefined;
}

const signalNames = ["SIGINT", "SIGTERM"] as const;

/**
 * Signals so soon after the first are copies of it: Ctrl-C goes to all processes of the terminal, and npm and
 * scripts/run.mjs each pass theirs on. A guess, below the time in which somebody loses patience.
 */
const copiesWithinMs = 1_000;

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const interrupted = new AbortController();
  let interruptedMs = 0;
  // The first signal asks to end in order, the next one, of either kind, ends the process.
  const interrupt = (name: NodeJS.Signals): void => {
    if (!interrupted.signal.aborted) {
      interruptedMs = performance.now();
      interrupted.abort();
    } else if (performance.now() - interruptedMs > copiesWithinMs) {
      for (const each of signalNames) process.off(each, interrupt);
      process.kill(process.pid, name);
    }
  };
  let listening = false;
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
    live: process.stderr.isTTY === true,
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    environment: process.env,
    userId: process.getuid?.() ?? 0,
    // Who listens to a signal is not ended by it any more: only commands that ask for this listen.
    get interrupted() {
      if (!listening) for (const name of signalNames) process.on(name, interrupt);
      listening = true;
      return interrupted.signal;
    },
    now: () => Date.now(),
    openScreen: processScreen,
    async confirm(question) {
      const answer = await ask(`${question} [y/N] `, process.stderr);
      return answer !== undefined && /^y(es)?$/i.test(answer.trim());
    },
    askLine: (question) => ask(question, process.stderr),
    askSecret: async (question) => {
      const answer = await ask(`${question}: `, undefined);
      process.stderr.write("\n");
      return answer;
    },
  };
}

/**
 * Asks for a line; undefined when the user backs out. Without an echo nothing that is typed shows. Plain on purpose:
 * it works on a serial console that knows neither its width nor colors.
 */
async function ask(question: string, echo: NodeJS.WriteStream | undefined): Promise<string | undefined> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({
    input: process.stdin,
    output: echo ?? silent,
    terminal: true,
    historySize: 0,
  });
  if (echo === undefined) process.stderr.write(question);
  return new Promise((answered) => {
    // Ctrl-C and Ctrl-D close it without an answer.
    lines.once("close", () => answered(undefined));
    lines.question(echo === undefined ? "" : question, (answer) => {
      answered(answer);
      lines.close();
    });
  });
}
