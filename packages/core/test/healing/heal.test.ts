import { describe, expect, it } from "vitest";
import { Bench, fileWith } from "./bench.ts";

const motd = "file:/etc/motd";
const promise = { [motd]: { content: "hello\n", mode: "0644" } };

/** A bench whose one file is kept. */
function keptBench(settings = {}): Bench {
  const bench = new Bench({ settings });
  bench.desire(promise);
  bench.see(motd, fileWith("hello\n"));
  return bench;
}

describe("a repair", () => {
  it("goes from drift over intent, action and outcome to a look that finds it kept", () => {
    const bench = new Bench();
    expect(bench.desire(promise)).toEqual([`watch ${motd}`, `observe ${motd}`]);
    expect(bench.phase(motd)).toBe("unknown");

    expect(bench.see(motd, fileWith("hello\n"))).toEqual([]);
    expect(bench.phase(motd)).toBe("kept");

    bench.clock.advance(500);
    expect(bench.see(motd, fileWith("broken"))).toEqual([
      `tell info resource.drifted ${motd}`,
      "persist batched intent/1-1",
      `act 1-1 write ${motd}`,
      `tell info resource.repairing ${motd}`,
    ]);
    expect(bench.view(motd)).toMatchObject({
      phase: "repairing",
      drift: { attributes: ["content"] },
      action: { id: "1-1", verb: "write" },
    });

    bench.clock.advance(3);
    expect(bench.done("1-1")).toEqual(["persist batched -intent/1-1", `observe ${motd}`]);
    expect(bench.phase(motd)).toBe("verifying");

    bench.clock.advance(1);
    expect(bench.see(motd, fileWith("hello\n"))).toEqual([`tell info resource.repaired ${motd}`]);
    expect(bench.view(motd)).toMatchObject({ phase: "kept", repairs: 1, failures: 0 });
  });

  it("tells how long it took, from the drift to the look that found it gone", () => {
    const bench = keptBench();
    bench.see(motd, { type: "absent" });
    bench.clock.advance(7);
    bench.done("1-1");
    bench.clock.advance(2);
    bench.healing.handle(
      { type: "observed", resource: bench.view(motd).resource, observation: fileWith("hello\n") },
      bench.clock.turn(),
    );
    const [told] = bench.clock.take();
    expect(told).toMatchObject({
      type: "tell",
      event: { fields: { tookMs: 9, by: "agent", verb: "write" } },
    });
  });

  it("ignores what is seen while the action runs", () => {
    const bench = keptBench();
    bench.see(motd, { type: "absent" });
    expect(bench.see(motd, fileWith("half"))).toEqual([]);
    expect(bench.phase(motd)).toBe("repairing");
  });

  it("looks twice before it counts a repair as failed: the first look may be older than its end", () => {
    const bench = keptBench();
    bench.see(motd, { type: "absent" });
    bench.done("1-1");
    expect(bench.see(motd, { type: "absent" })).toEqual([`observe ${motd}`]);
    expect(bench.see(motd, fileWith("hello\n"))).toEqual([`tell info resource.repaired ${motd}`]);
    expect(bench.view(motd)).toMatchObject({ phase: "kept", failures: 0 });
  });

  it("says that others repaired what was kept again without an action", () => {
    const bench = new Bench();
    bench.desire({ "http:sensor": { url: "http://127.0.0.1:8080/health" } });
    const probe = "http:sensor";
    expect(bench.see(probe, { type: "failed", error: "ECONNREFUSED" })).toEqual([
      `tell info resource.drifted ${probe}`,
    ]);
    expect(bench.view(probe)).toMatchObject({
      phase: "drifted",
      why: expect.stringContaining("ECONNREFUSED"),
    });
    expect(bench.see(probe, { type: "answered", status: 200, tookMs: 3 })).toEqual([
      `tell info resource.repaired ${probe}`,
    ]);
    expect(bench.phase(probe)).toBe("kept");
  });

  it("writes the intent of what may not be run twice to disk before it starts", () => {
    const bench = new Bench();
    const schema = "command:schema";
    bench.desire({ [schema]: { check: ["/bin/check"], apply: ["/bin/apply"], timeout: "10s" } });
    expect(bench.see(schema, { type: "checked", code: 3, output: "no table" })).toEqual([
      `tell info resource.drifted ${schema}`,
      "persist sync intent/1-1",
      `act 1-1 apply ${schema}`,
      `tell info resource.repairing ${schema}`,
    ]);
  });
});

