import type { Incident } from "@antibody/core";

/** A resource whose case people know of, or soon will. */
interface Case {
  readonly incident: string;
  /** Since when it is open without a break, or kept without one; on the wall clock, which survives a restart. */
  readonly sinceMs: number;
  readonly isOpen: boolean;
  readonly isTold: boolean;
}

/** What is to be told now. */
export type Telling =
  | { readonly type: "raise"; readonly incident: Incident }
  | { readonly type: "clear"; readonly resource: string; readonly incident: string };

/** What stays of the cases over a restart. */
export type CasesDump = readonly (readonly [resource: string, Case])[];

/**
 * Decides what people are told of, with hysteresis both ways: of a resource whose case is open for a while, once,
 * however often it is handed off in between; and that it is over, once it is kept for a while. Level-triggered: it
 * is asked with all incidents, as often as one likes.
 */
export class Cases {
  #cases: ReadonlyMap<string, Case>;

  constructor(dump: CasesDump = []) {
    this.#cases = new Map(dump);
  }

  dump(): CasesDump {
    return [...this.#cases];
  }

  /** When something may be to be told without anything new happening; undefined for never. */
  dueMs(spans: { readonly raiseMs: number; readonly clearMs: number }): number | undefined {
    const dues = [...this.#cases.values()]
      .filter(({ isOpen, isTold }) => isOpen !== isTold)
      .map(({ sinceMs, isOpen }) => sinceMs + (isOpen ? spans.raiseMs : spans.clearMs));
    return dues.length === 0 ? undefined : Math.min(...dues);
  }

  /** Some case is known: whether it is still open has to be looked at. */
  get isWatching(): boolean {
    return this.#cases.size > 0;
  }

  /** Looks at all incidents, and says what is to be told now. */
  look(
    incidents: readonly Incident[],
    nowMs: number,
    spans: { readonly raiseMs: number; readonly clearMs: number },
  ): readonly Telling[] {
    const open = new Map(
      incidents
        .filter(({ mendedWallMs }) => mendedWallMs === undefined)
        .map((each) => [each.resource as string, each]),
    );
    const tellings: Telling[] = [];
    const next = new Map<string, Case>();
    for (const resource of new Set([...open.keys(), ...this.#cases.keys()])) {
      const incident = open.get(resource);
      const isOpen = incident !== undefined;
      const before = this.#cases.get(resource) ?? {
        incident: incident?.id ?? "",
        sinceMs: nowMs,
        isOpen,
        isTold: false,
      };
      // A clock that went back must not make anybody wait for years.
      const sinceMs = before.isOpen === isOpen ? Math.min(before.sinceMs, nowMs) : nowMs;
      const isDue = nowMs - sinceMs >= (isOpen ? spans.raiseMs : spans.clearMs);
      if (incident !== undefined) {
        const isTold = before.isTold || isDue;
        if (isTold && !before.isTold) tellings.push({ type: "raise", incident });
        next.set(resource, { incident: incident.id, sinceMs, isOpen, isTold });
      } else if (before.isTold && !isDue) {
        next.set(resource, { ...before, sinceMs, isOpen });
      } else if (before.isTold) {
        tellings.push({ type: "clear", resource, incident: before.incident });
      }
    }
    this.#cases = next;
    return tellings;
  }
}
