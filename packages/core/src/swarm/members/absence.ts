import type { Snapshot } from "../../contract/snapshot.ts";
import { type MonotonicMs, NEVER } from "../../contract/time.ts";
import type { Turn } from "../../contract/turn.ts";
import { nothing } from "../../keeping/rare.ts";
import { keep, recall } from "../../keeping/snapshot.ts";
import type { Own } from "./own.ts";

/** A device that said that it is away, and is awake for so long, is there after all. A guess: a minute to fall asleep. */
export const awayMs = 60_000;

interface AbsenceDump {
  readonly backMs: MonotonicMs;
  readonly asked: readonly string[];
}

/**
 * A device that sleeps and comes back, such as a laptop: it says so before, and its silence alarms nobody. The clock
 * counts what was slept, so that the same deadline brings it back after a sleep and where it stayed awake.
 */
export class Absence {
  readonly #own: Own;
  #backMs: MonotonicMs;
  /** Commands to be away, which are answered once that was said. */
  #asked: readonly string[];

  constructor(own: Own, snapshot?: Snapshot) {
    const dump = snapshot === undefined ? undefined : recall<AbsenceDump>(snapshot);
    this.#own = own;
    this.#backMs = dump?.backMs ?? NEVER;
    this.#asked = dump?.asked ?? nothing;
  }

  dump(): Snapshot {
    const dump: AbsenceDump = { backMs: this.#backMs, asked: this.#asked };
    return keep(dump);
  }

  get deadline(): MonotonicMs {
    return this.#backMs;
  }

  /** Says that this agent will be silent. The command is answered once all with a session have been told. */
  begin(id: string, turn: Turn): void {
    this.#own.setAway(true, turn);
    this.#backMs = turn.now.monoMs + awayMs;
    this.#asked = [...this.#asked, id];
  }

  /** Says that this agent is there again. */
  end(turn: Turn): void {
    this.#own.setAway(false, turn);
    this.#backMs = NEVER;
  }

  /** True when the time to be back has come. */
  due(turn: Turn): boolean {
    if (this.#backMs > turn.now.monoMs) return false;
    this.end(turn);
    return true;
  }

  /** A statement of this agent was signed and told. */
  told(turn: Turn): void {
    if (this.#asked.length === 0 || this.#own.member?.entry.entry.status !== "away") return;
    for (const id of this.#asked) turn.emit({ type: "reply", id, result: { type: "ok", detail: null } });
    this.#asked = nothing;
  }
}
