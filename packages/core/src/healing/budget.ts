import type { MonotonicMs } from "../contract/time.ts";
import type { Settings } from "../settings.ts";

const hourMs = 3_600_000;

/** What is left of a budget at a time. Plain data, for dumps. */
export interface BudgetLevel {
  /** Units left, times the milliseconds of an hour: so it is whole at every moment. */
  readonly level: number;
  readonly atMs: MonotonicMs;
}

/**
 * How much a device is repaired within a time: each repair takes some units, and they come back by the hour. Neither
 * an author nor whoever breaks things can wear out a card, or take a processor, with repairs.
 */
export class Budget {
  readonly #settings: Pick<Settings, "repairBudgetMax" | "repairBudgetPerHour">;
  #level: BudgetLevel | undefined;

  constructor(
    settings: Pick<Settings, "repairBudgetMax" | "repairBudgetPerHour">,
    level: BudgetLevel | undefined,
  ) {
    this.#settings = settings;
    this.#level = level;
  }

  dump(): BudgetLevel | undefined {
    return this.#level;
  }

  /** Units that were taken and have not come back, rounded up. */
  takenAt(nowMs: MonotonicMs): number {
    return Math.ceil((this.#settings.repairBudgetMax * hourMs - this.#at(nowMs)) / hourMs);
  }

  /** As of the last repair: for views that know no time. */
  get takenLast(): number {
    return this.#level === undefined ? 0 : this.takenAt(this.#level.atMs);
  }

  /** How long until so many units are there; 0 when they are. More than there ever are count as all. */
  waitMs(units: number, nowMs: MonotonicMs): number {
    const { repairBudgetMax, repairBudgetPerHour } = this.#settings;
    const missing = Math.min(units, repairBudgetMax) * hourMs - this.#at(nowMs);
    return missing <= 0 ? 0 : Math.ceil(missing / repairBudgetPerHour);
  }

  take(units: number, nowMs: MonotonicMs): void {
    this.#level = { level: Math.max(0, this.#at(nowMs) - units * hourMs), atMs: nowMs };
  }

  #at(nowMs: MonotonicMs): number {
    const { repairBudgetMax, repairBudgetPerHour } = this.#settings;
    const fullLevel = repairBudgetMax * hourMs;
    if (this.#level === undefined) return fullLevel;
    const { level, atMs } = this.#level;
    return Math.min(fullLevel, level + (nowMs - atMs) * repairBudgetPerHour);
  }
}
