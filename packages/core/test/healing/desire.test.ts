import { describe, expect, it } from "vitest";
import type { JournalRecord } from "../../src/contract/output.ts";
import { keyedDigest } from "../../src/resources/index.ts";
import { commandBytes } from "../../src/resources/process.ts";
import { Bench, digestKey, fileWith, testCrypto, viewOf } from "./bench.ts";

const motd = "file:/etc/motd";
const sensor = "process:sensor";
const command = { command: ["/usr/bin/sensor"] };
const running = {
  type: "running",
  pid: 7,
  startTicks: 1,
  commandDigest: keyedDigest(testCrypto, digestKey, commandBytes(command)),
};

describe("order", () => {
  it("repairs wait until what they come after is kept, and looks do not", () => {
    const bench = new Bench();
    bench.desire({ [motd]: { content: "a" }, [sensor]: { ...command, after: [motd] } });
    expect(bench.see(sensor, { type: "stopped" })).toEqual([`tell info resource.drifted ${sensor}`]);
    expect(bench.view(sensor)).toMatchObject({
      phase: "drifted",
      why: expect.stringContaining(`waits until ${motd} is kept`),
    });
    bench.see(motd, { type: "absent" });
    bench.done("1-1");
    expect(bench.see(motd, fileWith("a"))).toEqual([
      `tell info resource.repaired ${motd}`,
      "persist batched intent/1-2",
      `act 1-2 start ${sensor}`,
      `tell info resource.repairing ${sensor}`,
    ]);
  });

  it("promises that would undo each other are left alone, and say so; with ranks the lower one is", () => {
    const bench = new Bench();
    const line = "line:/etc/motd#it";
    const outputs = bench.desire({ [motd]: { content: "a" }, [line]: { line: "b" }, "file:/other": {} });
    expect(outputs.filter((each) => each.startsWith("watch"))).toEqual(["watch file:/other"]);
    expect(bench.view(motd)).toMatchObject({ why: expect.stringContaining(`conflicts with ${line}`) });
    expect(bench.view(line)).toMatchObject({ why: expect.stringContaining(`conflicts with ${motd}`) });
    // One of them goes: the other is kept.
    expect(bench.desire({ [motd]: { content: "a" }, "file:/other": {} })).toContain(`watch ${motd}`);
  });

  it("a chain is repaired link by link", () => {
    const bench = new Bench();
    const chain = ["file:/1", "file:/2", "file:/3"];
    bench.desire({
      "file:/1": {},
      "file:/2": { after: ["file:/1"] },
      "file:/3": { after: ["file:/2", "file:/1"] },
    });
    for (const file of chain.toReversed()) bench.see(file, { type: "absent" });
    const acted: string[] = [];
    for (const [index, file] of chain.entries()) {
      expect(bench.view(file).action?.id).toBe(`1-${index + 1}`);
      bench.done(`1-${index + 1}`);
      acted.push(...bench.see(file, fileWith("")).filter((each) => each.startsWith("act")));
    }
    expect(acted).toEqual(["act 1-2 write file:/2", "act 1-3 write file:/3"]);
  });

  it("a dependency that nothing promises here is named", () => {
    const bench = new Bench();
    bench.desire({ [sensor]: { ...command, after: [motd] } });
    bench.see(sensor, { type: "stopped" });
    expect(bench.view(sensor).why).toContain("which nothing promises here");
  });

  it("promises that wait for themselves are held, and the others go on", () => {
    const bench = new Bench();
    bench.desire({
      "file:/a": { after: ["file:/b"] },
      "file:/b": { after: ["file:/c"] },
      "file:/c": { after: ["file:/a"] },
      "file:/d": { after: ["file:/a"] },
      "file:/e": { after: ["file:/e"] },
      "file:/f": {},
    });
    expect(["a", "b", "c", "d", "e", "f"].map((name) => bench.phase(`file:/${name}`))).toEqual([
      "held",
      "held",
      "held",
      "unknown",
      "held",
      "unknown",
    ]);
    expect(bench.view("file:/a").why).toContain("file:/a → file:/b → file:/c → file:/a");
    bench.desire({ "file:/e": {} }, { generation: 2 });
    expect(bench.phase("file:/e")).toBe("unknown");
  });
});

