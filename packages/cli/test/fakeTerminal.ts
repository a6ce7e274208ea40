import type { Terminal } from "../src/terminal.ts";
import type { Screen } from "../src/watch/screen.ts";

/** A terminal whose output is kept, and whose user has decided beforehand. */
export class FakeTerminal implements Terminal {
  outText = "";
  errText = "";
  canAsk = false;
  live = false;
  columns: number | undefined;
  environment: { [name: string]: string | undefined } = { HOME: "/nowhere" };
  readonly userId = 1000;
  readonly interrupt = new AbortController();
  /** Questions that were asked. */
  readonly asked: string[] = [];
  /** What the user says: answers to `confirm`, and secrets, in order. */
  confirms: boolean[] = [];
  secrets: (string | undefined)[] = [];
  typed: string[] = [];

  screen: Screen | undefined;

  openScreen(): Screen | undefined {
    return this.screen;
  }
  get interrupted(): AbortSignal {
    return this.interrupt.signal;
  }
  out(text: string): void {
    this.outText += text;
  }
  err(text: string): void {
    this.errText += text;
  }
  now(): number {
    return 1_790_000_000_000;
  }
  async confirm(question: string): Promise<boolean> {
    this.asked.push(question);
    return this.confirms.shift() ?? false;
  }
  async askLine(question: string): Promise<string | undefined> {
    this.asked.push(question);
    return this.typed.shift();
  }
  async askSecret(question: string): Promise<string | undefined> {
    this.asked.push(question);
    return this.secrets.shift();
  }
}
