import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Budget } from "../../src/healing/budget.ts";
import { lambdaTHundredths, looked, newFare } from "../../src/healing/outpacing.ts";
import { Random } from "../../src/random.ts";
import { Bench, fileWith, id } from "./bench.ts";

const motd = "file:/etc/motd";
const probe = "http:web";
const probePromise = { url: "http://127.0.0.1:8080/" };
const answers = { type: "answered", status: 200, tookMs: 3 };
const fails = { type: "failed", error: "refused" };

function damageAndRepair(bench: Bench, number: number, content = "theirs"): boolean {
  const lines = bench.see(motd, fileWith(content));
  if (!lines.some((line) => line.startsWith("act"))) return false;
  bench.done(`1-${number}`);
  bench.see(motd, fileWith("ours"));
  return true;
}

describe("danger, not difference", () => {
  it("what is costly to repair waits for a probe that fails, and says which ones do not", () => {
    const bench = new Bench();
    bench.desire({ [motd]: { content: "ours", danger: [probe] }, [probe]: probePromise });
    bench.see(probe, answers);
    expect(bench.see(motd, fileWith("theirs"))).not.toContain(`act 1-1 write ${motd}`);
    expect(bench.view(motd)).toMatchObject({
      phase: "drifted",
      why: expect.stringContaining("costly to repair, and no danger: http:web is kept"),
    });
    expect(bench.see(probe, fails)).toContain(`act 1-1 write ${motd}`);
  });

  it("a probe that nobody could look at is no evidence", () => {
    const bench = new Bench();
    bench.desire({ [motd]: { content: "ours", danger: [probe] }, [probe]: probePromise });
    bench.see(motd, fileWith("theirs"));
    const failure = { code: "EMFILE", message: "no descriptor" };
    bench.handle({ type: "unobservable", resource: id(probe), failure });
    expect(bench.phase(motd)).toBe("drifted");
    expect(bench.view(motd).why).toContain("http:web is unobservable");
  });

  it("danger alone repairs nothing that is as promised", () => {
    const bench = new Bench();
    bench.desire({ [motd]: { content: "ours", danger: [probe] }, [probe]: probePromise });
    bench.see(motd, fileWith("ours"));
    expect(bench.see(probe, fails).some((line) => line.startsWith("act"))).toBe(false);
  });
});

