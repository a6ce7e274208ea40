import { describe, expect, it } from "vitest";
import { runScenario } from "../src/index.ts";
import { graphFigures } from "../src/measuring/graph.ts";
import { Latencies } from "../src/measuring/latencies.ts";

/** Each node with its next to both sides, so many steps away. */
function circle(count: number, steps: readonly number[]): readonly (readonly number[])[] {
  return Array.from({ length: count }, (_, node) =>
    steps.flatMap((step) => [(node + step) % count, (node + count - step) % count]),
  );
}

describe("the figures of a graph", () => {
  it("are those of a complete graph: one hop, and a walk that forgets at once", () => {
    const nodes = Array.from({ length: 40 }, (_, node) => node);
    const complete = nodes.map((node) => nodes.filter((other) => other !== node));
    expect(graphFigures(complete)).toEqual({
      nodes: 40,
      degreeMin: 39,
      degreeMedian: 39,
      degreeMax: 39,
      components: 1,
      meanPathHops: 1,
      diameterHops: 1,
      // −1 / 39, by size.
      secondEigenvalue: 0.026,
    });
  });

  it("are those of a circle: half of it away, and a walk that never forgets", () => {
    const figures = graphFigures(circle(101, [1]));
    expect(figures).toMatchObject({ degreeMin: 2, degreeMax: 2, components: 1, diameterHops: 50 });
    // 1 + 2 + … + 50 of each side, over 50.
    expect(figures.meanPathHops).toBe(25.5);
    expect(figures.secondEigenvalue).toBeGreaterThan(0.99);
  });

  it("tell of pieces, and of who has nobody", () => {
    const [left, right] = [circle(10, [1, 2]), circle(10, [1, 2])];
    const both = [...left, ...right.map((of) => of.map((node) => node + 10)), []];
    expect(graphFigures(both)).toMatchObject({ nodes: 21, components: 3, degreeMin: 0, diameterHops: 3 });
    expect(graphFigures(both).secondEigenvalue).toBeCloseTo(1, 2);
  });
});

describe("latencies", () => {
  it("give what so many of a hundred took at most", () => {
    const latencies = new Latencies();
    expect(latencies.share(50)).toBe(0);
    for (let ms = 1; ms <= 200; ms += 1) latencies.add(ms);
    expect([latencies.count, latencies.share(50), latencies.share(99), latencies.share(100)]).toEqual([
      200, 100, 198, 200,
    ]);
  });
});

describe("the figures of a swarm", () => {
  it("tell of the overlay before and after a massacre, of traffic and of detection", async () => {
    const { swarm, counters } = await runScenario({ scenario: "mass-death", agents: 100, seed: 3 });
    const [before, after] = swarm.overlays;
    expect(before).toMatchObject({ atMs: 20_000, nodes: 100, components: 1 });
    expect(after).toMatchObject({ atMs: 60_000, nodes: 70, components: 1 });
    // Ten neighbors on five rings, fewer where two rings give the same one; well mixed is 0.6 and above.
    expect(before?.degreeMax).toBe(10);
    expect(before?.degreeMin).toBeGreaterThanOrEqual(6);
    expect(before?.secondEigenvalue).toBeLessThan(0.7);
    expect(before?.diameterHops).toBeLessThanOrEqual(4);
    expect(swarm.detection.count).toBe(counters.deaths);
    expect(swarm.detection.maxMs).toBeGreaterThanOrEqual(swarm.detection.medianMs);
    const { rest, after: then, peak } = swarm.traffic;
    expect(rest.messagesPerSecond).toBeGreaterThan(0.5);
    expect(rest.messagesPerSecond).toBeLessThan(then.messagesPerSecond);
    expect(then.bytesPerSecond).toBeLessThan(peak.bytesPerSecond);
  });
});
