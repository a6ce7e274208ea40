import { type AgentId, compareText } from "@antibody/policy";
import type { Incarnation } from "../contract/statements.ts";
import { type MonotonicMs, NEVER } from "../contract/time.ts";
import { compareIncarnation } from "../enrolment/incarnation.ts";
import { RareMap } from "../keeping/rare.ts";

/** What every word of an observer on a subject has. */
export interface Word {
  readonly subject: AgentId;
  readonly observer: AgentId;
  readonly incarnation: Incarnation;
  readonly sequence: readonly [boot: number, n: number];
}

/** A statement that counts until a time on this agent's own clock: it has no expiry by its sender's. */
export interface Held<Statement> {
  readonly statement: Statement;
  readonly untilMs: MonotonicMs;
}

/** What is held, as a dump keeps it. */
export interface CasesDump<Statement> {
  readonly held: readonly Held<Statement>[];
  readonly expiryMs: MonotonicMs;
}

/** By subject, the newest statement of each observer. Who puts statements in keeps the bound. */
export class Cases<Statement> {
  readonly #wordOf: (statement: Statement) => Word;
  readonly #cases = new RareMap<AgentId, Map<AgentId, Held<Statement>>>();
  #count = 0;
  /** Nothing expires before. */
  #expiryMs: MonotonicMs = NEVER;

  constructor(wordOf: (statement: Statement) => Word, dump?: CasesDump<Statement>) {
    this.#wordOf = wordOf;
    if (dump === undefined) return;
    for (const held of dump.held) this.put(held);
    this.#expiryMs = dump.expiryMs;
  }

  dump(): CasesDump<Statement> {
    return { held: this.subjects().flatMap((subject) => this.held(subject)), expiryMs: this.#expiryMs };
  }

  /** Subjects with a case. */
  get size(): number {
    return this.#cases.size;
  }

  /** Statements in all cases. */
  get count(): number {
    return this.#count;
  }

  get deadline(): MonotonicMs {
    return this.#expiryMs;
  }

  has(subject: AgentId): boolean {
    return this.#cases.has(subject);
  }

  /** In order of agents. */
  subjects(): AgentId[] {
    return [...this.#cases.keys()].sort(compareText);
  }

  /** Everything held on a subject, in order of observers. */
  held(subject: AgentId): Held<Statement>[] {
    const held = [...(this.#cases.get(subject) ?? [])];
    return held.sort(([left], [right]) => compareText(left, right)).map(([, one]) => one);
  }

  /** Whether an observer has a word in the case of a subject. */
  hasWordOf(observer: AgentId, subject: AgentId): boolean {
    return this.#cases.get(subject)?.has(observer) ?? false;
  }

  /** What is held on one incarnation of a subject, in order of observers. */
  on(subject: AgentId, incarnation: Incarnation | undefined): Statement[] {
    if (incarnation === undefined || !this.#cases.has(subject)) return [];
    const statements: Statement[] = [];
    for (const { statement } of this.held(subject)) {
      if (compareIncarnation(this.#wordOf(statement).incarnation, incarnation) === 0)
        statements.push(statement);
    }
    return statements;
  }

  /** How a word compares to what is held of its observer on its subject. */
  kindOf({ subject, observer, sequence }: Word): "first" | "newer" | "older" {
    const held = this.#cases.get(subject)?.get(observer);
    if (held === undefined) return "first";
    return isAfter(sequence, this.#wordOf(held.statement).sequence) ? "newer" : "older";
  }

  put(held: Held<Statement>): void {
    const { subject, observer } = this.#wordOf(held.statement);
    const statements = this.#cases.get(subject) ?? new Map<AgentId, Held<Statement>>();
    this.#cases.set(subject, statements);
    if (!statements.has(observer)) this.#count += 1;
    statements.set(observer, held);
    this.#expiryMs = Math.min(this.#expiryMs, held.untilMs);
  }

  /** True when there was any. */
  drop(subject: AgentId, isVoid: (held: Held<Statement>) => boolean = () => true): boolean {
    const statements = this.#cases.get(subject);
    if (statements === undefined) return false;
    let dropped = false;
    for (const [observer, held] of statements) {
      if (!isVoid(held)) continue;
      statements.delete(observer);
      this.#count -= 1;
      dropped = true;
    }
    if (statements.size === 0) this.#cases.delete(subject);
    return dropped;
  }

  /** The subject stated a newer incarnation: words on older ones are void. True if there were any. */
  voidBelow(subject: AgentId, incarnation: Incarnation): boolean {
    const isBelow = ({ statement }: Held<Statement>): boolean =>
      compareIncarnation(this.#wordOf(statement).incarnation, incarnation) < 0;
    return this.drop(subject, isBelow);
  }

  /** Subjects of which something expired by now, in order of agents. */
  expire(now: MonotonicMs): AgentId[] {
    if (this.#expiryMs > now) return [];
    const expired = this.subjects().filter((subject) => this.drop(subject, ({ untilMs }) => untilMs <= now));
    this.#expiryMs = NEVER;
    for (const statements of this.#cases.values()) {
      for (const { untilMs } of statements.values()) this.#expiryMs = Math.min(this.#expiryMs, untilMs);
    }
    return expired;
  }
}

function isAfter(left: readonly [number, number], right: readonly [number, number]): boolean {
  return left[0] > right[0] || (left[0] === right[0] && left[1] > right[1]);
}
