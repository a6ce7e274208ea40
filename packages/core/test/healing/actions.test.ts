import { describe, expect, it } from "vitest";
import type { JournalRecord } from "../../src/contract/output.ts";
import { Bench, fileWith, id } from "./bench.ts";

const motd = "file:/etc/motd";
const schema = "command:schema";
const command = { check: ["/c"], apply: ["/a"], timeout: "10s" };

describe("an action", () => {
  it("shows its progress", () => {
    const bench = new Bench();
    bench.desire({ [schema]: command });
    bench.see(schema, { type: "checked", code: 1, output: "" });
    bench.clock.advance(50);
    bench.handle({ type: "progress", action: "1-1", step: 2, of: 5, note: "unpacking" });
    expect(bench.view(schema).action).toMatchObject({
      step: 2,
      of: 5,
      note: "unpacking",
      progressMs: bench.clock.monoMs,
      sinceMs: bench.clock.monoMs - 50,
    });
  });

  it("is canceled at its deadline, and counts as failed when it has ended", () => {
    const bench = new Bench();
    bench.desire({ [schema]: command });
    bench.see(schema, { type: "checked", code: 1, output: "" });
    expect(bench.wakeAfter(9_999)).not.toContain("cancel 1-1");
    expect(bench.wakeAfter(1)).toContain("cancel 1-1");
    expect(bench.view(schema)).toMatchObject({
      phase: "repairing",
      next: "waits for the canceled action to end",
    });
    const lines = bench.handle({ type: "outcome", action: "1-1", result: { type: "canceled" } });
    expect(lines).toContain(`tell warn resource.backingOff ${schema}`);
    expect(bench.view(schema).attempts).toMatchObject([
      { id: "1-1", result: "canceled", detail: "canceled: took longer than 10s", tookMs: 10_000 },
    ]);
  });

  it("that is stuck beyond its deadline gives up its place, but never runs twice on one resource", () => {
    const bench = new Bench({ settings: { actionsMax: 1 } });
    bench.desire({ [schema]: command, [motd]: { content: "a" } });
    bench.see(schema, { type: "checked", code: 1, output: "" });
    bench.see(motd, { type: "absent" });
    expect(bench.phase(motd)).toBe("drifted");
    expect(bench.wakeAfter(10_000)).toContain(`act 1-2 write ${motd}`);
    bench.see(schema, { type: "checked", code: 1, output: "" });
    bench.done("1-2");
    expect(bench.phase(schema)).toBe("repairing");
    expect(bench.healing.idle).toBe(false);
  });

  it("is canceled by the owner", () => {
    const bench = new Bench();
    bench.desire({ [schema]: command });
    bench.see(schema, { type: "checked", code: 1, output: "" });
    expect(bench.command({ type: "cancel", action: "1-1" })).toEqual(["cancel 1-1", "reply c ok"]);
    expect(bench.command({ type: "cancel", action: "1-1" })).toEqual(["reply c ok"]);
    bench.handle({ type: "outcome", action: "1-1", result: { type: "canceled" } });
    expect(bench.view(schema)).toMatchObject({
      phase: "backingOff",
      why: expect.stringContaining("by the owner"),
    });
  });

  it("of an earlier life means nothing", () => {
    const bench = new Bench();
    bench.desire({ [motd]: {} });
    expect(bench.done("0-7")).toEqual([]);
    expect(bench.handle({ type: "progress", action: "0-7", step: 1, of: 1, note: "" })).toEqual([]);
  });
});

