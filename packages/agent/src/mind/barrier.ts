import {
  type ActionId,
  type Durability,
  incarnationKey,
  type JournalRecord,
  type Output,
  type Snapshot,
  type UnsignedStatement,
  voteKey,
} from "@antibody/core";
import type { ResourceId } from "@antibody/policy";
import type { CommandReply, JournalPort } from "../ports.ts";
import { type WriteRefusal, writeRefusal } from "../state/sqlite.ts";

/** Records that wait to be written. Guess: several times what a mind ever holds; beyond it the agent is broken. */
export const unwrittenRecordsMax = 65_536;

/** What becomes of an output while records are unwritten. */
export type Ruling =
  | { readonly type: "pass" }
  /** Not carried out; nobody waits for it. */
  | { readonly type: "wait" }
  /** Not begun: the mind is told so, and tries again. */
  | { readonly type: "fail"; readonly action: ActionId; readonly code: string; readonly detail: string }
  | { readonly type: "answer"; readonly id: string; readonly reply: CommandReply };

const pass: Ruling = { type: "pass" };

/**
 * What must be durable and could not be written, and what may not happen until it is. A full disk, or a card that
 * went read-only, does not end an agent: it goes on with all that does not stand on what is unwritten. What would
 * leave a trace that outlives the process waits:
 *
 * - a repair by a promise that came in with the unwritten policy, or whose own intent is unwritten;
 * - a signature under a boot counter that is unwritten: after a restart it would be given twice;
 * - a vote that is unwritten: it is cast again as long as its subject is out of reach.
 *
 * An owner is told that the order holds, and will not survive a restart. Looking, watching, probing and routing
 * end with the process and go on; so do repairs by promises that are durable.
 */
export class Barrier {
  readonly #journal: Pick<JournalPort, "persist">;
  readonly #unwritten = new Map<string, Snapshot>();
  /** Resources whose promise came or went since policy is unwritten. */
  readonly #unsettled = new Set<ResourceId>();
  /** The newest of the agent's own entries; older ones are void by it. */
  #entry: Extract<UnsignedStatement, { type: "entry" }> | undefined;
  #refusal: WriteRefusal | undefined;
  /** Whether a `sync` of the present step was refused. */
  #refusedInStep = false;

  constructor(journal: Pick<JournalPort, "persist">) {
    this.#journal = journal;
  }

  /** Why records are unwritten; undefined when none is. */
  get refusal(): WriteRefusal | undefined {
    return this.#refusal;
  }

  get unwrittenCount(): number {
    return this.#unwritten.size;
  }

  stepBegins(): void {
    this.#refusedInStep = false;
  }

  /**
   * Writes records, and tries all `sync` ones again that could not be written before. Throws where a `batched`
   * write is refused; a `sync` one that is refused waits here.
   */
  persist(durability: Durability, records: readonly JournalRecord[]): void {
    // Of one key the newest value counts, in whatever way it came.
    const later = records.filter(({ key }) => this.#unwritten.has(key));
    const rest = later.length === 0 ? records : records.filter(({ key }) => !this.#unwritten.has(key));
    for (const { key, value } of later) this.#unwritten.set(key, value);
    if (durability === "batched") {
      this.#journal.persist("batched", rest);
      return;
    }
    // By themselves: what the journal holds already needs no room.
    if (!this.#tryWrite(rest)) for (const { key, value } of rest) this.#unwritten.set(key, value);
    const isWritten = this.writeAgain();
    if (!isWritten && records.some(({ key }) => this.#unwritten.has(key))) this.#refusedInStep = true;
  }

  /** Tries to write what is unwritten; whether nothing is now. */
  writeAgain(): boolean {
    if (this.#unwritten.size === 0) return true;
    if (!this.#tryWrite(Array.from(this.#unwritten, ([key, value]): JournalRecord => ({ key, value }))))
      return false;
    this.#unwritten.clear();
    this.#unsettled.clear();
    this.#refusal = undefined;
    return true;
  }

  /** The entry that waited to be signed, once. */
  takeEntry(): UnsignedStatement | undefined {
    const entry = this.#entry;
    this.#entry = undefined;
    return entry;
  }

  /** Whether an output may be carried out now. */
  rule(output: Output): Ruling {
    if (this.#refusal === undefined) return pass;
    if (output.type === "act") return this.#ruleAct(output.action, output.resource, this.#refusal);
    if (output.type === "sign") return this.#ruleSign(output.statement);
    if (output.type === "reply" && output.result.type === "ok" && this.#refusedInStep)
      return { type: "answer", id: output.id, reply: unwrittenReply(this.#refusal) };
    const changesPromise = output.type === "watch" || output.type === "unwatch";
    if (changesPromise && this.#isPolicyUnwritten()) this.#unsettled.add(output.resource);
    return pass;
  }

  #tryWrite(records: readonly JournalRecord[]): boolean {
    try {
      this.#journal.persist("sync", records);
      return true;
    } catch (error) {
      this.#refusal = writeRefusal(error);
      return false;
    }
  }

  #ruleAct(action: ActionId, resource: ResourceId, { code, message }: WriteRefusal): Ruling {
    if (!this.#refusedInStep && !this.#unsettled.has(resource)) return pass;
    const detail = `not begun: what it stands on cannot be written to the state directory (${message})`;
    return { type: "fail", action, code, detail };
  }

  #ruleSign(statement: UnsignedStatement): Ruling {
    if (statement.type === "vote") {
      return this.#unwritten.has(incarnationKey) || this.#unwritten.has(voteKey) ? { type: "wait" } : pass;
    }
    // A sighting stands on the boot counter alone, and is said again while it holds.
    if (statement.type === "sighting") return this.#unwritten.has(incarnationKey) ? { type: "wait" } : pass;
    // An eviction stands on nothing that was written before: what it says becomes durable once it is signed.
    // A report says what is in force: it waits for nothing that is not, since what is in force was synced before.
    if (statement.type === "eviction" || statement.type === "report" || !this.#unwritten.has(incarnationKey))
      return pass;
    this.#entry = statement;
    return { type: "wait" };
  }

  /** Whether more is unwritten than what only the agent's own signatures stand on. */
  #isPolicyUnwritten(): boolean {
    for (const key of this.#unwritten.keys()) if (key !== incarnationKey && key !== voteKey) return true;
    return false;
  }
}

function unwrittenReply({ message }: WriteRefusal): CommandReply {
  return {
    type: "refused",
    message: `it holds from now on, but could not be written (${message}): a restart would forget it`,
    next: "antibody doctor",
  };
}
