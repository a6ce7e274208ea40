import { describe, expect, it } from "vitest";
import type { JournalRecord } from "../../src/contract/output.ts";
import { Bench, fileWith, id } from "./bench.ts";

const motd = "file:/etc/motd";
const issue = "file:/etc/issue";
const promises = { [motd]: { content: "a" }, [issue]: { content: "b" } };
const pauseMotd = { type: "pause", target: id(motd), reason: "editing", forMs: 600_000 } as const;
const pauseAll = { ...pauseMotd, target: "*" } as const;

function keptBench(records: readonly JournalRecord[] = []): Bench {
  const bench = new Bench({ records });
  bench.desire(promises);
  bench.see(motd, fileWith("a"));
  bench.see(issue, fileWith("b"));
  return bench;
}

/** Records that a bench put out, as a journal would hold them. */
function persisted(bench: Bench, run: () => void): JournalRecord[] {
  const records = new Map<string, JournalRecord>();
  bench.clock.take();
  run();
  for (const output of bench.clock.take()) {
    if (output.type !== "persist") continue;
    for (const record of output.records) {
      if (record.value === null) records.delete(record.key);
      else records.set(record.key, record);
    }
  }
  return [...records.values()];
}

describe("a pause", () => {
  it("that ends while a repair is looked at begins no second one", () => {
    const bench = keptBench();
    expect(bench.see(motd, fileWith("b"))).toContain(`act 1-1 write ${motd}`);
    expect(bench.done("1-1")).toContain(`observe ${motd}`);
    bench.command(pauseAll);
    const lines = bench.command({ type: "resume", target: "*" });
    expect(lines.filter((line) => line.startsWith("act"))).toEqual([]);
    expect(bench.phase(motd)).toBe("verifying");
  });

  it("is on disk before it is confirmed, shows the drift and leaves it; what is kept stays kept", () => {
    const bench = keptBench();
    expect(bench.command(pauseMotd)).toEqual([
      `persist sync pause/${motd}`,
      `tell info resource.paused ${motd}`,
      "reply c ok",
    ]);
    expect(bench.phase(motd)).toBe("kept");
    expect(bench.see(motd, { type: "absent" })).toEqual([`tell info resource.drifted ${motd}`]);
    expect(bench.view(motd)).toMatchObject({
      phase: "paused",
      why: expect.stringContaining("editing"),
      drift: { attributes: ["type"] },
      nextMs: bench.clock.monoMs + 600_000,
    });
    expect(bench.see(issue, { type: "absent" })).toContain(`act 1-1 write ${issue}`);
    expect(bench.healing.inspect().pauses).toEqual([
      { target: motd, reason: "editing", untilMs: bench.clock.monoMs + 600_000 },
    ]);
  });

  it("lets a running action end, and holds back the next", () => {
    const bench = keptBench();
    bench.see(motd, { type: "absent" });
    bench.command(pauseMotd);
    expect(bench.phase(motd)).toBe("repairing");
    bench.fail("1-1");
    expect(bench.phase(motd)).toBe("paused");
    expect(bench.wakeAfter(5_000)).not.toContain(`act 1-2 write ${motd}`);
  });

  it("ends by itself; what it held back is looked at and healed", () => {
    const bench = keptBench();
    bench.command(pauseMotd);
    bench.see(motd, { type: "absent" });
    const lines = bench.wakeAfter(600_000);
    expect(lines).toEqual(
      expect.arrayContaining([
        `persist sync -pause/${motd}`,
        `tell info resource.resumed ${motd}`,
        `observe ${motd}`,
      ]),
    );
    expect(bench.see(motd, { type: "absent" })).toContain(`act 1-1 write ${motd}`);
  });

  it("of all holds all back; resume heals all", () => {
    const bench = keptBench();
    bench.command(pauseAll);
    bench.see(motd, { type: "absent" });
    bench.see(issue, { type: "absent" });
    expect([bench.phase(motd), bench.phase(issue)]).toEqual(["paused", "paused"]);
    expect(bench.command({ type: "resume", target: "*" })).toEqual([
      "persist sync -pause/*",
      "tell info resource.resumed *",
      `observe ${issue}`,
      `observe ${motd}`,
      "reply c ok",
    ]);
    expect(bench.see(motd, { type: "absent" })).toContain(`act 1-1 write ${motd}`);
    expect(bench.see(issue, fileWith("b"))).toEqual([`tell info resource.repaired ${issue}`]);
  });

  it("of one says why, also while all are paused", () => {
    const bench = keptBench();
    bench.command(pauseAll);
    bench.command({ ...pauseMotd, reason: "its own" });
    bench.see(motd, { type: "absent" });
    bench.see(issue, { type: "absent" });
    expect(bench.view(motd).why).toContain("its own");
    expect(bench.view(issue).why).toContain("editing");
  });

  it("of one goes on when that of all ends first", () => {
    const bench = keptBench();
    bench.command(pauseMotd);
    bench.command({ ...pauseAll, forMs: 1_000 });
    bench.see(motd, { type: "absent" });
    bench.see(issue, { type: "absent" });
    bench.wakeAfter(1_000);
    expect(bench.phase(motd)).toBe("paused");
    expect(bench.phase(issue)).toBe("drifted");
  });

  it("clears a wait: whoever resumes does not want to wait for a backoff", () => {
    const bench = keptBench();
    bench.see(motd, { type: "absent" });
    bench.fail("1-1");
    bench.command(pauseMotd);
    bench.command({ type: "resume", target: id(motd) });
    expect(bench.see(motd, { type: "absent" })).toContain(`act 1-2 write ${motd}`);
  });

  it("is what has a wait ended at once, and a resume without one says so", () => {
    const bench = keptBench();
    bench.see(motd, { type: "absent" });
    bench.fail("1-1");
    bench.clock.take();
    const command = { type: "resume", target: id(motd) } as const;
    bench.healing.command({ id: "c", command }, bench.clock.turn());
    const next = expect.stringContaining(`antibody pause ${motd} --reason TEXT --for 1m`);
    expect(bench.clock.take()).toMatchObject([{ type: "reply", result: { type: "refused", next } }]);
  });

  it.each([
    [{ ...pauseMotd, reason: " " }, "needs a reason"],
    [{ ...pauseMotd, reason: "x".repeat(501) }, "needs a reason"],
    [{ ...pauseMotd, forMs: 0 }, "ends by itself"],
    [{ ...pauseMotd, forMs: Number.POSITIVE_INFINITY }, "ends by itself"],
    [{ ...pauseMotd, target: id("file:/etc/nothing") }, "nothing is promised"],
    [{ type: "resume", target: id(motd) }, "is not paused"],
    [{ type: "resume", target: "*" }, "nothing is paused"],
    [{ type: "step", target: id(motd) }, "is not paused"],
    [{ type: "cancel", action: "9-9" }, "no action 9-9"],
  ] as const)("%j is refused, with what to do instead", (command, message) => {
    const bench = keptBench();
    bench.healing.command({ id: "c", command }, bench.clock.turn());
    expect(bench.clock.take()).toEqual([
      {
        type: "reply",
        id: "c",
        result: {
          type: "refused",
          message: expect.stringContaining(message),
          next: expect.stringMatching(/^antibody /),
        },
      },
    ]);
  });

  it("are bounded in number", () => {
    const bench = new Bench();
    const files = Array.from({ length: 257 }, (_, index) => `file:/f/${index}`);
    bench.desire(Object.fromEntries(files.map((file) => [file, {}])));
    const replies = files.map((file) => bench.command({ ...pauseMotd, target: id(file) }).at(-1));
    expect(replies.filter((reply) => reply === "reply c ok")).toHaveLength(256);
  });
});