describe("many at once", () => {
  const files = Array.from({ length: 1_000 }, (_, index) => `file:/f/${String(index).padStart(4, "0")}`);
  const promises = Object.fromEntries(files.map((file) => [file, { content: "x" }]));

  it("a burst of damage keeps all places busy and nothing else waits", () => {
    const bench = new Bench();
    bench.desire(promises);
    for (const file of files) bench.see(file, fileWith("x"));
    let acts = files
      .flatMap((file) => bench.see(file, { type: "absent" }))
      .filter((each) => each.startsWith("act"));
    expect(acts).toHaveLength(16);
    let repaired = 0;
    for (let number = 1; number <= files.length; number += 1) {
      const [, action, , file] = acts.shift()?.split(" ") ?? [];
      const after = bench.done(action as `${number}-${number}`);
      acts = [...acts, ...after.filter((each) => each.startsWith("act"))];
      if (bench.see(file ?? "", fileWith("x")).includes(`tell info resource.repaired ${file}`)) repaired += 1;
    }
    expect(repaired).toBe(files.length);
    expect(files.every((file) => bench.phase(file) === "kept")).toBe(true);
    expect(bench.healing.inspect().queues.every(({ length, bound }) => length <= bound)).toBe(true);
  });

  it("wait in the order in which they came", () => {
    const bench = new Bench({ settings: { actionsMax: 1 } });
    bench.desire({ "file:/a": {}, "file:/b": {}, "file:/c": {} });
    bench.see("file:/c", { type: "absent" });
    bench.see("file:/b", { type: "absent" });
    bench.see("file:/a", { type: "absent" });
    expect(bench.view("file:/b").why).toContain("waits until one of the running actions ends");
    expect(bench.done("1-1")).toContain("act 1-2 write file:/b");
    expect(bench.done("1-2")).toContain("act 1-3 write file:/a");
  });

  it("a drift that went away while it waited is not repaired", () => {
    const bench = new Bench({ settings: { actionsMax: 1 } });
    bench.desire({ "file:/a": {}, "file:/b": {} });
    bench.see("file:/a", { type: "absent" });
    bench.see("file:/b", { type: "absent" });
    bench.see("file:/b", fileWith(""));
    expect(bench.done("1-1")).toEqual(["persist batched -intent/1-1", "observe file:/a"]);
  });

  it("what may not be run twice is looked at again after it waited", () => {
    const bench = new Bench({ settings: { actionsMax: 1 } });
    bench.desire({ [motd]: {}, [schema]: command });
    bench.see(motd, { type: "absent" });
    bench.see(schema, { type: "checked", code: 1, output: "" });
    expect(bench.done("1-1")).toContain(`observe ${schema}`);
    expect(bench.see(schema, { type: "checked", code: 0, output: "" })).toEqual([
      `tell info resource.repaired ${schema}`,
    ]);
  });
});

describe("a restart", () => {
  const intent: JournalRecord = {
    key: "intent/1-7",
    value: { v: 1, resource: schema, verb: "apply", wallMs: 1_600_000_000_000 },
  };

  it("with an intent in the journal looks first, says so, and does not redo what was done", () => {
    const bench = new Bench({ records: [intent], boot: 2 });
    expect(bench.desire({ [schema]: command })).toEqual([
      "persist batched -intent/1-7",
      `watch ${schema}`,
      `observe ${schema}`,
    ]);
    expect(bench.see(schema, { type: "checked", code: 0, output: "" })).toEqual([]);
    expect(bench.view(schema)).toMatchObject({
      phase: "kept",
      why: expect.stringContaining("apply 1-7 was interrupted by a restart"),
      attempts: [{ id: "1-7", verb: "apply", result: "unverified" }],
    });
  });

  it("repairs what is still broken, under an id that was never used", () => {
    const bench = new Bench({ records: [intent], boot: 2 });
    bench.desire({ [schema]: command });
    expect(bench.see(schema, { type: "checked", code: 1, output: "" })).toContain(`act 2-1 apply ${schema}`);
  });

  it("drops the intent of what is promised no more", () => {
    const bench = new Bench({ records: [intent], boot: 2 });
    expect(bench.desire({})).toEqual(["persist batched -intent/1-7"]);
  });
});

describe("stop", () => {
  it("starts nothing more, gives what runs a time, and then cancels it", () => {
    const bench = new Bench();
    bench.desire({ [schema]: { ...command, timeout: "10m" }, [motd]: {} });
    bench.see(schema, { type: "checked", code: 1, output: "" });
    expect(bench.command({ type: "stop" })).toEqual(["reply c ok"]);
    expect(bench.healing.idle).toBe(false);
    expect(bench.see(motd, { type: "absent" })).toEqual([`tell info resource.drifted ${motd}`]);
    expect(bench.view(motd).why).toContain("the agent is stopping");
    expect(bench.wakeAfter(9_999)).toEqual([]);
    expect(bench.wakeAfter(1)).toEqual(["cancel 1-1"]);
    // No failure of the repair: nothing backs off, and the next start has its full tries.
    const lines = bench.handle({ type: "outcome", action: "1-1", result: { type: "canceled" } });
    expect(lines.filter((line) => line.startsWith("tell"))).toEqual([]);
    expect(bench.healing.idle).toBe(true);
    expect(bench.wakeAfter(3_600_000)).toEqual([]);
  });
});

it("an unknown resource is nobody's business", () => {
  const bench = new Bench();
  expect(bench.see(motd, { type: "absent" })).toEqual([]);
  expect(
    bench.handle({ type: "unobservable", resource: id(motd), failure: { code: "EIO", message: "" } }),
  ).toEqual([]);
});
