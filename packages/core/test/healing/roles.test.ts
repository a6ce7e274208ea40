import type { ResourceId } from "@antibody/policy";
import { describe, expect, it } from "vitest";
import { Healing } from "../../src/healing/healing.ts";
import { commandBytes } from "../../src/resources/index.ts";
import { Bench, digestKey, id, testContext } from "./bench.ts";

const role = id("role:web");
const web = "process:web";
const promise = { command: ["/usr/bin/web"], while: [role] };
const running = {
  type: "running",
  pid: 7,
  startTicks: 7,
  commandDigest: testContext.digest(commandBytes(promise)),
};

function hold(bench: Bench, ...roles: readonly ResourceId[]): string[] {
  bench.healing.hold(new Map(roles.map((each) => [each, undefined])), bench.clock.turn());
  return bench.lines();
}

/** A bench whose role is held, and whose process runs. */
function runningBench(): Bench {
  const bench = new Bench();
  hold(bench, role);
  bench.desire({ [web]: promise });
  bench.see(web, running);
  expect(bench.phase(web)).toBe("kept");
  return bench;
}

describe("what goes with a role", () => {
  it("is stopped once where the role is not held: an earlier life may have left it", () => {
    const bench = new Bench();
    expect(bench.desire({ [web]: promise })).toEqual([
      "persist batched intent/1-1",
      `act 1-1 stop ${web}`,
      `tell info resource.repairing ${web}`,
    ]);
    expect(bench.healing.isReleasing(role)).toBe(true);
    expect(bench.done("1-1")).toEqual(["persist batched -intent/1-1"]);
    expect(bench.healing.isReleasing(role)).toBe(false);
    expect(bench.view(web)).toMatchObject({
      phase: "standingBy",
      why: "in force only while role:web is held here, which nothing promises",
      promise,
    });
    // Whoever starts it by hand is not fought.
    expect(bench.see(web, running)).toEqual([]);
    expect(bench.desire({ [web]: promise }, { generation: 2 })).toEqual([]);
  });

  it("is watched and started when the role comes, stopped and left alone when it goes", () => {
    const bench = new Bench();
    bench.desire({ [web]: promise });
    bench.done("1-1");
    expect(hold(bench, role)).toEqual([`watch ${web}`, `observe ${web}`]);
    expect(bench.see(web, { type: "stopped" })).toContain(`act 1-2 start ${web}`);
    bench.done("1-2");
    bench.see(web, running);
    expect(bench.phase(web)).toBe("kept");
    expect(hold(bench, role)).toEqual([]);

    expect(hold(bench)).toContain(`act 1-3 stop ${web}`);
    expect(bench.healing.isReleasing(role)).toBe(true);
    expect(bench.done("1-3")).toContain(`unwatch ${web}`);
    expect(bench.phase(web)).toBe("standingBy");
  });

  it("is not started any more when the role goes meanwhile", () => {
    const bench = new Bench();
    hold(bench, role);
    bench.desire({ [web]: promise });
    bench.see(web, { type: "stopped" });
    expect(hold(bench)).toEqual(["cancel 1-1"]);
    expect(bench.healing.isReleasing(role)).toBe(true);
    expect(bench.handle({ type: "outcome", action: "1-1", result: { type: "canceled" } })).toContain(
      `act 1-2 stop ${web}`,
    );
    bench.done("1-2");
    expect(bench.phase(web)).toBe("standingBy");
  });

  it("goes on when the role comes back while it is being stopped", () => {
    const bench = runningBench();
    hold(bench);
    expect(hold(bench, role)).toContain("cancel 1-1");
    expect(bench.done("1-1")).toContain(`observe ${web}`);
    expect(bench.see(web, { type: "stopped" })).toContain(`act 1-2 start ${web}`);
  });

  it("is tried again when it could not be stopped, and is not free until then", () => {
    const bench = runningBench();
    hold(bench);
    bench.fail("1-1", "EBUSY", "does not end");
    expect(bench.view(web)).toMatchObject({ phase: "backingOff" });
    expect(bench.healing.isReleasing(role)).toBe(true);
    expect(bench.wakeForRetry(web)).toContain(`act 1-2 stop ${web}`);
    bench.done("1-2");
    expect(bench.healing.isReleasing(role)).toBe(false);
  });

  it("is left as it is by a grant that only looks, and where nothing can be undone", () => {
    const bench = new Bench();
    expect(bench.desire({ [web]: promise }, { mode: "warn" })).toEqual([]);
    expect(bench.phase(web)).toBe("standingBy");
    expect(bench.desire({ "file:/etc/web": { content: "x", while: [role] } })).toContain(
      "tell info resource.withdrawn process:web",
    );
    expect(bench.phase("file:/etc/web")).toBe("standingBy");
    expect(hold(bench, role)).toEqual(["watch file:/etc/web", "observe file:/etc/web"]);
    expect(hold(bench)).toEqual(["unwatch file:/etc/web"]);
  });

  it("does not touch what goes with no role", () => {
    const bench = new Bench();
    bench.desire({ "file:/etc/motd": {}, [web]: promise });
    bench.done("1-1");
    hold(bench, role);
    expect(hold(bench, role, id("role:other"))).toEqual([]);
    expect(bench.phase("file:/etc/motd")).toBe("unknown");
  });

  it("goes on in a restored dump", () => {
    const bench = runningBench();
    hold(bench);
    bench.healing = Healing.restore({ ...bench.options, digestKey }, bench.healing.dump());
    expect(bench.healing.isReleasing(role)).toBe(true);
    bench.done("1-1");
    expect(bench.healing.isReleasing(role)).toBe(false);
    expect(bench.phase(web)).toBe("standingBy");
  });
});
