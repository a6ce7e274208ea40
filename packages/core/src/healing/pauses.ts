import { compareText, type ResourceId } from "@antibody/policy";
import type { PauseView } from "../contract/inspection.ts";
import type { JournalRecord } from "../contract/output.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import type { WallMs } from "../contract/time.ts";
import type { Turn } from "../contract/turn.ts";
import { nothing, RareMap } from "../keeping/rare.ts";
import { keep, recall } from "../keeping/snapshot.ts";

/** Where pauses stand in the journal. */
const pausePrefix = "pause/";

/** One resource, or all of them. */
export type PauseTarget = ResourceId | "*";

/** A pause in the journal. Two bounds, since neither clock tells alone how much of it is left after a restart. */
interface PauseRecord {
  readonly v: 1;
  readonly reason: string;
  readonly untilWallMs: WallMs;
  readonly forMs: number;
}

interface PausesDump {
  readonly pauses: readonly PauseView[];
  readonly found: readonly (readonly [PauseTarget, PauseRecord])[];
}

/** What the owner paused, by resource or as a whole. Survives a restart; always ends by itself. */
export class Pauses {
  #pauses: RareMap<PauseTarget, PauseView> = RareMap.of();
  /** Pauses of the journal, until the first step tells the time. */
  #found: readonly (readonly [PauseTarget, PauseRecord])[] = nothing;

  static create(records: readonly JournalRecord[]): Pauses {
    const pauses = new Pauses();
    pauses.#found = records
      .filter(({ key }) => key.startsWith(pausePrefix))
      .map(({ key, value }) => [key.slice(pausePrefix.length) as PauseTarget, recall<PauseRecord>(value)]);
    return pauses;
  }

  static restore(snapshot: Snapshot): Pauses {
    const pauses = new Pauses();
    const dump = recall<PausesDump>(snapshot);
    for (const pause of dump.pauses) pauses.#pauses = pauses.#pauses.with(pause.target, pause);
    pauses.#found = dump.found;
    return pauses;
  }

  dump(): Snapshot {
    const dump: PausesDump = { pauses: this.list(), found: this.#found };
    return keep(dump);
  }

  get size(): number {
    return this.#pauses.size;
  }

  /** All pauses, in the order of their targets. */
  list(): readonly PauseView[] {
    return [...this.#pauses.values()].sort((left, right) => compareText(left.target, right.target));
  }

  has(target: PauseTarget): boolean {
    return this.#pauses.has(target);
  }

  /** The pause that holds a resource back, if any: its own before that of all. */
  holding(resource: ResourceId): PauseView | undefined {
    return this.#pauses.get(resource) ?? this.#pauses.get("*");
  }

  /**
   * Takes up the pauses of the journal: the rest by the wall clock, but never more than was asked for, since a
   * device may come up in 1970. Returns what is in force; the others are over.
   */
  begin(turn: Turn): readonly PauseView[] {
    for (const [target, { reason, untilWallMs, forMs }] of this.#found) {
      const restMs = Math.min(forMs, Math.max(0, untilWallMs - turn.now.wallMs));
      this.#pauses = this.#pauses.with(target, { target, reason, untilMs: turn.now.monoMs + restMs });
    }
    this.#found = nothing;
    return this.list();
  }

  set(target: PauseTarget, reason: string, forMs: number, turn: Turn): PauseView {
    const pause: PauseView = { target, reason, untilMs: turn.now.monoMs + forMs };
    this.#pauses = this.#pauses.with(target, pause);
    const record: PauseRecord = { v: 1, reason, untilWallMs: turn.now.wallMs + forMs, forMs };
    persist({ key: `${pausePrefix}${target}`, value: keep(record) }, turn);
    return pause;
  }

  delete(target: PauseTarget, turn: Turn): void {
    if (this.#pauses.delete(target)) persist({ key: `${pausePrefix}${target}`, value: null }, turn);
  }
}

/** What an owner ordered survives the loss of power. */
function persist(record: JournalRecord, turn: Turn): void {
  turn.emit({ type: "persist", durability: "sync", records: [record] });
}
