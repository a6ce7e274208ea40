import { describe, expect, it } from "vitest";
import { Crowd } from "../calibration/crowd.ts";
import { makeModelLane } from "../calibration/modelLane.ts";

const formedMs = 10_000;
const hopMs = 10;
/** Every hop takes the same time, so that latency counts hops. */
const links = {
  latencyUsMin: hopMs * 1_000,
  latencyUsMax: hopMs * 1_000,
  jitterUs: 0,
  lossPerMillion: 0,
  retransmitUs: 200_000,
  connectRetryUs: 1_000_000,
  silenceUs: 924_600_000,
};

interface Push {
  readonly messages: number;
  readonly expected: number;
  readonly reached: number;
  /** Hops to an agent, in the mean. */
  readonly hops: number;
}

/** One message in a formed crowd, until it has come to rest and before a heartbeat offers it. */
async function push(agents: number, seed: number): Promise<Push> {
  const crowd = new Crowd({ agents, seed, formMs: 0, links }, makeModelLane);
  await crowd.runTo(formedMs);
  const { lane } = crowd;
  const publisher = crowd.random.below(agents);
  const degrees = Array.from({ length: agents }, (_, agent) => lane.meshOf(agent, "health").length);
  const heardUs: number[] = [];
  crowd.heard = (_agent, _number, nowUs) => heardUs.push(nowUs - formedMs * 1_000);
  const before = lane.sent();
  lane.publish(publisher, 1, "health", 100);
  await crowd.runTo(formedMs + 300);
  const ends = degrees.reduce((sum, degree) => sum + degree, 0);
  // A publisher with a small mesh sends to others beside it: one message, and one back, more for each.
  const beside = Math.max(0, 4 - (degrees[publisher] as number));
  return {
    messages: lane.sent() - before,
    expected: ends - (agents - 1) + beside,
    reached: heardUs.length,
    hops: heardUs.reduce((sum, us) => sum + us, 0) / heardUs.length / (hopMs * 1_000),
  };
}

describe("gossip obeys what is known of its kind", () => {
  it("floods its mesh: 2E − (n − 1) messages (Leitão et al. 2007, Plumtree's eager push)", async () => {
    for (const seed of [1, 2, 3]) {
      const { messages, expected, reached } = await push(300, seed);
      expect(reached).toBe(299);
      // Heartbeats fall into the time that a message takes: what they offer is asked for, here and there.
      expect(Math.abs(messages - expected)).toBeLessThanOrEqual(0.02 * expected);
    }
  });

  it("takes hops as the logarithm of n (SWIM's λ log n): each tenfold swarm as many more", async () => {
    const hops: number[] = [];
    for (const agents of [100, 1_000, 10_000]) hops.push((await push(agents, 1)).hops);
    const [small = 0, middle = 0, large = 0] = hops;
    const [first, second] = [middle - small, large - middle];
    // In a random graph of degree 4 it would be ln 10 / ln 3 = 2.1 hops; agents with more peers shorten the ways.
    expect(first).toBeGreaterThan(1.2);
    expect(first).toBeLessThan(2.1);
    expect(Math.abs(second / first - 1)).toBeLessThan(0.15);
  });
});
