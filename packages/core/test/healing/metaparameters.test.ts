import { expect, it } from "vitest";
import { Healing } from "../../src/healing/healing.ts";
import { Bench, fileWith, id, testContext } from "./bench.ts";

const motd = "file:/etc/motd";
const hosts = "file:/etc/hosts";
const web = "process:web";
const webPromise = { command: ["/usr/bin/web"] };

/** What is said of a resource, and when it is looked at again. */
function whyOf(bench: Bench, resource: string): string {
  return bench.view(resource).why;
}

/** Repairs the resource as often as it may be within the time, and says when. */
function repairsWithin(bench: Bench, resource: string, spanMs: number, everyMs: number): number[] {
  const times: number[] = [];
  const startMs = bench.clock.monoMs;
  for (let passedMs = 0; passedMs < spanMs; passedMs += everyMs) {
    const woken = bench.wakeAfter(everyMs);
    const lines = [...woken, ...bench.see(resource, fileWith("theirs"))];
    const act = lines.find((line) => line.startsWith("act"));
    if (act === undefined) continue;
    times.push(bench.clock.monoMs - startMs);
    bench.done(act.split(" ")[1] as `${number}-${number}`);
    bench.see(resource, fileWith("ours"));
  }
  return times;
}

it("poll: no events wake, and it is looked at in turn", () => {
  const bench = new Bench();
  expect(bench.desire({ [motd]: { content: "ours", poll: "10s" } })).toContain(
    `watch ${motd} without events`,
  );
  bench.see(motd, fileWith("ours"));
  const looks = Array.from({ length: 60 }, () => bench.wakeAfter(1_000)).flat();
  const count = looks.filter((line) => line === `observe ${motd}`).length;
  expect(count).toBeGreaterThanOrEqual(5);
  expect(count).toBeLessThanOrEqual(7);
});

it("retry: a human is asked after as many failures as the promise says", () => {
  const bench = new Bench();
  bench.desire({ [motd]: { content: "ours", retry: 2 } });
  bench.see(motd, fileWith("theirs"));
  bench.fail("1-1");
  expect(bench.phase(motd)).toBe("backingOff");
  bench.wakeForRetry(motd);
  bench.see(motd, fileWith("theirs"));
  bench.fail("1-2");
  expect(bench.phase(motd)).toBe("handedOff");
});

it("backoff: base, factor, maximum and no jitter, and failures are forgotten after its own time", () => {
  const bench = new Bench();
  const backoff = { base: "2s", factor: 3, max: "10s", jitter: "none", resetAfter: "1m" };
  bench.desire({ [motd]: { content: "ours", retry: 100, backoff } });
  const waits: number[] = [];
  bench.see(motd, fileWith("theirs"));
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    bench.fail(`1-${attempt}`);
    waits.push((bench.view(motd).nextMs ?? 0) - bench.clock.monoMs);
    bench.wakeForRetry(motd);
    bench.see(motd, fileWith("theirs"));
  }
  expect(waits).toEqual([2_000, 6_000, 10_000, 10_000]);
  bench.done("1-5");
  bench.see(motd, fileWith("ours"));
  bench.wakeAfter(61_000);
  bench.see(motd, fileWith("theirs"));
  bench.fail("1-6");
  expect((bench.view(motd).nextMs ?? 0) - bench.clock.monoMs).toBe(2_000);
});

it("limit: so many repairs within a time, the next when the oldest is out of it", () => {
  const bench = new Bench({ settings: { contestRepairsMax: 1_000 } });
  bench.desire({ [motd]: { content: "ours", limit: { repairs: 3, per: "1m" } } });
  bench.see(motd, fileWith("ours"));
  const times = repairsWithin(bench, motd, 180_000, 5_000);
  expect(times).toEqual([5_000, 10_000, 15_000, 65_000, 70_000, 75_000, 125_000, 130_000, 135_000]);
  expect(whyOf(bench, motd)).toContain("its limit of 3 repairs within 60s is reached");
  expect(bench.view(motd).nextMs).toBeGreaterThan(bench.clock.monoMs);
});

