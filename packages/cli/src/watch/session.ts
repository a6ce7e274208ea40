import type { AgentInspection, ControlClient } from "@antibody/agent/control";
import type { OwnerCommand } from "@antibody/core";
import type { Json } from "@antibody/policy";
import { messageOf } from "../errors.ts";
import { Moments } from "../live/moments.ts";
import { targetText } from "../ownerCommand.ts";
import { withSelf } from "../self.ts";
import { type WatchView, watchView } from "../views/watch.ts";
import { whyLines, whyView } from "../views/why.ts";
import { frame } from "./frame.ts";
import { keysIn } from "./keys.ts";
import { hideCursor, Painter, showCursor } from "./painter.ts";
import type { Screen } from "./screen.ts";
import { firstState, press, type WatchState } from "./state.ts";

/** What a live screen stands on. */
export interface SessionOptions {
  readonly client: Pick<ControlClient, "inspect" | "follow" | "command">;
  readonly screen: Screen;
  readonly self: string;
  readonly everyMs: number;
  readonly interrupted: AbortSignal;
}

/** A live screen and the person before it, until that person leaves. */
export class WatchSession {
  readonly #options: SessionOptions;
  readonly #painter = new Painter();
  readonly #ended = new AbortController();
  readonly #moments: Moments;
  #state: WatchState = firstState;
  #inspection: AgentInspection | undefined;
  #view: WatchView | undefined;
  #lost: string | undefined;
  /** The block that is shown says already that it is held. */
  #isHeldShown = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    const signal = AbortSignal.any([this.#ended.signal, options.interrupted]);
    this.#moments = new Moments({ client: options.client, everyMs: options.everyMs, signal });
  }

  /** Resolves when the person leaves. Throws what keeps the agent from being seen at all. */
  async run(): Promise<void> {
    const { screen } = this.#options;
    screen.open({ typed: (text) => this.#typed(text), resized: () => this.#resized() });
    screen.write(hideCursor);
    try {
      for await (const moment of this.#moments) {
        if (moment.type === "seen") {
          this.#inspection = moment.inspection;
          this.#view = watchView(moment.inspection, this.#options.self);
        }
        this.#lost = moment.type === "lost" ? moment.cause : undefined;
        this.#paint();
      }
    } finally {
      screen.write(showCursor);
      screen.close();
    }
  }

  #typed(text: string): void {
    for (const key of keysIn(text)) {
      if (this.#view === undefined) {
        if (key === "q" || key === "interrupt") this.#ended.abort();
        continue;
      }
      const { state, asked } = press(this.#state, key, this.#view);
      this.#state = state;
      if (asked.type === "quit") this.#ended.abort();
      if (asked.type === "command") void this.#order(asked.command);
    }
    this.#paint();
  }

  async #order(command: OwnerCommand): Promise<void> {
    this.#state = { ...this.#state, message: await this.#answerTo(command) };
    this.#moments.wake();
    this.#paint();
  }

  async #answerTo(command: OwnerCommand): Promise<string> {
    try {
      const reply = await this.#options.client.command(command);
      if (reply.type === "ok") return doneText(command, reply.detail);
      return `refused: ${reply.message}; next: ${withSelf(reply.next, this.#options.self)}`;
    } catch (error) {
      return messageOf(error);
    }
  }

  #resized(): void {
    // Where the terminal has broken lines anew nobody knows what stands where.
    this.#options.screen.write(this.#painter.restart(this.#options.screen.room().rows - 1));
    this.#paint();
  }

  #paint(): void {
    const { screen } = this.#options;
    if (this.#view === undefined || this.#inspection === undefined || this.#ended.signal.aborted) return;
    // What a line cannot carry is never sent: the next moment holds it all.
    if (screen.isBehind()) return;
    const { page } = this.#state;
    const why =
      page.type === "why" ? whyLines(whyView(this.#inspection, page.resource, this.#options.self)) : [];
    const lines = frame(this.#state, this.#view, why, this.#lost, screen.room());
    if (this.#state.held && this.#isHeldShown) return;
    this.#isHeldShown = this.#state.held;
    screen.write(this.#painter.paint(lines));
  }
}

function doneText(command: OwnerCommand, detail: Json): string {
  const target = "target" in command ? targetText(command.target) : "";
  switch (command.type) {
    case "pause":
      return `paused ${target}`;
    case "resume":
      return `resumed ${target}`;
    case "step":
      return `one action of ${target} runs`;
    case "cancel":
      return `canceling ${command.action}`;
    default:
      return JSON.stringify(detail);
  }
}
