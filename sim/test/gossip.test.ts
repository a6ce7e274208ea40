import type { HealthRumor, Member } from "@antibody/core";
import { Random } from "@antibody/core";
import { describe, expect, it } from "vitest";
import { EventQueue } from "../src/engine/eventQueue.ts";
import { kinds } from "../src/engine/kinds.ts";
import { Gossip } from "../src/gossip/gossip.ts";
import { degrees } from "../src/gossip/mesh.ts";
import type { GossipContent } from "../src/gossip/message.ts";
import { Dialing } from "../src/network/dialing.ts";
import { Links, localLinks } from "../src/network/links.ts";
import { Network } from "../src/network/network.ts";

const rumor: HealthRumor = { type: "members", members: [] };
const content: GossipContent = { topic: "health", rumor };

interface Crowd {
  readonly heard: number[];
  readonly gossip: Gossip;
  readonly network: Network;
  readonly queue: EventQueue;
  runTo(ms: number): void;
}

interface CrowdOptions {
  /** What its validator says. */
  accepts?(agent: number): boolean;
  /** Whom an agent dials at the start. */
  dials?(agent: number): readonly number[];
  readonly settledMs?: number;
}

/** Agents on a ring with chords, each with ten sessions, where nothing else is said. */
function createCrowd(count: number, options: CrowdOptions = {}): Crowd {
  const {
    accepts = () => true,
    dials = (agent) => [1, 2, 7, 18, 33].map((step) => (agent + step) % count),
    settledMs = 3_000,
  } = options;
  const random = Random.fromSeed(3);
  const queue = new EventQueue();
  const heard = new Array<number>(count).fill(0);
  const hosts = {
    hasPower: () => true,
    isRunning: () => true,
    isPaused: () => false,
    busyUntilUs: () => 0,
    hasQueue: () => false,
    silentSinceUs: () => Number.POSITIVE_INFINITY,
    lifeOf: () => 1,
    greetingOf: () => ({}) as Member,
    opened: (agent: number, peer: number, isDialer: boolean) => gossip.opened(agent, peer, isDialer),
    closed: (agent: number, peer: number) => gossip.closed(agent, peer),
    dialed: () => undefined,
    heard: (agent: number) => {
      heard[agent] = (heard[agent] ?? 0) + 1;
      return accepts(agent);
    },
  };
  const network = new Network(count, new Links(count, localLinks, random), queue, hosts);
  const dialing = new Dialing(network, queue, hosts);
  const gossip: Gossip = new Gossip(count, network, queue, hosts, random.fork());
  for (let agent = 0; agent < count; agent += 1) {
    for (const peer of dials(agent)) dialing.dial(agent, peer, "session", 1_000, true);
  }
  const runTo = (ms: number): void => {
    while (queue.peekUs() <= ms * 1_000) {
      queue.pop();
      const { destination, source, kind, tag, payload } = queue;
      if (kind === kinds.dialReached) dialing.reached(destination, source, tag, payload);
      else if (kind === kinds.dialEnded) dialing.ended(destination, payload);
      else if (kind === kinds.dialAgain) dialing.again(destination, payload);
      else if (kind === kinds.dialLater) dialing.later(destination, payload);
      else if (kind === kinds.opened) dialing.opened(destination, source, tag, payload);
      else if (kind === kinds.closed) network.closed(destination, source, tag);
      else if (kind === kinds.heartbeat) gossip.heartbeat(destination);
      else if (kind === kinds.copy) gossip.arrived(destination, source, payload);
      else if (network.receives(destination, source, tag)) gossip.arrived(destination, source, payload);
    }
    queue.advanceTo(ms * 1_000);
  };
  runTo(settledMs);
  return { heard, gossip, network, queue, runTo };
}

