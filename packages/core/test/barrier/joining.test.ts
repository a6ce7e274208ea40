import { describe, expect, it } from "vitest";
import { resourceTypes } from "../../src/resources/index.ts";
import { Bench, fileWith } from "../healing/bench.ts";

const first = "file:/etc/a";
const second = "file:/etc/b";
const both = {
  [first]: { content: "new a\n", mode: "0644", barrier: "pair" },
  [second]: { content: "new b\n", mode: "0644", barrier: "pair" },
};

/** The actions that were started, and what each changes. */
function acts(bench: Bench, run: () => void): readonly string[] {
  run();
  return bench.clock
    .take()
    .flatMap((output) =>
      output.type === "act"
        ? [`${output.plan.verb} ${(output.plan.joint ?? [output]).map(({ resource }) => resource).join(" ")}`]
        : [],
    );
}

function seen(bench: Bench, resource: string, content: string): void {
  bench.healing.handle(
    { type: "observed", resource: resource as never, observation: fileWith(content) },
    bench.clock.turn(),
  );
}

describe("resources in one barrier", () => {
  it("wait until all were looked at, and change by one action of the first", () => {
    const bench = new Bench();
    bench.desire(both);
    expect(acts(bench, () => seen(bench, first, "old\n"))).toEqual([]);
    expect(bench.view(first).why).toContain(`waits for the first look at ${second}`);
    expect(acts(bench, () => seen(bench, second, "old\n"))).toEqual([`switch ${first} ${second}`]);
    expect(bench.view(second).why).toContain(`changes together with ${first}`);
    expect(bench.done("1-1")).toContain(`observe ${second}`);
    seen(bench, first, "new a\n");
    seen(bench, second, "new b\n");
    expect([bench.phase(first), bench.phase(second)]).toEqual(["kept", "kept"]);
  });

  it("do not wait for what is kept, whichever is seen last", () => {
    const bench = new Bench();
    bench.desire(both);
    seen(bench, first, "old\n");
    expect(acts(bench, () => seen(bench, second, "new b\n"))).toEqual([`write ${first}`]);
  });

  it("fail together, and wait together", () => {
    const bench = new Bench();
    bench.desire(both);
    seen(bench, first, "old\n");
    seen(bench, second, "old\n");
    bench.clock.take();
    expect(acts(bench, () => bench.fail("1-1"))).toEqual([]);
    expect(bench.phase(first)).toBe("backingOff");
    expect(acts(bench, () => seen(bench, second, "old\n"))).toEqual([]);
  });

  it("wait for a pause of any of them", () => {
    const bench = new Bench();
    bench.desire(both);
    bench.command({ type: "pause", target: second as never, reason: "by hand", forMs: 60_000 });
    seen(bench, second, "old\n");
    expect(acts(bench, () => seen(bench, first, "old\n"))).toEqual([]);
    expect(bench.view(first).why).toContain(`${second}, which is paused`);
    expect(acts(bench, () => void bench.command({ type: "resume", target: second as never }))).toEqual([]);
    expect(acts(bench, () => seen(bench, first, "old\n"))).toEqual([`switch ${first} ${second}`]);
  });

  it("are of kinds that can be switched back", () => {
    const problems = (kind: string, name: string, promise: object) =>
      resourceTypes.find((type) => type.kind === kind)?.check(name, { ...promise, barrier: "pair" } as never);
    expect(problems("file", "/etc/a", { content: "" })).toEqual([]);
    expect(problems("process", "a", { command: ["/bin/true"] })).toMatchObject([{ path: ["barrier"] }]);
    expect(problems("http", "a", { url: "http://127.0.0.1/" })).toMatchObject([{ path: ["barrier"] }]);
    const command = { check: ["/bin/true"], apply: ["/bin/true"], timeout: "1s" };
    expect(problems("command", "a", command)?.[0]?.message).toContain("needs undo");
    expect(problems("command", "a", { ...command, undo: ["/bin/true"] })).toEqual([]);
  });
});