describe("a device that cannot be looked at", () => {
  it("says so, and goes on when it can", () => {
    const bench = keptBench();
    const failure = { code: "EACCES", message: "permission denied" };
    const resource = bench.view(motd).resource;
    expect(bench.handle({ type: "unobservable", resource, failure })).toEqual([
      `tell warn resource.unobservable ${motd}`,
    ]);
    expect(bench.handle({ type: "unobservable", resource, failure })).toEqual([]);
    expect(bench.view(motd)).toMatchObject({ phase: "unobservable", why: expect.stringContaining("EACCES") });
    bench.see(motd, fileWith("hello\n"));
    expect(bench.phase(motd)).toBe("kept");
  });

  it("does not count a repair that nobody could verify as kept", () => {
    const bench = keptBench();
    bench.see(motd, { type: "absent" });
    bench.done("1-1");
    const resource = bench.view(motd).resource;
    bench.handle({ type: "unobservable", resource, failure: { code: "EIO", message: "bad card" } });
    expect(bench.view(motd)).toMatchObject({ phase: "unobservable", repairs: 0 });
    expect(bench.view(motd).attempts.at(-1)).toMatchObject({ result: "unverified" });
  });
});

describe("failing repairs", () => {
  it("that were not begun are nobody's case, and are tried again soon however often that was", () => {
    const bench = keptBench();
    bench.see(motd, { type: "absent" });
    const begun = false;
    const result = { type: "failed", code: "ENOSPC", detail: "not begun", begun } as const;
    for (let tries = 1; tries <= 40; tries += 1) {
      const said = bench.handle({ type: "outcome", action: `1-${tries}`, result });
      expect(said.filter((each) => each.startsWith("tell"))).toEqual(
        tries === 1 ? [`tell warn resource.backingOff ${motd}`] : [],
      );
      expect(bench.phase(motd)).toBe("backingOff");
      expect((bench.view(motd).nextMs ?? 0) - bench.clock.monoMs).toBeLessThanOrEqual(30_000);
      bench.wakeForRetry(motd);
      bench.see(motd, { type: "absent" });
    }
    expect(bench.healing.inspect().incidents).toEqual([]);
    // A failure is one, and is told.
    expect(bench.fail("1-41")).toContain(`tell warn resource.backingOff ${motd}`);
  });

  it("wait longer and longer, then are handed off with the evidence, and go on rarely", () => {
    const bench = keptBench();
    bench.see(motd, { type: "absent" });
    const waits: number[] = [];
    for (let failure = 1; failure < 5; failure += 1) {
      expect(bench.fail(`1-${failure}`)).toEqual([
        `persist batched -intent/1-${failure}`,
        `tell warn resource.backingOff ${motd}`,
      ]);
      const { phase, nextMs = 0, why } = bench.view(motd);
      expect(phase).toBe("backingOff");
      expect(why).toContain("EIO: broken");
      waits.push(nextMs - bench.clock.monoMs);
      expect(bench.wakeForRetry(motd)).toContain(`observe ${motd}`);
      expect(bench.see(motd, { type: "absent" })).toContain(`act 1-${failure + 1} write ${motd}`);
    }
    for (const [index, waitMs] of waits.entries()) {
      expect(waitMs).toBeGreaterThanOrEqual(1);
      expect(waitMs).toBeLessThanOrEqual(1_000 * 2 ** index);
    }
    const last = bench.fail("1-5");
    expect(last[0]).toBe("persist batched -intent/1-5");
    expect(last[1]).toMatch(/^persist batched incident\/incident_[a-z2-7]{52}$/);
    expect(last[2]).toBe(`tell error resource.handedOff ${motd}`);
    expect(bench.phase(motd)).toBe("handedOff");
    const [incident] = bench.healing.inspect().incidents;
    expect(incident).toMatchObject({
      v: 1,
      resource: motd,
      promise: promise[motd],
      author: expect.stringMatching(/^author_/),
      fragment: expect.stringMatching(/^frag_/),
      observed: { type: "absent" },
      drift: "absent, promised a file",
      next: `antibody why ${motd}`,
    });
    expect(incident?.attempts).toHaveLength(5);
    expect(incident?.attempts[0]).toMatchObject({
      id: "1-1",
      verb: "write",
      result: "failed",
      detail: "EIO: broken",
    });

    const waitMs = (bench.view(motd).nextMs ?? 0) - bench.clock.monoMs;
    expect(Math.abs(waitMs - 600_000)).toBeLessThanOrEqual(60_000);
    bench.wakeForRetry(motd);
    bench.see(motd, { type: "absent" });
    expect(bench.fail("1-6")).toEqual(["persist batched -intent/1-6"]);
    expect(bench.phase(motd)).toBe("handedOff");
    expect(bench.healing.inspect().incidents).toHaveLength(1);

    bench.wakeForRetry(motd);
    bench.see(motd, { type: "absent" });
    expect(bench.healing.inspect().incidents[0]).not.toHaveProperty("mendedWallMs");
    bench.done("1-7");
    const told = bench.see(motd, fileWith("hello\n"));
    expect(bench.phase(motd)).toBe("kept");
    // The case says that it is over, also after a restart; and once only.
    expect(told.filter((line) => line.startsWith("persist batched incident/"))).toHaveLength(1);
    expect(bench.healing.inspect().incidents).toEqual([{ ...incident, mendedWallMs: bench.clock.wallMs }]);
    bench.clock.wallMs += 1_000;
    bench.see(motd, fileWith("hello\n"));
    expect(bench.healing.inspect().incidents[0]?.mendedWallMs).toBe(bench.clock.wallMs - 1_000);
  });

  it("count a repair after which nothing changed as a failure", () => {
    const bench = new Bench();
    const schema = "command:schema";
    bench.desire({ [schema]: { check: ["/bin/check"], apply: ["/bin/apply"], timeout: "10s" } });
    const wrong = { type: "checked", code: 3, output: "no table" };
    bench.see(schema, wrong);
    bench.done("1-1");
    bench.see(schema, wrong);
    expect(bench.see(schema, wrong)).toEqual([`tell warn resource.backingOff ${schema}`]);
    expect(bench.view(schema)).toMatchObject({ phase: "backingOff", failures: 1 });
    expect(bench.view(schema).attempts.at(-1)).toMatchObject({ result: "unverified" });
  });

  it("are forgotten when others put it right meanwhile", () => {
    const bench = keptBench();
    bench.see(motd, { type: "absent" });
    bench.fail("1-1");
    bench.see(motd, fileWith("hello\n"));
    expect(bench.phase(motd)).toBe("kept");
    expect(bench.see(motd, { type: "absent" })).toContain(`act 1-2 write ${motd}`);
  });

  it("lengthen later waits until the resource was kept for long enough", () => {
    const settings = { backoffBaseMs: 1_000, backoffResetAfterMs: 10_000 };
    const bench = keptBench(settings);
    bench.see(motd, { type: "absent" });
    bench.fail("1-1");
    bench.see(motd, fileWith("hello\n"));
    bench.clock.advance(9_999);
    bench.see(motd, { type: "absent" });
    expect(bench.view(motd).failures).toBe(1);
    bench.see(motd, fileWith("hello\n"));
    bench.fail("1-2");
    bench.see(motd, fileWith("hello\n"));
    bench.clock.advance(10_000);
    bench.see(motd, { type: "absent" });
    expect(bench.view(motd).failures).toBe(0);
  });

  it("keep a bounded history", () => {
    const bench = keptBench({ backoffBaseMs: 1, backoffMaxMs: 1, handOffAfterFailures: 1_000 });
    bench.see(motd, { type: "absent" });
    for (let failure = 1; failure <= 30; failure += 1) {
      bench.fail(`1-${failure}`, "EIO", "x".repeat(10_000));
      bench.wakeForRetry(motd);
      bench.see(motd, { type: "absent" });
    }
    const { attempts } = bench.view(motd);
    expect(attempts).toHaveLength(10);
    expect(attempts.at(-1)?.id).toBe("1-30");
    expect(attempts.every(({ detail }) => detail.length <= 2_048)).toBe(true);
  });
});
