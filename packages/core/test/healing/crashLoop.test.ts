import { expect, it } from "vitest";
import { commandBytes } from "../../src/resources/index.ts";
import { keyedDigest } from "../../src/resources/parts/digest.ts";
import { Bench } from "./bench.ts";

const sensor = "process:sensor";
const promise = { command: ["/usr/bin/sensor"] };
const settings = { contestRepairsMax: 3, contestWindowMs: 60_000, contestedRetryMs: 60_000 };

function running(bench: Bench, pid: number) {
  const commandDigest = keyedDigest(bench.options.crypto, bench.options.digestKey, commandBytes(promise));
  return { type: "running", pid, startTicks: pid, commandDigest } as const;
}

const stopped = { type: "stopped", exit: { code: 3, output: "reading the bus\nno such bus: /dev/i2c-1\n" } };

/** It is started, runs for a second, and ends. */
function crash(bench: Bench, number: number): string[] {
  const lines = [...bench.done(`1-${number}`), ...bench.see(sensor, running(bench, number))];
  bench.clock.advance(1_000);
  return [...lines, ...bench.see(sensor, stopped)];
}

function crashLooping(): Bench {
  const bench = new Bench({ settings });
  bench.desire({ [sensor]: promise });
  bench.see(sensor, stopped);
  for (let number = 1; number <= 3; number += 1)
    expect(crash(bench, number)).toContain(`act 1-${number + 1} start ${sensor}`);
  return bench;
}

it("a program that ends again and again is left alone for a while, and a human gets its last words", () => {
  const bench = crashLooping();
  expect(crash(bench, 4).filter((line) => !line.startsWith("persist"))).toEqual([
    `observe ${sensor}`,
    `tell info resource.repaired ${sensor}`,
    `tell info resource.drifted ${sensor}`,
    `watch ${sensor} without events`,
    `identify ${sensor}`,
    `tell warn resource.contested ${sensor}`,
    `tell error resource.handedOff ${sensor}`,
  ]);
  expect(bench.view(sensor)).toMatchObject({
    phase: "handedOff",
    nextMs: bench.clock.monoMs + settings.contestedRetryMs,
    why: expect.stringContaining("needs a human"),
  });
  const [incident] = bench.healing.inspect().incidents;
  expect(incident).toMatchObject({
    resource: sensor,
    cause: expect.stringMatching(
      /^4 repairs within 60s did not last; .*exit code 3 after "no such bus: \/dev\/i2c-1"/,
    ),
    observed: stopped,
    peers: { cutOff: false, reachable: 2, missing: ["attic"] },
  });
  // Each start, and how long it lasted.
  expect(incident?.attempts.map(({ result, detail }) => [result, detail])).toEqual(
    Array.from({ length: 4 }, () => [
      "done",
      expect.stringMatching(/^ok; it lasted 1s: .*exit code 3 after "no such bus/),
    ]),
  );
});

it("is started once each wait, which is no end of the case, and no second one", () => {
  const bench = crashLooping();
  crash(bench, 4);
  for (let number = 5; number < 10; number += 1) {
    bench.wakeForRetry(sensor);
    expect(bench.see(sensor, stopped)).toContain(`act 1-${number} start ${sensor}`);
    expect(crash(bench, number).filter((line) => line.includes("handedOff"))).toEqual([]);
    expect(bench.phase(sensor)).toBe("handedOff");
  }
  const { incidents } = bench.healing.inspect();
  expect(incidents.length).toBe(1);
  expect(incidents[0]?.mendedWallMs).toBeUndefined();
});

it("is mended when it is seen to last", () => {
  const bench = crashLooping();
  crash(bench, 4);
  bench.wakeForRetry(sensor);
  bench.see(sensor, stopped);
  bench.done("1-5");
  bench.see(sensor, running(bench, 5));
  expect(bench.healing.inspect().incidents[0]?.mendedWallMs).toBeUndefined();
  bench.wakeForRetry(sensor);
  bench.see(sensor, running(bench, 5));
  expect(bench.phase(sensor)).toBe("kept");
  expect(bench.healing.inspect().incidents[0]?.mendedWallMs).toBe(bench.clock.turn().now.wallMs);
});
