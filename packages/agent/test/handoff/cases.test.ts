import type { Incident } from "@antibody/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Cases } from "../../src/handoff/cases.ts";

const spans = { raiseMs: 60_000, clearMs: 300_000 };

function incident(resource: string, number: number, mendedWallMs?: number): Incident {
  const id = `incident_${resource}${number}`;
  const mended = mendedWallMs === undefined ? {} : { mendedWallMs };
  return { id, resource, wallMs: 0, ...mended } as unknown as Incident;
}

function said(cases: Cases, incidents: readonly Incident[], nowMs: number): readonly string[] {
  return cases
    .look(incidents, nowMs, spans)
    .map((telling) =>
      telling.type === "raise" ? `raise ${telling.incident.id}` : `clear ${telling.resource}`,
    );
}

describe("what people are told", () => {
  test("a case that stays open, once; its end, once it has lasted", () => {
    const cases = new Cases();
    expect(said(cases, [incident("a", 1)], 0)).toEqual([]);
    expect(cases.dueMs(spans)).toBe(60_000);
    expect(said(cases, [incident("a", 1)], 59_999)).toEqual([]);
    expect(said(cases, [incident("a", 1)], 60_000)).toEqual(["raise incident_a1"]);
    expect(said(cases, [incident("a", 1)], 900_000)).toEqual([]);
    expect(said(cases, [incident("a", 1, 5)], 900_001)).toEqual([]);
    // Broken again before it was over: the same trouble, and nobody is woken twice.
    expect(said(cases, [incident("a", 1, 5), incident("a", 2)], 1_000_000)).toEqual([]);
    expect(said(cases, [incident("a", 2)], 5_000_000)).toEqual([]);
    expect(said(cases, [incident("a", 2, 5)], 6_000_000)).toEqual([]);
    expect(said(cases, [incident("a", 2, 5)], 6_300_000)).toEqual(["clear a"]);
    expect(cases.isWatching).toBe(false);
  });

  test("nothing of what mends itself before anybody was told", () => {
    const cases = new Cases();
    said(cases, [incident("a", 1)], 0);
    expect(said(cases, [incident("a", 1, 5)], 30_000)).toEqual([]);
    expect(said(cases, [], 3_000_000)).toEqual([]);
    expect(cases.isWatching).toBe(false);
  });

  test("is the same over restarts, and ends and beginnings take turns, whatever happens", () => {
    const moment = fc.record({ afterMs: fc.nat(400_000), open: fc.boolean(), restart: fc.boolean() });
    fc.assert(
      fc.property(fc.array(moment, { maxLength: 40 }), (moments) => {
        let cases = new Cases();
        const steady = new Cases();
        let nowMs = 1_000;
        const told: string[] = [];
        let openedMs: number | undefined;
        for (const { afterMs, open, restart } of moments) {
          nowMs += afterMs;
          if (restart) cases = new Cases(JSON.parse(JSON.stringify(cases.dump())));
          const incidents = open ? [incident("a", 1)] : [];
          const now = said(cases, incidents, nowMs);
          expect(said(steady, incidents, nowMs)).toEqual(now);
          openedMs = open ? (openedMs ?? nowMs) : undefined;
          if (now[0]?.startsWith("raise")) expect(nowMs - (openedMs ?? nowMs)).toBeGreaterThanOrEqual(60_000);
          told.push(...now);
        }
        expect(told.every((each, index) => each.startsWith(index % 2 === 0 ? "raise" : "clear"))).toBe(true);
      }),
    );
  });

  test("waits for nothing for years when the clock goes back", () => {
    const cases = new Cases();
    said(cases, [incident("a", 1)], 9_000_000_000);
    expect(said(cases, [incident("a", 1)], 1_000)).toEqual([]);
    expect(said(cases, [incident("a", 1)], 61_000)).toEqual(["raise incident_a1"]);
  });
});