describe("the budget of a device", () => {
  const settings = { repairBudgetMax: 4, repairBudgetPerHour: 2, contestRepairsMax: 1_000 };

  it("is spent by repairs, holds the next one back and says so, once", () => {
    const bench = new Bench({ settings });
    bench.desire({ [motd]: { content: "ours" } });
    bench.see(motd, fileWith("ours"));
    for (let number = 1; number <= 4; number += 1) expect(damageAndRepair(bench, number)).toBe(true);
    const lines = bench.see(motd, fileWith("theirs"));
    expect(lines).toContain("tell error device.budgetSpent");
    expect(bench.see(motd, fileWith("theirs again"))).toEqual([]);
    expect(bench.view(motd)).toMatchObject({
      phase: "drifted",
      why: expect.stringContaining("the device's budget of 4 repairs is spent, 2 an hour come back"),
      nextMs: bench.clock.monoMs + 1_800_000,
    });
    expect(bench.healing.inspect().queues).toContainEqual({ name: "repairBudget", length: 4, bound: 4 });
    expect(bench.wakeAfter(1_800_000)).toContain(`observe ${motd}`);
    expect(bench.see(motd, fileWith("theirs"))).toContain(`act 1-5 write ${motd}`);
  });

  it("is said to be spent again once more than half of it had come back", () => {
    const bench = new Bench({ settings });
    bench.desire({ [motd]: { content: "ours" } });
    bench.see(motd, fileWith("ours"));
    let number = 0;
    const spend = (): readonly string[] => {
      for (;;) {
        const lines = bench.see(motd, fileWith("theirs"));
        if (!lines.some((line) => line.startsWith("act"))) return lines;
        number += 1;
        bench.done(`1-${number}`);
        bench.see(motd, fileWith("ours"));
      }
    };
    expect(spend()).toContain("tell error device.budgetSpent");
    // One came back, and is spent: everybody knows.
    bench.wakeAfter(1_800_000);
    bench.see(motd, fileWith("ours"));
    expect(spend()).not.toContain("tell error device.budgetSpent");
    expect(number).toBe(5);
    bench.wakeAfter(7_200_000);
    bench.see(motd, fileWith("ours"));
    expect(spend()).toContain("tell error device.budgetSpent");
  });

  it("is spent faster by repairs that say that they count for more", () => {
    const bench = new Bench({ settings });
    bench.desire({
      [motd]: { content: "ours", budget: 3 },
      "file:/etc/free": { content: "ours", budget: 0 },
    });
    bench.see(motd, fileWith("ours"));
    expect(damageAndRepair(bench, 1)).toBe(true);
    expect(damageAndRepair(bench, 2)).toBe(false);
    expect(bench.see("file:/etc/free", fileWith("theirs"))).toContain("act 1-2 write file:/etc/free");
  });

  it("gives a repair that counts for more than there ever is all of it, once all is there", () => {
    const budget = new Budget({ repairBudgetMax: 50, repairBudgetPerHour: 10 }, undefined);
    expect(budget.waitMs(80, 0)).toBe(0);
    budget.take(80, 0);
    expect(budget.takenAt(0)).toBe(50);
    expect(budget.waitMs(1, 0)).toBe(360_000);
    expect(budget.waitMs(80, 0)).toBe(5 * 3_600_000);
  });

  it("never lets more through than there are and come back, whatever is asked for and when", () => {
    const ask = fc.record({ afterMs: fc.nat(3_600_000), units: fc.integer({ min: 1, max: 30 }) });
    fc.assert(
      fc.property(fc.array(ask, { minLength: 1, maxLength: 60 }), (asks) => {
        const budget = new Budget({ repairBudgetMax: 50, repairBudgetPerHour: 10 }, undefined);
        let nowMs = 0;
        let takenUnits = 0;
        for (const { afterMs, units } of asks) {
          nowMs += afterMs;
          const waitMs = budget.waitMs(units, nowMs);
          if (waitMs > 0) {
            expect(budget.waitMs(units, nowMs + waitMs)).toBe(0);
            expect(budget.waitMs(units, nowMs + waitMs - 1)).toBe(1);
            continue;
          }
          budget.take(units, nowMs);
          takenUnits += units;
          expect(budget.takenAt(nowMs)).toBeLessThanOrEqual(50);
        }
        expect(takenUnits).toBeLessThanOrEqual(50 + (10 * nowMs) / 3_600_000);
      }),
    );
  });
});

