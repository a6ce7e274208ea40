import type { ActionResult, Observation } from "@antibody/core";
import type { ResourceId } from "@antibody/policy";
import { DeviceError } from "../device/deviceError.ts";
import { type ActionRun, done, failed } from "../device/resourceBody.ts";
import { PluginChild } from "./child.ts";
import type { RegisteredPlugin } from "./registry.ts";
import { observationOf, oneLine, type PluginMessage } from "./wire.ts";

/** Starts of one plug-in within `restartsWithinMs`; beyond them it rests. Guess: a script that dies at once costs little. */
const restartsMax = 5;
const restartsWithinMs = 60_000;
/** Questions to one plug-in that are open at once. Guess: more than one device has resources of one kind in a hurry. */
const openMax = 64;
/** After it was told to cancel, a plug-in may take this long; then it is ended. Guess. */
const cancelMs = 1_000;
/** Progress comes no closer together. Guess: people read no faster, and each is a step of the mind. */
const progressEveryMs = 100;
/** Characters of what is told of one repair. As for commands. */
const detailCharactersMax = 1_024;

/** What a plug-in is asked about. */
export interface PluginQuestion {
  readonly resource: ResourceId;
  /** What follows the name of the plug-in. */
  readonly name: string;
  readonly fields: object;
}

interface Open {
  take(message: PluginMessage): void;
  fail(error: DeviceError): void;
}

/** One plug-in of the owner: its process, started when it is needed and again when it ended, and what it was asked. */
export class PluginHost {
  readonly #name: string;
  readonly #plugin: RegisteredPlugin;
  readonly #changed: (resource: ResourceId) => void;
  readonly #open = new Map<number, Open>();
  #child: PluginChild | undefined;
  #startsMs: readonly number[] = [];
  #lastId = 0;
  #lastCause = "";
  #isStopped = false;

  constructor(name: string, plugin: RegisteredPlugin, changed: (resource: ResourceId) => void) {
    this.#name = name;
    this.#plugin = plugin;
    this.#changed = changed;
  }

  /** Looks. Throws a DeviceError where the plug-in cannot tell. */
  async observe(question: PluginQuestion, timeoutMs: number, signal: AbortSignal): Promise<Observation> {
    const message = await this.#ask("observe", question, { timeoutMs, signal, onStep: () => undefined });
    if ("kept" in message) return observationOf(message);
    throw new DeviceError("EPROTO", `the plug-in ${this.#name} answered a look with something else`);
  }

  /** Repairs, with the plug-in's own steps; `repair` is what it said that it would do. Throws a DeviceError where the plug-in fails. */
  async repair(
    question: PluginQuestion & { readonly repair: string },
    timeoutMs: number,
    run: ActionRun,
  ): Promise<ActionResult> {
    let toldMs = Number.NEGATIVE_INFINITY;
    const message = await this.#ask("repair", question, {
      timeoutMs,
      signal: run.signal,
      onStep: ({ step, of, note }) => {
        const nowMs = performance.now();
        if (nowMs - toldMs < progressEveryMs && step < of) return;
        toldMs = nowMs;
        run.progress(Math.min(step, of), of, oneLine(note ?? "", 120));
      },
    });
    if (run.signal.aborted) return { type: "canceled" };
    if ("done" in message) return done(oneLine(message.done, detailCharactersMax));
    return failed("EPROTO", "the plug-in answered a repair with something else");
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#child?.stop();
  }

  async #ask(verb: "observe" | "repair", question: PluginQuestion, how: Asking): Promise<PluginMessage> {
    if (this.#open.size >= openMax)
      throw new DeviceError("EBUSY", `the plug-in ${this.#name} has ${openMax} open questions`);
    const child = this.#running();
    await child.ready;
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<PluginMessage>();
    const hurry = (): void => {
      child.send({ id, do: "cancel" });
      setTimeout(() => {
        if (this.#open.has(id)) child.kill(`it went on for ${cancelMs} ms after it was told to cancel`);
      }, cancelMs).unref();
    };
    const timer = setTimeout(() => {
      reject(new DeviceError("ETIMEDOUT", `the plug-in ${this.#name} took longer than ${how.timeoutMs} ms`));
      hurry();
    }, how.timeoutMs);
    how.signal.addEventListener("abort", hurry, { once: true });
    this.#open.set(id, {
      take: (message) => {
        if ("step" in message) {
          how.onStep(message);
          return;
        }
        this.#open.delete(id);
        if ("error" in message) reject(errorOf(this.#name, message.error));
        else resolve(message);
      },
      fail: reject,
    });
    try {
      child.send({ id, do: verb, ...question });
      if (how.signal.aborted) hurry();
      return await promise;
    } finally {
      clearTimeout(timer);
      how.signal.removeEventListener("abort", hurry);
    }
  }

  /** The process, or a new one where it has ended; throws while it has ended too often. */
  #running(): PluginChild {
    if (this.#isStopped) throw new DeviceError("ECANCELED", "the agent stops");
    if (this.#child !== undefined) return this.#child;
    const nowMs = performance.now();
    this.#startsMs = this.#startsMs.filter((startMs) => nowMs - startMs < restartsWithinMs);
    if (this.#startsMs.length >= restartsMax)
      throw new DeviceError(
        "EPLUGIN",
        `the plug-in ${this.#name} ended ${restartsMax} times within ${restartsWithinMs / 1_000} s and rests; the last: ${this.#lastCause}`,
      );
    this.#startsMs = [...this.#startsMs, nowMs];
    const child = new PluginChild({
      name: this.#name,
      command: this.#plugin.command,
      onMessage: (message) => this.#take(message),
      onEnd: (cause) => this.#ended(cause),
    });
    this.#child = child;
    return child;
  }

  #take(message: PluginMessage): void {
    if ("changed" in message) this.#changed(message.changed as ResourceId);
    // What answers no question any more came too late.
    else if ("id" in message) this.#open.get(message.id)?.take(message);
  }

  #ended(cause: string): void {
    this.#child = undefined;
    this.#lastCause = cause;
    const error = new DeviceError("EPLUGIN", `the plug-in ${this.#name}: ${cause}`);
    for (const { fail } of this.#open.values()) fail(error);
    this.#open.clear();
  }
}

interface Asking {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onStep: (message: Extract<PluginMessage, { readonly step: number }>) => void;
}

function errorOf(
  name: string,
  { code, message }: { readonly code?: string | undefined; readonly message: string },
): DeviceError {
  const text = oneLine(message, detailCharactersMax);
  return new DeviceError(
    /^[A-Z][A-Z0-9]{1,15}$/.test(code ?? "") ? (code ?? "") : "EPLUGIN",
    `${name}: ${text}`,
  );
}
