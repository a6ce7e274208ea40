import { compareText, type FragmentId, type VerifiedReport } from "@antibody/policy";
import { type MonotonicMs, NEVER } from "../contract/time.ts";
import { nothing, RareMap, RareSet } from "../keeping/rare.ts";
import { refusedIdsMax, reportsPerGenerationMax } from "../limits.ts";
import type { CountedReport } from "./gates.ts";

/** A report as it is held. */
export interface HeldReport extends CountedReport {
  readonly report: VerifiedReport;
  /** When it came, on this agent's clock. */
  readonly cameMs: MonotonicMs;
}

/** Gossip takes less than a second. Guesses, both. */
const settledAfterMs = 3_000;
/** Those who missed it wait no longer than this. */
const settledWithinMs = 30_000;

export interface ReportsDump {
  readonly held: readonly HeldReport[];
  readonly compared: readonly string[];
  readonly firstMs: MonotonicMs;
  readonly lastMs: MonotonicMs;
}

/**
 * The reports on each generation, of each the smallest ids up to a bound: so two agents that heard the same hold the
 * same, whatever the order in which it came.
 */
export class Reports {
  #byManifest: RareMap<FragmentId, Map<string, HeldReport>> = RareMap.of();
  #refused: RareSet<string> = RareSet.of();
  #ids: readonly string[] | undefined;
  /** Rises with every report that comes or goes. */
  revision = 0;
  /** What peers compare: see `settle`. */
  #compared: readonly string[];
  /** When the first and the last of those came that are not compared yet; NEVER where all are. */
  #firstMs: MonotonicMs;
  #lastMs: MonotonicMs;

  constructor(dump?: ReportsDump) {
    this.#firstMs = NEVER;
    this.#lastMs = NEVER;
    this.#compared = dump?.compared ?? nothing;
    if (dump === undefined) return;
    for (const one of dump.held) this.add(one);
    this.#firstMs = dump.firstMs;
    this.#lastMs = dump.lastMs;
  }

  dump(): ReportsDump {
    return { held: this.list(), compared: this.#compared, firstMs: this.#firstMs, lastMs: this.#lastMs };
  }

  /** Ids that go into the digest of what is held. */
  get compared(): readonly string[] {
    return this.#compared;
  }

  /** When what is compared is to be brought up to date; NEVER when it is. */
  get settleMs(): MonotonicMs {
    return Math.min(this.#lastMs + settledAfterMs, this.#firstMs + settledWithinMs);
  }

  /**
   * Reports come in bursts, by gossip: while they are under way no two agents hold the same, and a comparison would
   * only find that. What is held is compared once nothing has come for a while.
   */
  settle(nowMs: MonotonicMs): void {
    if (this.settleMs > nowMs) return;
    this.#compared = this.ids;
    this.#firstMs = NEVER;
    this.#lastMs = NEVER;
  }

  /** Every report. */
  list(): readonly HeldReport[] {
    return [...this.#byManifest.values()].flatMap((reports) => [...reports.values()]);
  }

  /** All ids, sorted. The same list until something changes. */
  get ids(): readonly string[] {
    this.#ids ??= this.list()
      .map(({ report }) => report.id as string)
      .sort(compareText);
    return this.#ids;
  }

  get(id: string): HeldReport | undefined {
    for (const reports of this.#byManifest.values()) {
      const held = reports.get(id);
      if (held !== undefined) return held;
    }
    return undefined;
  }

  /** Held, or not wanted: not to be asked for. */
  isSettled(id: string): boolean {
    return this.#refused.has(id) || this.get(id) !== undefined;
  }

  on(manifest: FragmentId): readonly HeldReport[] {
    return [...(this.#byManifest.get(manifest)?.values() ?? [])];
  }

  /** The most reports held on one generation. */
  get lengthMax(): number {
    let most = 0;
    for (const reports of this.#byManifest.values()) most = Math.max(most, reports.size);
    return most;
  }

  /** False when it is held already, or has no room beside smaller ids. */
  add(held: HeldReport): boolean {
    const { id, report } = held.report;
    const reports = this.#byManifest.get(report.manifest) ?? new Map<string, HeldReport>();
    if (reports.has(id)) return false;
    if (reports.size >= reportsPerGenerationMax) {
      const largest = [...reports.keys()].sort(compareText).at(-1) ?? "";
      if (largest < id) {
        this.refuse(id);
        return false;
      }
      reports.delete(largest);
      this.refuse(largest);
    }
    reports.set(id, held);
    this.#byManifest = this.#byManifest.with(report.manifest, reports);
    this.#ids = undefined;
    this.revision += 1;
    this.#firstMs = Math.min(this.#firstMs, held.cameMs);
    this.#lastMs = held.cameMs;
    return true;
  }

  /** Its generation is gone, or never was here: it is not asked for again. */
  refuse(id: string): void {
    this.#refused = this.#refused.with(id);
    if (this.#refused.size <= refusedIdsMax) return;
    for (const oldest of this.#refused) {
      this.#refused.delete(oldest);
      return;
    }
  }

  drop(manifest: FragmentId): void {
    for (const { report } of this.on(manifest)) this.refuse(report.id);
    if (!this.#byManifest.delete(manifest)) return;
    this.revision += 1;
    this.#ids = undefined;
    this.#compared = this.#compared.filter((id) => !this.#refused.has(id));
  }
}
