import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { DeviceError } from "../device/deviceError.ts";
import { childEnvironment, signalGroup } from "../device/process/group.ts";
import { withoutCapabilities } from "../device/process/privileges.ts";
import { lineBytesMax, oneLine, type PluginMessage, pluginVersion, readMessage } from "./wire.ts";

/** A plug-in must say who it is within this time. A guess: an interpreter starts on a slow card. */
const helloMs = 5_000;
/** From the end of its input to SIGTERM, and from there to SIGKILL. Guesses. */
const lastWordsMs = 500;
/** Bytes kept of what it writes to its error stream, for whoever asks why. Guess: a stack of a script. */
const errorBytesMax = 4_096;

/** What a plug-in's process needs. */
export interface PluginChildOptions {
  readonly name: string;
  readonly command: readonly string[];
  readonly onMessage: (message: PluginMessage) => void;
  /** It has ended, or was ended because it broke the rules; nothing follows. */
  readonly onEnd: (cause: string) => void;
}

/** One process of a plug-in: lines of JSON to its input and from its output. */
export class PluginChild {
  readonly #options: PluginChildOptions;
  readonly #child: ChildProcess;
  readonly #hello = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  #errorText = "";
  #cause: string | undefined;
  #isGreeted = false;

  constructor(options: PluginChildOptions) {
    this.#options = options;
    const [program = "", ...args] = withoutCapabilities(options.command);
    this.#child = spawn(program, args, {
      cwd: "/",
      env: childEnvironment(),
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#hello.promise.catch(() => undefined);
    this.#listen();
  }

  /** Resolves when it has said who it is; rejects with a DeviceError when it does not. */
  get ready(): Promise<void> {
    return this.#hello.promise;
  }

  /** Throws a DeviceError where the line is too long. */
  send(message: object): void {
    const text = `${JSON.stringify(message)}\n`;
    if (Buffer.byteLength(text) > lineBytesMax)
      throw new DeviceError("E2BIG", `a line to a plug-in has at most ${lineBytesMax} bytes`);
    this.#child.stdin?.write(text);
  }

  /** Ends it by force; the cause is told. */
  kill(cause: string): void {
    this.#cause ??= cause;
    const { pid } = this.#child;
    if (pid !== undefined) signalGroup(pid, "SIGKILL");
  }

  /** Ends it in order: its input ends, then it is asked, then killed. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#cause ??= "the agent stops";
    this.#child.stdin?.end();
    const { pid } = this.#child;
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      if (await this.#goneWithin(lastWordsMs)) return;
      if (pid !== undefined) signalGroup(pid, signal);
    }
    await this.#gone.promise;
  }

  async #goneWithin(ms: number): Promise<boolean> {
    const late = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => late.resolve(false), ms);
    const isGone = await Promise.race([this.#gone.promise.then(() => true), late.promise]);
    clearTimeout(timer);
    return isGone;
  }

  #listen(): void {
    const child = this.#child;
    const timer = setTimeout(() => this.kill(`it did not say who it is within ${helloMs} ms`), helloMs);
    child.once("error", (error) => this.#end(`it cannot be started: ${error.message}`, timer));
    child.once("exit", (code, signal) => {
      // What it left behind in its group must not hold its streams open.
      if (child.pid !== undefined) signalGroup(child.pid, "SIGKILL");
      this.#end(`it ended with ${signal ?? code}`, timer);
    });
    // A plug-in that reads no more is noticed by its end, or by the time of what it was asked.
    child.stdin?.on("error", () => undefined);
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errorText = (this.#errorText + text).slice(-errorBytesMax);
    });
    if (child.stdout !== null) this.#readLines(child.stdout, timer);
  }

  #readLines(stdout: Readable, timer: NodeJS.Timeout): void {
    let rest = "";
    stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (this.#cause === undefined) this.#take(line, timer);
      if (rest.length > lineBytesMax) this.kill(`it wrote a line of more than ${lineBytesMax} bytes`);
    });
  }

  #take(line: string, timer: NodeJS.Timeout): void {
    const message = line.length > lineBytesMax ? undefined : readMessage(line);
    if (message === undefined) {
      this.kill(
        line.length > lineBytesMax
          ? `it wrote a line of more than ${lineBytesMax} bytes`
          : `it wrote what is no message: ${oneLine(line, 80)}`,
      );
    } else if (this.#isGreeted) this.#options.onMessage(message);
    else this.#greet(message, timer);
  }

  #greet(message: PluginMessage, timer: NodeJS.Timeout): void {
    if (!("plugin" in message)) {
      this.kill("its first line does not say who it is");
      return;
    }
    if (message.plugin !== this.#options.name) {
      this.kill(`it says that it is ${oneLine(message.plugin, 40)}, version ${pluginVersion}`);
      return;
    }
    this.#isGreeted = true;
    clearTimeout(timer);
    this.#hello.resolve();
  }

  #end(how: string, timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    const lastLine = oneLine(this.#errorText.trimEnd().split("\n").at(-1) ?? "", 160);
    const cause = `${this.#cause ?? how}${lastLine === "" ? "" : `; it said: ${lastLine}`}`;
    this.#hello.reject(new DeviceError("EPLUGIN", `the plug-in ${this.#options.name}: ${cause}`));
    this.#gone.resolve();
    this.#options.onEnd(cause);
  }
}