it("priority: of the repairs that wait for a place the highest begin first, and of these the first to wait", () => {
  const bench = new Bench({ settings: { actionsMax: 1 } });
  bench.desire({
    [motd]: { content: "ours" },
    "file:/etc/a": { content: "ours", priority: -1 },
    "file:/etc/b": { content: "ours", priority: 5 },
    "file:/etc/c": { content: "ours" },
    "file:/etc/d": { content: "ours", priority: 5 },
  });
  for (const name of [motd, "file:/etc/a", "file:/etc/c", "file:/etc/d", "file:/etc/b"])
    bench.see(name, fileWith("theirs"));
  const order: string[] = [];
  for (let number = 1; number <= 5; number += 1) {
    const lines = bench.done(`1-${number}`);
    order.push(...lines.filter((line) => line.startsWith("act")).map((line) => line.split(" ").at(-1) ?? ""));
  }
  expect(order).toEqual(["file:/etc/d", "file:/etc/b", "file:/etc/c", "file:/etc/a"]);
});

// 1_700_000_000_000 is Tuesday, 14 November 2023, 22:13:20 UTC; clocks before 2025 are not set.
const tuesdayMs = 1_763_501_600_000;

it.each([
  // Tuesday, 18 November 2025, 21:33:20 UTC.
  [{ from: "21:00", to: "22:00" }, 0],
  [{ from: "21:34", to: "22:00" }, 40_000],
  [{ from: "23:00", to: "21:00" }, 5_200_000],
  [{ from: "22:00", to: "21:45" }, 0],
  [{ from: "21:00", to: "22:00", days: ["wed"] }, 84_400_000],
  [{ from: "21:00", to: "22:00", days: ["tue"] }, 0],
  [{ from: "20:00", to: "21:00", days: ["tue"] }, 599_200_000],
  // It begins with its first minute, and ends before the minute that it names.
  [{ from: "21:33", to: "22:00" }, 0],
  [{ from: "21:00", to: "21:33" }, 84_400_000],
  [{ from: "23:30", to: "23:45", offset: "+02:00" }, 0],
  [{ from: "22:00", to: "23:00", days: ["mon"], offset: "+10:00" }, 484_000_000],
])("window: %j opens in %d ms", (window, waitMs) => {
  const bench = new Bench();
  bench.clock.wallMs = tuesdayMs;
  bench.desire({ [motd]: { content: "ours", window } });
  const lines = bench.see(motd, fileWith("theirs"));
  if (waitMs === 0) {
    expect(lines).toContain(`act 1-1 write ${motd}`);
    return;
  }
  expect(lines.some((line) => line.startsWith("act"))).toBe(false);
  expect(whyOf(bench, motd)).toContain("waits for its hours");
  expect((bench.view(motd).nextMs ?? 0) - bench.clock.monoMs).toBe(waitMs);
  bench.wakeAfter(waitMs);
  expect(bench.see(motd, fileWith("theirs"))).toContain(`act 1-1 write ${motd}`);
});

it("window: a clock that is not set opens none, and is asked again", () => {
  const bench = new Bench();
  bench.desire({ [motd]: { content: "ours", window: { from: "00:00", to: "23:59" } } });
  bench.see(motd, fileWith("theirs"));
  expect(whyOf(bench, motd)).toContain("the clock of this device is not set");
  bench.clock.wallMs = tuesdayMs;
  bench.wakeAfter(60_000);
  expect(bench.see(motd, fileWith("theirs"))).toContain(`act 1-1 write ${motd}`);
});

it("onRepair: what reads the file is begun anew once the repair is seen to hold, and only then", () => {
  const bench = new Bench();
  bench.desire({ [motd]: { content: "ours", onRepair: [web] }, [web]: webPromise });
  const running = webRunning(bench);
  bench.see(motd, fileWith("theirs"));
  expect(bench.done("1-1")).not.toContain(`act 1-2 restart ${web}`);
  const lines = bench.see(motd, fileWith("ours"));
  expect(lines).toContain(`persist batched refresh/${web}`);
  expect(lines).toContain(`act 1-2 restart ${web}`);
  expect(bench.done("1-2")).toContain(`persist batched -refresh/${web}`);
  bench.see(web, running);
  expect(bench.phase(web)).toBe("kept");
});

