import { topics } from "../../sim/src/gossip/message.ts";
import { Crowd, type CrowdPlan, type CrowdTools, type Lane } from "./crowd.ts";

/** What one lane did, as means over agents and messages. */
export interface Figures {
  /** Peers in a mesh, when the crowd has formed, and after a third of it is gone. */
  readonly meshDegree: number;
  readonly meshDegreeAfterDeaths: number;
  /** Full messages sent, for each living agent and message published. */
  readonly messages: number;
  readonly messagesAfterDeaths: number;
  readonly bytes: number;
  /** From publication to an agent's validator. */
  readonly latencyMsMedian: number;
  readonly latencyMs99: number;
  readonly latencyMsMedianAfterDeaths: number;
  /** Share of the living agents that got a message, of all messages. */
  readonly reach: number;
  readonly reachAfterDeaths: number;
}

const formedMs = 8_000;
const publishes = 24;
const publishEveryMs = 170;
/** gossip offers a message for three heartbeats. */
const lastWordMs = 4_000;
const mendMs = 5_000;

/** Runs the plan in one lane: a crowd forms, messages are published, a third dies at once, messages are published. */
export async function measure(plan: CrowdPlan, makeLane: (tools: CrowdTools) => Lane): Promise<Figures> {
  const crowd = new Crowd(plan, makeLane);
  const everyone = Array.from({ length: plan.agents }, (_, agent) => agent);
  await crowd.runTo(formedMs + plan.formMs);
  const before = await publishAll(crowd, everyone, 0);
  const dead = new Set(crowd.random.sample(everyone, Math.floor(plan.agents / 3)));
  crowd.end([...dead]);
  await crowd.runTo(crowd.nowUs / 1_000 + mendMs);
  const after = await publishAll(
    crowd,
    everyone.filter((agent) => !dead.has(agent)),
    publishes,
  );
  return {
    meshDegree: before.meshDegree,
    meshDegreeAfterDeaths: after.meshDegree,
    messages: before.messages,
    messagesAfterDeaths: after.messages,
    bytes: before.bytes,
    latencyMsMedian: before.latencies.at(0.5),
    latencyMs99: before.latencies.at(0.99),
    latencyMsMedianAfterDeaths: after.latencies.at(0.5),
    reach: before.reach,
    reachAfterDeaths: after.reach,
  };
}

interface Round {
  readonly meshDegree: number;
  readonly messages: number;
  readonly bytes: number;
  readonly reach: number;
  readonly latencies: { at(share: number): number };
}

async function publishAll(crowd: Crowd, living: readonly number[], firstNumber: number): Promise<Round> {
  const { lane } = crowd;
  const sizes = living.flatMap((agent) => topics.map((topic) => lane.meshOf(agent, topic).length));
  const meshDegree = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  const publishedUs: number[] = [];
  const latencies: number[] = [];
  crowd.heard = (_agent, number, nowUs) => {
    latencies.push((nowUs - (publishedUs[number - firstNumber] as number)) / 1_000);
  };
  const sentBefore = lane.sent();
  const bytesBefore = lane.bytes();
  for (let count = 0; count < publishes; count += 1) {
    publishedUs.push(crowd.nowUs);
    const topic = topics[count % topics.length] as (typeof topics)[number];
    // As a statement of health and a large bundle are: below and above what gossipsub announces by IDONTWANT.
    lane.publish(crowd.random.pick(living), firstNumber + count, topic, topic === "health" ? 400 : 5_000);
    await lane.settled();
    await crowd.runTo(crowd.nowUs / 1_000 + publishEveryMs);
  }
  await crowd.runTo(crowd.nowUs / 1_000 + lastWordMs);
  latencies.sort((left, right) => left - right);
  const each = living.length * publishes;
  return {
    meshDegree,
    messages: (lane.sent() - sentBefore) / each,
    bytes: (lane.bytes() - bytesBefore) / each,
    reach: latencies.length / ((living.length - 1) * publishes),
    latencies: { at: (share) => latencies[Math.floor(share * latencies.length)] ?? Number.NaN },
  };
}