describe("a changed promise", () => {
  it("of the same words changes nothing but its author's version", () => {
    const bench = new Bench();
    bench.desire({ [motd]: { content: "a" } });
    bench.see(motd, fileWith("a"));
    expect(bench.desire({ [motd]: { content: "a" } }, { generation: 2 })).toEqual([]);
    expect(bench.view(motd)).toMatchObject({ phase: "kept", generation: 2 });
  });

  it("is watched and looked at anew", () => {
    const bench = new Bench();
    bench.desire({ [motd]: { content: "a" } });
    bench.see(motd, fileWith("a"));
    expect(bench.desire({ [motd]: { content: "b" } })).toEqual([`watch ${motd}`, `observe ${motd}`]);
    expect(bench.see(motd, fileWith("a"))).toContain(`act 1-1 write ${motd}`);
  });

  it("cancels what runs for the old one, and its failures are no failures of the new one", () => {
    const bench = new Bench();
    bench.desire({ [motd]: { content: "a" } });
    bench.see(motd, { type: "absent" });
    expect(bench.desire({ [motd]: { content: "b" } })).toEqual([
      "cancel 1-1",
      `watch ${motd}`,
      `observe ${motd}`,
    ]);
    bench.see(motd, { type: "absent" });
    expect(bench.handle({ type: "outcome", action: "1-1", result: { type: "canceled" } })).toEqual([
      "persist batched -intent/1-1",
      `observe ${motd}`,
    ]);
    expect(bench.view(motd)).toMatchObject({ phase: "unknown", failures: 0 });
    expect(bench.see(motd, { type: "absent" })).toContain(`act 1-2 write ${motd}`);
  });

  it("takes a handed-off resource up again", () => {
    const bench = new Bench({ settings: { handOffAfterFailures: 1 } });
    bench.desire({ [motd]: { content: "a" } });
    bench.see(motd, { type: "absent" });
    bench.fail("1-1");
    expect(bench.phase(motd)).toBe("handedOff");
    bench.desire({ [motd]: { content: "b" } });
    expect(bench.see(motd, { type: "absent" })).toContain(`act 1-2 write ${motd}`);
  });
});

describe("the grant's mode", () => {
  it.each([
    ["warn", "warn"],
    ["observe", "info"],
  ] as const)("%s tells the drift and leaves it", (mode, level) => {
    const bench = new Bench();
    bench.desire({ [motd]: { content: "a" } }, { mode });
    expect(bench.see(motd, { type: "absent" })).toEqual([`tell ${level} resource.drifted ${motd}`]);
    expect(bench.view(motd)).toMatchObject({
      phase: "drifted",
      why: expect.stringContaining(`mode is ${mode}`),
      mode,
    });
    expect(bench.desire({ [motd]: { content: "a" } }, { mode: "enforce" })).toContain(
      `act 1-1 write ${motd}`,
    );
  });

  it("that is not to enforce reverses nothing on withdrawal", () => {
    const bench = new Bench();
    bench.desire({ [sensor]: command }, { mode: "warn" });
    bench.see(sensor, running);
    expect(bench.desire({})).toEqual([`unwatch ${sensor}`, `tell info resource.withdrawn ${sensor}`]);
  });
});