it("onRepair: an agent that was killed in between begins it anew after its next start", () => {
  const records = [{ key: `refresh/${web}`, value: { v: 1, by: motd } }] as never;
  const bench = new Bench({ records, boot: 2 });
  bench.desire({ [motd]: { content: "ours", onRepair: [web] }, [web]: webPromise });
  expect(bench.see(web, observedWeb(bench))).toContain(`act 2-1 restart ${web}`);
});

it("onRepair: a restart that had begun before the repair does not count", () => {
  const bench = new Bench();
  bench.desire({ [motd]: { content: "ours", onRepair: [web] }, [web]: webPromise });
  bench.see(motd, fileWith("theirs"));
  bench.see(web, { type: "stopped" });
  expect(bench.phase(web)).toBe("repairing");
  bench.done("1-1");
  bench.see(motd, fileWith("ours"));
  bench.done("1-2");
  expect(bench.see(web, observedWeb(bench))).toContain(`act 1-3 restart ${web}`);
});

it("onRepair: what was only begun anew begins nothing else anew", () => {
  const bench = new Bench();
  const compile = "command:compile";
  const run = { check: ["/bin/true"], apply: ["/bin/make"], timeout: "10s" };
  const fine = { type: "checked", code: 0, output: "" };
  bench.desire({
    [motd]: { content: "ours", onRepair: [compile] },
    [compile]: { ...run, onRepair: [web] },
    [web]: webPromise,
  });
  webRunning(bench);
  bench.see(compile, fine);
  bench.see(motd, fileWith("theirs"));
  bench.done("1-1");
  expect(bench.see(motd, fileWith("ours"))).toContain(`observe ${compile}`);
  expect(bench.see(compile, fine)).toContain(`act 1-2 apply ${compile}`);
  bench.done("1-2");
  expect(bench.see(compile, fine).some((line) => line.startsWith("act"))).toBe(false);
  expect(bench.phase(compile)).toBe("kept");
});

it("reverse: what a promise says of its own end is done", () => {
  const bench = new Bench();
  bench.desire({ [motd]: { content: "ours", reverse: true }, [web]: { ...webPromise, reverse: false } });
  bench.see(motd, fileWith("ours"));
  webRunning(bench);
  const lines = bench.desire({});
  expect(lines).toContain(`act 1-1 remove ${motd}`);
  expect(lines).toContain(`unwatch ${web}`);
});

it("a step of the owner passes hours and limits, as it passes a pause", () => {
  const bench = new Bench();
  bench.clock.wallMs = tuesdayMs;
  bench.desire({ [motd]: { content: "ours", window: { from: "23:00", to: "23:30" } } });
  bench.see(motd, fileWith("theirs"));
  bench.command({ type: "pause", target: id(motd), reason: "a look", forMs: 60_000 });
  expect(bench.command({ type: "step", target: id(motd) })).toContain(`act 1-1 write ${motd}`);
});

it("what holds repairs back is part of a dump", () => {
  const bench = new Bench({ settings: { actionsMax: 1 } });
  bench.desire({
    [motd]: { content: "ours", limit: { repairs: 1, per: "1h" }, onRepair: [web] },
    [hosts]: { content: "ours", danger: ["http:web"], priority: 3 },
    [web]: webPromise,
    "http:web": { url: "http://127.0.0.1/" },
  });
  bench.see(motd, fileWith("theirs"));
  bench.see(hosts, fileWith("theirs"));
  bench.see(web, observedWeb(bench));
  bench.done("1-1");
  const twin = Healing.restore(bench.options, bench.healing.dump());
  expect(twin.dump()).toEqual(bench.healing.dump());
  expect(twin.inspect()).toEqual(bench.healing.inspect());
});

function observedWeb(bench: Bench) {
  const type = bench.options.resourceTypes.find(({ kind }) => kind === "process");
  if (type === undefined) throw new Error("no processes");
  const stopped = type.fake.initial(webPromise, testContext);
  const plan = { verb: "start", idempotent: true, timeoutMs: 1, summary: "" };
  return type.fake.repaired(webPromise, stopped, plan, testContext);
}

function webRunning(bench: Bench) {
  const running = observedWeb(bench);
  bench.see(web, running);
  expect(bench.phase(web)).toBe("kept");
  return running;
}
