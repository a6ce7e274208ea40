import { type AgentId, compareText } from "@antibody/policy";
import type { Incarnation } from "../contract/statements.ts";
import { type MonotonicMs, NEVER } from "../contract/time.ts";
import { compareIncarnation } from "../enrolment/incarnation.ts";
import { nothing, RareMap } from "../keeping/rare.ts";

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
  /** Of each case, in order of observers. A list is never changed: whoever goes through one may put and drop. */
  #cases: RareMap<AgentId, readonly Held<Statement>[]> = RareMap.of();
  /** In order of agents; undefined from when a case was opened or closed. */
  #subjects: readonly AgentId[] | undefined = nothing;
  #count = 0;
  /** Nothing expires before. */
  #expiryMs: MonotonicMs;

  constructor(wordOf: (statement: Statement) => Word, dump?: CasesDump<Statement>) {
    this.#expiryMs = NEVER;
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
  subjects(): readonly AgentId[] {
    this.#subjects ??= [...this.#cases.keys()].sort(compareText);
    return this.#subjects;
  }

  /** Everything held on a subject, in order of observers. */
  held(subject: AgentId): readonly Held<Statement>[] {
    return this.#cases.get(subject) ?? [];
  }

  /** Whether an observer has a word in the case of a subject. */
  hasWordOf(observer: AgentId, subject: AgentId): boolean {
    return this.#heldOf(observer, this.held(subject)) !== undefined;
  }

  /** What is held on one incarnation of a subject, in order of observers. */
  on(subject: AgentId, incarnation: Incarnation | undefined): Statement[] {
    const statements: Statement[] = [];
    if (incarnation === undefined) return statements;
    for (const { statement } of this.held(subject)) {
      if (isOn(this.#wordOf(statement), incarnation)) statements.push(statement);
    }
    return statements;
  }

  /** How a word compares to what is held of its observer on its subject. */
  kindOf({ subject, observer, sequence }: Word): "first" | "newer" | "older" {
    const held = this.#heldOf(observer, this.held(subject));
    if (held === undefined) return "first";
    return isAfter(sequence, this.#wordOf(held.statement).sequence) ? "newer" : "older";
  }

  put(held: Held<Statement>): void {
    const { subject, observer } = this.#wordOf(held.statement);
    const statements = this.held(subject);
    if (statements.length === 0) this.#subjects = undefined;
    const place = this.#placeOf(observer, statements);
    const isNew = this.#observerAt(place, statements) !== observer;
    if (isNew) this.#count += 1;
    this.#cases = this.#cases.with(subject, statements.toSpliced(place, isNew ? 0 : 1, held));
    this.#expiryMs = Math.min(this.#expiryMs, held.untilMs);
  }

  /** True when there was any. */
  drop(subject: AgentId, isVoid: (held: Held<Statement>) => boolean = isAny): boolean {
    const statements = this.#cases.get(subject);
    if (statements === undefined) return false;
    const kept = statements.filter((held) => !isVoid(held));
    if (kept.length === statements.length) return false;
    this.#count -= statements.length - kept.length;
    if (kept.length > 0) this.#cases = this.#cases.with(subject, kept);
    else {
      this.#cases.delete(subject);
      this.#subjects = undefined;
    }
    return true;
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
      for (const { untilMs } of statements) this.#expiryMs = Math.min(this.#expiryMs, untilMs);
    }
    return expired;
  }

  #heldOf(observer: AgentId, statements: readonly Held<Statement>[]): Held<Statement> | undefined {
    const place = this.#placeOf(observer, statements);
    return this.#observerAt(place, statements) === observer ? statements[place] : undefined;
  }

  #observerAt(place: number, statements: readonly Held<Statement>[]): AgentId | undefined {
    const held = statements[place];
    return held === undefined ? undefined : this.#wordOf(held.statement).observer;
  }

  /** Where an observer's word stands in order, or would. */
  #placeOf(observer: AgentId, statements: readonly Held<Statement>[]): number {
    let [from, to] = [0, statements.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#observerAt(middle, statements) as AgentId) < observer) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

/** One for all: in a massacre there are hundreds of thousands of subjects, nearly all without a case. */
const isAny = (): boolean => true;

/** Whether a word is about this incarnation of its subject. */
export function isOn(word: Word, incarnation: Incarnation): boolean {
  return compareIncarnation(word.incarnation, incarnation) === 0;
}

/** Whether an observer said the one after the other. */
export function isAfter(left: readonly [number, number], right: readonly [number, number]): boolean {
  return left[0] > right[0] || (left[0] === right[0] && left[1] > right[1]);
}
