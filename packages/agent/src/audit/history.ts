import type { LogEntry } from "../log/log.ts";
import type { AuditLine } from "./audit.ts";
import { isSaidAgain } from "./saidAgain.ts";

/** What the log tells that somebody asks for months later. */
const kept: readonly string[] = [
  "agent.started",
  "agent.stopping",
  "agent.broken",
  "policy.activated",
  "policy.rolledBack",
  "policy.proven",
  "policy.halted",
  "policy.disputed",
  "resource.handedOff",
  "resource.resumed",
  "swarm.evicted",
];

/** Fields of the log that may hold the output of programs, or say again what the case has. */
const leftOut: readonly string[] = ["detail", "stack", "next"];

/** The line of the history that a line of the log makes; undefined for most. What a start says again is not told twice. */
export class History {
  readonly #inForce = new Map<string, string>();

  constructor(lines: readonly AuditLine[]) {
    for (const { event, fields } of lines) this.#isNew(event, fields);
  }

  lineOf({ name, fields }: LogEntry, time: string): AuditLine | undefined {
    if (!kept.includes(name)) return undefined;
    // Whoever resumed is in the order; what ended by itself is in nobody's.
    if (name === "resource.resumed" && fields["cause"] !== "expired") return undefined;
    const told = Object.fromEntries(Object.entries(fields).filter(([field]) => !leftOut.includes(field)));
    return this.#isNew(name, told) ? { v: 1, time, event: name, fields: told } : undefined;
  }

  #isNew(event: string, fields: AuditLine["fields"]): boolean {
    if (!isSaidAgain(event)) return true;
    const stream = `${String(fields["author"])}/${String(fields["stream"])}`;
    const text = JSON.stringify(fields);
    const isNew = this.#inForce.get(stream) !== text;
    this.#inForce.set(stream, text);
    return isNew;
  }
}