describe("a withdrawn promise", () => {
  it("of a file leaves the file", () => {
    const bench = new Bench();
    bench.desire({ [motd]: { content: "a" } });
    expect(bench.desire({})).toEqual([`unwatch ${motd}`, `tell info resource.withdrawn ${motd}`]);
    expect(bench.phase(motd)).toBeUndefined();
    expect(bench.wakeAfter(3_600_000)).toEqual([]);
  });

  it("of a process stops it, once", () => {
    const bench = new Bench();
    bench.desire({ [sensor]: command });
    bench.see(sensor, running);
    expect(bench.phase(sensor)).toBe("kept");
    expect(bench.desire({})).toEqual([
      "persist batched intent/1-1",
      `act 1-1 stop ${sensor}`,
      `tell info resource.repairing ${sensor}`,
    ]);
    expect(bench.view(sensor).promise).toBeUndefined();
    expect(bench.see(sensor, { type: "stopped" })).toEqual([]);
    expect(bench.desire({})).toEqual([]);
    expect(bench.done("1-1")).toEqual([
      "persist batched -intent/1-1",
      `unwatch ${sensor}`,
      `tell info resource.withdrawn ${sensor}`,
    ]);
    expect(bench.phase(sensor)).toBeUndefined();
  });

  it("that cannot be reversed is retried, and handed off", () => {
    const bench = new Bench({ settings: { handOffAfterFailures: 2 } });
    bench.desire({ [sensor]: command });
    bench.see(sensor, running);
    bench.desire({});
    bench.fail("1-1", "EPERM");
    expect(bench.phase(sensor)).toBe("backingOff");
    expect(bench.wakeForRetry(sensor)).toContain(`act 1-2 stop ${sensor}`);
    bench.fail("1-2", "EPERM");
    expect(bench.phase(sensor)).toBe("handedOff");
    expect(bench.healing.inspect().incidents).toHaveLength(1);
  });

  it("that is promised again while it is reversed is kept again", () => {
    const bench = new Bench();
    bench.desire({ [sensor]: command });
    bench.see(sensor, running);
    bench.desire({});
    expect(bench.desire({ [sensor]: command })).toEqual([
      "cancel 1-1",
      `watch ${sensor}`,
      `observe ${sensor}`,
    ]);
    expect(bench.done("1-1")).toContain(`observe ${sensor}`);
    expect(bench.see(sensor, { type: "stopped" })).toContain(`act 1-2 start ${sensor}`);
  });

  it("under repair is reversed when the repair has ended", () => {
    const bench = new Bench();
    bench.desire({ [sensor]: command });
    bench.see(sensor, { type: "stopped" });
    expect(bench.desire({})).toEqual(["cancel 1-1"]);
    expect(bench.done("1-1")).toContain(`act 1-2 stop ${sensor}`);
  });

  it("whose repair was being canceled already is not taken for a failure", () => {
    const bench = new Bench();
    bench.desire({ [motd]: { content: "a", timeout: "1s" } });
    bench.see(motd, { type: "absent" });
    expect(bench.wakeAfter(1_000)).toContain("cancel 1-1");
    expect(bench.desire({})).toEqual([]);
    expect(bench.fail("1-1")).toEqual([
      "persist batched -intent/1-1",
      `unwatch ${motd}`,
      `tell info resource.withdrawn ${motd}`,
    ]);
  });

  it("waits for the end of a pause", () => {
    const bench = new Bench();
    bench.desire({ [sensor]: command });
    bench.see(sensor, running);
    bench.command({ type: "pause", target: "*", reason: "hands off", forMs: 1_000 });
    expect(bench.desire({})).toEqual([]);
    expect(bench.phase(sensor)).toBe("paused");
    expect(bench.wakeAfter(1_000)).toContain(`act 1-1 stop ${sensor}`);
  });

  it("is reversed after a restart that came between", () => {
    const before = new Bench();
    before.desire({ [sensor]: command });
    before.see(sensor, running);
    before.healing.desire(viewOf({}), before.clock.turn());
    const records = before.clock
      .take()
      .flatMap((output): readonly JournalRecord[] => (output.type === "persist" ? output.records : []));
    const after = new Bench({ records, boot: 2 });
    expect(after.desire({})).toEqual([
      "persist batched intent/2-1",
      `act 2-1 stop ${sensor}`,
      `tell info resource.repairing ${sensor}`,
      "persist batched -intent/1-1",
    ]);
    expect(after.done("2-1")).toContain(`tell info resource.withdrawn ${sensor}`);
  });
});