describe("a step", () => {
  it("lets one action through, and the pause goes on", () => {
    const bench = keptBench();
    bench.command(pauseAll);
    bench.see(motd, { type: "absent" });
    bench.see(issue, { type: "absent" });
    expect(bench.command({ type: "step", target: "*" })).toEqual([
      "persist batched intent/1-1",
      `act 1-1 write ${issue}`,
      `tell info resource.repairing ${issue}`,
      "reply c ok",
    ]);
    bench.done("1-1");
    bench.see(issue, fileWith("b"));
    expect([bench.phase(motd), bench.phase(issue)]).toEqual(["paused", "kept"]);
    expect(bench.see(issue, { type: "absent" })).toEqual([`tell info resource.drifted ${issue}`]);
    expect(bench.phase(issue)).toBe("paused");
  });

  it("looks first where an action may not be run twice", () => {
    const bench = new Bench();
    const schema = "command:schema";
    bench.desire({ [schema]: { check: ["/c"], apply: ["/a"], timeout: "10s" } });
    bench.command({ ...pauseMotd, target: id(schema) });
    const wrong = { type: "checked", code: 1, output: "" };
    bench.see(schema, wrong);
    expect(bench.command({ type: "step", target: id(schema) })).toEqual([`observe ${schema}`, "reply c ok"]);
    expect(bench.see(schema, wrong)).toContain(`act 1-1 apply ${schema}`);
    bench.fail("1-1");
    expect(bench.phase(schema)).toBe("paused");
    expect(bench.see(schema, wrong)).toEqual([]);
  });
});

describe("a restart", () => {
  it("keeps the rest of a pause", () => {
    const before = keptBench();
    const records = persisted(before, () =>
      before.healing.command({ id: "c", command: pauseMotd }, before.clock.turn()),
    );
    expect(records.map(({ key }) => key)).toEqual([`pause/${motd}`]);

    const after = new Bench({ records, boot: 2 });
    after.clock.monoMs = 5;
    after.clock.wallMs = before.clock.wallMs + 200_000;
    after.desire(promises);
    after.see(motd, { type: "absent" });
    expect(after.view(motd)).toMatchObject({ phase: "paused", nextMs: 5 + 400_000 });
  });

  it("with a clock at 1970 never makes a pause longer than it was asked for", () => {
    const before = keptBench();
    const records = persisted(before, () =>
      before.healing.command({ id: "c", command: pauseMotd }, before.clock.turn()),
    );
    const after = new Bench({ records, boot: 2 });
    after.clock.wallMs = 0;
    after.desire(promises);
    expect(after.healing.inspect().pauses).toEqual([
      { target: motd, reason: "editing", untilMs: after.clock.monoMs + 600_000 },
    ]);
  });

  it("after the end of a pause heals at once", () => {
    const before = keptBench();
    const records = persisted(before, () =>
      before.healing.command({ id: "c", command: pauseMotd }, before.clock.turn()),
    );
    const after = new Bench({ records, boot: 2 });
    after.clock.wallMs = before.clock.wallMs + 600_001;
    after.desire(promises);
    expect(after.handle({ type: "wake" })).toContain(`persist sync -pause/${motd}`);
    expect(after.see(motd, { type: "absent" })).toContain(`act 2-1 write ${motd}`);
  });
});
