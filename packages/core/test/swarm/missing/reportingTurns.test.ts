import { expect, test } from "vitest";
import type { Turn } from "../../../src/contract/turn.ts";
import { defaultSettings } from "../../../src/settings.ts";
import { ReportingTurns, type ReportingTurnsPorts } from "../../../src/swarm/missing/reportingTurns.ts";
import { enrol } from "../people.ts";

const subject = enrol("subject").agent;
const lostMs = 1_000;
const turn = { now: { monoMs: 2_000, wallMs: 0 } } as Turn;

/** From when on one says that the subject is missing, who has heard of so many others that are. */
function firstMs(livingCount: number, heard: number): number {
  const watch = { duty: "observe", finding: "unreachable", outage: { evidence: "cut", lostMs } };
  const ports = {
    settings: defaultSettings,
    directory: { livingCount },
    missing: { countSince: () => heard, sinceMs: () => undefined },
    probing: { watchOf: () => watch, watches: () => [watch] },
  } as unknown as ReportingTurnsPorts;
  return new ReportingTurns(ports).firstMs(subject, turn);
}

/** From when on one says so too, where enough have said it since a time, and others that the subject is there. */
function firstSpareMs(sinceMs: number, present: number, hasStalled = false): number {
  const watch = { duty: "observe", finding: "unreachable", outage: { evidence: "cut", lostMs, hasStalled } };
  const ports = {
    settings: defaultSettings,
    directory: { livingCount: 100 },
    missing: { countSince: () => 1, sinceMs: () => sinceMs, on: () => ({ present: Array(present) }) },
    probing: { watchOf: () => watch, watches: () => [watch] },
  } as unknown as ReportingTurnsPorts;
  return new ReportingTurns(ports).firstMs(subject, turn);
}

test("what enough have said is said once more 15 s later, and at once where somebody contradicts", () => {
  expect(firstSpareMs(1_500, 0)).toBe(16_500);
  expect(firstSpareMs(1_500, 1)).toBe(atOnce);
});

test("of who is stalled it is said 10 s later than that, as observers vote on it 10 s later", () => {
  expect(firstSpareMs(1_500, 0, true)).toBe(26_500);
});

const atOnce = 0;
const later = lostMs + 2 * defaultSettings.cutVoteAfterMs;

test.each([
  ["two of ten", 10, 2, atOnce],
  ["three of ten", 10, 3, later],
  ["a tenth of a thousand", 1_000, 100, atOnce],
  ["more than a tenth of a thousand", 1_000, 101, later],
  ["128 of ten thousand", 10_000, 128, atOnce],
  ["a tenth of ten thousand", 10_000, 1_000, later],
])("%s missed: who misses one more speaks of it so soon", (_, living, heard, expected) => {
  expect(firstMs(living, heard)).toBe(expected);
});