describe("what is held", () => {
  it("is neither enforced nor undone", () => {
    const bench = new Bench();
    bench.desire({ [sensor]: command });
    bench.see(sensor, running);
    expect(bench.desire({}, { frozen: [sensor] })).toEqual([`unwatch ${sensor}`]);
    expect(bench.phase(sensor)).toBe("held");
    expect(bench.see(sensor, { type: "stopped" })).toEqual([]);
    expect(bench.wakeAfter(3_600_000)).toEqual([]);
    expect(bench.desire({}, { frozen: [sensor] })).toEqual([]);
  });

  it("goes on when it is settled, either way", () => {
    const bench = new Bench();
    bench.desire({ [sensor]: command });
    bench.desire({}, { frozen: [sensor] });
    expect(bench.desire({ [sensor]: command })).toEqual([`watch ${sensor}`, `observe ${sensor}`]);
    bench.see(sensor, running);
    bench.desire({}, { frozen: [sensor] });
    expect(bench.desire({})).toContain(`act 1-1 stop ${sensor}`);
  });

  it("is shown also where it was never in force", () => {
    const bench = new Bench();
    expect(bench.desire({}, { frozen: [motd] })).toEqual([]);
    expect(bench.phase(motd)).toBe("held");
    expect(bench.desire({})).toEqual([`tell info resource.withdrawn ${motd}`]);
  });

  it("lets a canceled action end", () => {
    const bench = new Bench();
    bench.desire({ [sensor]: command });
    bench.see(sensor, { type: "stopped" });
    expect(bench.desire({}, { frozen: [sensor] })).toEqual(["cancel 1-1", `unwatch ${sensor}`]);
    expect(bench.done("1-1")).toEqual(["persist batched -intent/1-1"]);
    expect(bench.phase(sensor)).toBe("held");
  });

  it.each([
    ["file:/etc/motd", { content: 3 }, "malformed.content: expected string"],
    ["gadget:x", { any: "thing" }, "does not know the resource type"],
  ])("%s %j is held for what it is", (resource, promise, why) => {
    const bench = new Bench();
    expect(bench.desire({ [resource]: promise })).toEqual([]);
    expect(bench.view(resource)).toMatchObject({ phase: "held", why: expect.stringContaining(why) });
  });
});

describe("looks", () => {
  it("come from the sweep, spread over the interval, with a tenth of jitter", () => {
    const bench = new Bench();
    const files = Array.from({ length: 100 }, (_, index) => `file:/f/${index}`);
    bench.desire(Object.fromEntries(files.map((file) => [file, {}])));
    for (const file of files) bench.see(file, fileWith(""));
    const firsts = files.map((file) => (bench.view(file).nextMs ?? 0) - bench.clock.monoMs);
    expect(Math.max(...firsts)).toBeLessThanOrEqual(60_000);
    expect(new Set(firsts.map((firstMs) => Math.floor(firstMs / 10_000))).size).toBe(6);
    expect(bench.wakeAfter(60_000)).toHaveLength(100);
    const nexts = files.map((file) => (bench.view(file).nextMs ?? 0) - bench.clock.monoMs);
    expect(nexts.every((nextMs) => nextMs >= 54_000 && nextMs <= 66_000)).toBe(true);
    expect(new Set(nexts).size).toBeGreaterThan(50);
  });

  it("come as often as the promise says", () => {
    const bench = new Bench();
    bench.desire({ "http:sensor": { url: "http://127.0.0.1/", every: "2s" } });
    bench.wakeAfter(2_000);
    expect(bench.wakeAfter(2_200)).toEqual(["observe http:sensor"]);
  });

  it("are never asked for of what the mind itself observes", () => {
    const bench = new Bench();
    const api = "capability:api";
    expect(bench.desire({ [api]: { port: 80 } })).toEqual([]);
    expect(bench.see(api, { type: "withheld", because: "http:sensor is drifted" })).toEqual([
      `tell info resource.drifted ${api}`,
    ]);
    expect(bench.see(api, { type: "announced" })).toEqual([`tell info resource.repaired ${api}`]);
    expect(bench.desire({})).toEqual([`tell info resource.withdrawn ${api}`]);
  });

  it("replace events beyond the bound of watches", () => {
    const bench = new Bench();
    const files = Array.from({ length: 4_100 }, (_, index) => `file:/f/${index}`);
    const lines = bench.desire(Object.fromEntries(files.map((file) => [file, {}])));
    expect(lines.filter((each) => each.endsWith("without events"))).toHaveLength(4);
  });
});