describe("gossip", () => {
  it("keeps meshes mutual and within their degrees", () => {
    const { gossip } = createCrowd(120);
    for (let agent = 0; agent < 120; agent += 1) {
      const mesh = gossip.meshOf(agent, "health");
      expect(mesh.length).toBeGreaterThanOrEqual(degrees.low);
      expect(mesh.length).toBeLessThanOrEqual(degrees.high);
      for (const peer of mesh) expect(gossip.meshOf(peer, "health")).toContain(agent);
    }
  });

  it("opens its streams one after the other: who meets many at once is known to the last of them late", () => {
    const everyone = Array.from({ length: 60 }, (_, agent) => agent).slice(1);
    const { gossip, runTo } = createCrowd(60, {
      dials: (agent) => (agent === 0 ? everyone : []),
      settledMs: 0,
    });
    // The others have nobody else, and take the first into their mesh as soon as its subscription comes.
    const knowing = (): number => everyone.filter((peer) => gossip.meshOf(peer, "health").length > 0).length;
    const counts = [40, 80, 120, 160].map((ms) => {
      runTo(ms);
      return knowing();
    });
    expect(counts[0]).toBeGreaterThan(0);
    for (const [index, count] of counts.slice(1).entries()) {
      const more = count - (counts[index] as number);
      // A round trip over the local network takes 0.6 to 5.6 ms.
      expect(more).toBeGreaterThan(40 / 5.6);
      expect(more).toBeLessThan(40 / 1.4);
    }
  });

  it("prunes those for whom it has no room, and both sides know", () => {
    const { gossip, runTo } = createCrowd(60, { dials: (agent) => (agent === 0 ? [] : [0]) });
    const hub = gossip.meshOf(0, "health");
    expect(hub.length).toBeLessThanOrEqual(degrees.high);
    runTo(10_000);
    for (let agent = 1; agent < 60; agent += 1) {
      expect(gossip.meshOf(agent, "health").includes(0)).toBe(gossip.meshOf(0, "health").includes(agent));
    }
  });

  it("reaches everyone else once, within a few hops", () => {
    const { heard, gossip, runTo } = createCrowd(120);
    gossip.publish(5, content, 100);
    runTo(3_100);
    expect(heard).toEqual(heard.map((_, agent) => (agent === 5 ? 0 : 1)));
    expect(gossip.counters.duplicates).toBeGreaterThan(0);
  });

  it("does not pass on what a validator refuses", () => {
    const { heard, gossip, runTo } = createCrowd(120, { accepts: () => false });
    gossip.publish(5, content, 100);
    runTo(3_100);
    const mesh = gossip.meshOf(5, "health");
    // A publisher whose mesh is small sends to others beside it.
    expect(heard.reduce((sum, count) => sum + count, 0)).toBe(Math.max(mesh.length, degrees.wanted));
  });

  it("gives nothing to those behind a cut, and keeps no history for them", () => {
    const { heard, gossip, network, runTo } = createCrowd(120);
    const groups = heard.map((_, agent) => (agent < 60 ? 0 : 1));
    // Cut off before it is said, hung up while it lasts: nobody holds a message for them.
    for (let agent = 0; agent < 60; agent += 1) {
      for (const peer of [...network.peersOf(agent)]) if (peer >= 60) network.hangUp(agent, peer);
    }
    runTo(3_200);
    network.links.partition(groups);
    network.linksChanged();
    gossip.publish(0, content, 100);
    runTo(9_000);
    network.links.heal();
    network.linksChanged();
    runTo(20_000);
    expect(heard.slice(60).every((count) => count === 0)).toBe(true);
    expect(heard.slice(1, 60).every((count) => count === 1)).toBe(true);
  });

  it("takes one envelope of policy once, whoever publishes it, and a repeated rumor again", () => {
    const { heard, gossip, runTo } = createCrowd(60);
    const policy = (): GossipContent => ({ topic: "policy", bytes: Uint8Array.of(1, 2, 3) });
    gossip.publish(1, policy(), 3);
    runTo(3_100);
    gossip.publish(9, policy(), 3);
    runTo(3_200);
    expect(Math.max(...heard)).toBe(1);
    gossip.publish(1, content, 3);
    gossip.publish(9, content, 3);
    runTo(3_300);
    expect(Math.max(...heard)).toBe(3);
  });

  it("mends its mesh within two heartbeats after half of the peers are gone", () => {
    const { heard, gossip, network, runTo } = createCrowd(120);
    for (let agent = 1; agent < 120; agent += 2) {
      network.processEnded(agent);
      gossip.processEnded(agent);
    }
    runTo(5_200);
    gossip.publish(0, content, 100);
    runTo(9_000);
    const survivors = heard.filter((_, agent) => agent % 2 === 0).slice(1);
    expect(survivors.filter((count) => count === 1).length).toBe(survivors.length);
  });
});