describe("repair must outpace damage", () => {
  it("a resource that is broken for as long as it is kept raises the alarm, once", () => {
    const bench = new Bench({ settings: { contestRepairsMax: 1_000 } });
    bench.desire({ [motd]: { content: "ours" } });
    bench.see(motd, fileWith("ours"));
    const told: string[] = [];
    for (let number = 1; number <= 20; number += 1) {
      bench.clock.advance(5_000);
      told.push(...bench.see(motd, fileWith("theirs")));
      bench.clock.advance(6_000);
      told.push(...bench.done(`1-${number}`), ...bench.see(motd, fileWith("ours")));
    }
    expect(told.filter((line) => line === `tell error resource.outpaced ${motd}`)).toHaveLength(1);
    expect(bench.view(motd).why).toContain("damage comes at least as fast as repair");
  });

  it("three damages may be chance, and raise none", () => {
    const bench = new Bench({ settings: { contestRepairsMax: 1_000 } });
    bench.desire({ [motd]: { content: "ours" } });
    bench.see(motd, fileWith("ours"));
    for (let number = 1; number <= 3; number += 1) {
      bench.see(motd, fileWith("theirs"));
      bench.clock.advance(60_000);
      bench.done(`1-${number}`);
      expect(bench.see(motd, fileWith("ours"))).not.toContain(`tell error resource.outpaced ${motd}`);
    }
  });

  it("a resource that is kept for long has no past", () => {
    const bench = new Bench({ settings: { contestRepairsMax: 1_000 } });
    bench.desire({ [motd]: { content: "ours" } });
    bench.see(motd, fileWith("ours"));
    for (let number = 1; number <= 20; number += 1) {
      bench.clock.advance(5_000);
      bench.see(motd, fileWith("theirs"));
      bench.clock.advance(6_000);
      bench.done(`1-${number}`);
      bench.see(motd, fileWith("ours"));
    }
    expect(bench.view(motd).why).toContain("damage comes at least as fast as repair");
    bench.clock.advance(600_000);
    bench.see(motd, fileWith("ours"));
    expect(bench.view(motd).why).toBe("as promised");
  });

  it("a resource that is repaired ten times as fast as it is damaged raises none", () => {
    const bench = new Bench({ settings: { contestRepairsMax: 1_000 } });
    bench.desire({ [motd]: { content: "ours" } });
    bench.see(motd, fileWith("ours"));
    for (let number = 1; number <= 100; number += 1) {
      bench.clock.advance(5_000);
      bench.see(motd, fileWith("theirs"));
      bench.clock.advance(500);
      bench.done(`1-${number}`);
      expect(bench.see(motd, fileWith("ours"))).not.toContain(`tell error resource.outpaced ${motd}`);
    }
  });

  // Damage by chance at rate λ, found and removed by looks every T: the alarm is to tell λT above 1 from λT below.
  it.each([
    [250, false],
    [500, false],
    [1_600, true],
    [3_000, true],
  ])("looks in turn at damage by chance with λT of %d thousandths: %s", (thousandths, alarm) => {
    const random = Random.fromSeed(7);
    let fare = newFare;
    for (let look = 0; look < 400; look += 1) {
      // 64 chances within a period, each with the probability λT/64.
      const isBroken = Array.from({ length: 64 }, () => random.below(64_000) < thousandths).some(Boolean);
      fare = looked(fare, isBroken);
    }
    expect((lambdaTHundredths(fare) ?? 0) >= 100).toBe(alarm);
  });
});

describe("a rival", () => {
  const settings = { contestRepairsMax: 2 };
  function contested(): Bench {
    const bench = new Bench({ settings });
    bench.desire({ [motd]: { content: "ours" } });
    bench.see(motd, fileWith("ours"));
    for (let number = 1; bench.phase(motd) !== "contested"; number += 1) damageAndRepair(bench, number);
    return bench;
  }

  it("is named where it was met", () => {
    const bench = contested();
    const rival = { type: "process", pid: 77, program: "puppet", uid: 0 } as const;
    expect(bench.handle({ type: "rival", resource: id(motd), rival })).toContain(
      `tell warn resource.rival ${motd}`,
    );
    expect(bench.view(motd).why).toContain("process 77 (puppet, uid 0) undid 3 repairs");
  });

  it("is unknown where it was not, with whose the file is and when it was changed", () => {
    const bench = contested();
    const rival = { type: "unknown", uid: 1_000, changedWallMs: bench.clock.wallMs - 4_000 } as const;
    bench.handle({ type: "rival", resource: id(motd), rival });
    expect(bench.view(motd).why).toContain("uid 1000, changed 4s before");
  });

  it("is forgotten when the contest is over, and means nothing outside of one", () => {
    const bench = contested();
    const rival = { type: "process", pid: 77, program: "puppet", uid: 0 } as const;
    bench.handle({ type: "rival", resource: id(motd), rival });
    bench.wakeForRetry(motd);
    bench.see(motd, fileWith("ours"));
    expect(bench.phase(motd)).toBe("kept");
    expect(bench.handle({ type: "rival", resource: id(motd), rival })).toEqual([]);
    expect(bench.view(motd).why).toBe("as promised");
  });
});
