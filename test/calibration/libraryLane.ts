import { createHash } from "node:crypto";
import { createGossip } from "../../packages/agent/src/network/gossip/createGossip.ts";
import { gossipHeartbeatMs } from "../../packages/agent/src/network/limits.ts";
import { kinds } from "../../sim/src/engine/kinds.ts";
import { frameBytes } from "../../sim/src/gossip/control.ts";
import type { Topic } from "../../sim/src/gossip/message.ts";
import type { CrowdTools, Lane } from "./crowd.ts";
import { FakeStream, messagesIn } from "./fakeStream.ts";
import { settled } from "./virtualTime.ts";

type Components = Parameters<typeof createGossip>[0];
type Crypto = Parameters<typeof createGossip>[2];
/** The class has more than its published type. */
type Library = ReturnType<typeof createGossip> & {
  start(): Promise<void>;
  stop(): Promise<void>;
  getMeshPeers(topic: string): readonly string[];
};
type Validator = Parameters<Library["topicValidators"]["set"]>[1];
type PeerId = Components["peerId"];
type Topology = Parameters<Components["registrar"]["register"]>[1];
type Handler = Parameters<Components["registrar"]["handle"]>[1];
type Connection = Parameters<NonNullable<Topology["onConnect"]>>[1];

/** What one side of a session says to the other. */
type Frame =
  | { readonly type: "welcome" }
  | { readonly type: "open" }
  | { readonly type: "accept" }
  | { readonly type: "bytes"; readonly bytes: Uint8Array };

interface Node {
  readonly gossip: Library;
  handler: Handler | undefined;
  topology: Topology | undefined;
  readonly ends: Map<number, End>;
}

/** One side of a session, with its two streams of gossip. */
interface End {
  readonly peer: number;
  readonly connection: Connection;
  outbound: FakeStream | undefined;
  inbound: FakeStream | undefined;
  opening: { resolve(stream: FakeStream): void; reject(error: Error): void } | undefined;
}

const topicNames: Readonly<Record<Topic, string>> = {
  policy: `/antibody/1/${"s".repeat(43)}/policy`,
  health: `/antibody/1/${"s".repeat(43)}/health`,
};
const names = Object.values(topicNames);
/** What negotiation costs on the wire, either way. Two lines of multistream-select. */
const negotiationBytes = 40 + frameBytes;
const crypto: Crypto = {
  sha256: (data) => new Uint8Array(createHash("sha256").update(data).digest()),
  verifyEd25519: () => true,
};

/** The library itself: one object for each agent, over fake streams that the simulator's network carries. */
export function makeLibraryLane(tools: CrowdTools): Lane {
  const { plan, network } = tools;
  const counts = { sent: 0, bytes: 0 };
  const peerIds = Array.from({ length: plan.agents }, (_, agent) => fakePeerId(agent));
  const indexes = new Map(peerIds.map((peerId, agent) => [peerId.toString(), agent]));
  /** What was said since time last moved, by source and destination: TCP sends it as one packet. */
  const outbox = new Map<number, Frame[]>();

  const say = (agent: number, peer: number, frame: Frame): void => {
    const key = agent * plan.agents + peer;
    const frames = outbox.get(key);
    if (frames === undefined) outbox.set(key, [frame]);
    else frames.push(frame);
    if (frame.type === "bytes") {
      counts.sent += messagesIn(frame.bytes);
      counts.bytes += frame.bytes.length + frameBytes;
    } else counts.bytes += negotiationBytes;
  };

  const nodes = peerIds.map((_, agent): Node => {
    const node: Node = {
      gossip: asLibrary(
        createGossip(
          componentsOf(agent, peerIds, () => node),
          names,
          crypto,
          gossipHeartbeatMs,
        ),
      ),
      handler: undefined,
      topology: undefined,
      ends: new Map(),
    };
    for (const name of names) {
      node.gossip.topicValidators.set(name, (_from, message) => {
        tools.heard(agent, new DataView(message.data.buffer, message.data.byteOffset).getUint32(0));
        return "accept" as Awaited<ReturnType<Validator>>;
      });
    }
    return node;
  });

  const nodeOf = (agent: number): Node => nodes[agent] as Node;

  const attach = (agent: number, peer: number, direction: "inbound" | "outbound"): void => {
    const node = nodeOf(agent);
    if (node.ends.has(peer)) return;
    const end: End = {
      peer,
      connection: fakeConnection(peerIds[peer] as PeerId, direction, () => openStream(agent, end)),
      outbound: undefined,
      inbound: undefined,
      opening: undefined,
    };
    node.ends.set(peer, end);
    node.topology?.onConnect?.(peerIds[peer] as PeerId, end.connection);
  };

  const openStream = (agent: number, end: End): Promise<FakeStream> =>
    new Promise((resolve, reject) => {
      end.opening = { resolve, reject };
      say(agent, end.peer, { type: "open" });
    });

  const detach = (agent: number, peer: number): void => {
    const node = nodeOf(agent);
    const end = node.ends.get(peer);
    if (end === undefined) return;
    node.ends.delete(peer);
    end.opening?.reject(new Error("The session ended"));
    end.outbound?.abort();
    end.inbound?.abort();
    node.topology?.onDisconnect?.(peerIds[peer] as PeerId);
  };

  const hear = (agent: number, from: number, frame: Frame): void => {
    const node = nodeOf(agent);
    if (frame.type === "welcome") {
      attach(agent, from, "inbound");
      return;
    }
    const end = node.ends.get(from);
    if (end === undefined) return;
    if (frame.type === "bytes") end.inbound?.receive(frame.bytes);
    else if (frame.type === "open") {
      say(agent, from, { type: "accept" });
      end.inbound = new FakeStream(node.gossip.protocols[0] as string, "inbound", () => undefined);
      void node.handler?.(end.inbound as never, end.connection);
    } else {
      const send = (bytes: Uint8Array) => say(agent, from, { type: "bytes", bytes: bytes.slice() });
      end.outbound = new FakeStream(node.gossip.protocols[0] as string, "outbound", send);
      end.opening?.resolve(end.outbound);
      end.opening = undefined;
    }
  };

  return {
    start: (agent) => {
      const { gossip } = nodeOf(agent);
      void gossip.start().then(() => {
        for (const name of names) gossip.subscribe(name);
      });
    },
    opened: (agent, peer, isDialer) => {
      // The dialer's end opens last here; of real agents, the dialer's gossip hears of the session first.
      if (!isDialer) return;
      say(agent, peer, { type: "welcome" });
      attach(agent, peer, "outbound");
    },
    closed: detach,
    arrived: (agent, from, payload) => {
      for (const frame of payload as readonly Frame[]) hear(agent, from, frame);
    },
    heartbeat: () => undefined,
    ended: (agent) => {
      for (const peer of [...nodeOf(agent).ends.keys()]) detach(agent, peer);
      void nodeOf(agent).gossip.stop();
    },
    publish: (agent, number, topic, bytes) => {
      const data = new Uint8Array(bytes);
      new DataView(data.buffer).setUint32(0, number);
      void nodeOf(agent).gossip.publish(topicNames[topic], data);
    },
    meshOf: (agent, topic) =>
      nodeOf(agent)
        .gossip.getMeshPeers(topicNames[topic])
        .map((id) => indexes.get(id) as number),
    sent: () => counts.sent,
    bytes: () => counts.bytes,
    settled: async () => {
      await settled();
      for (const [key, frames] of outbox) {
        const peer = key % plan.agents;
        network.send((key - peer) / plan.agents, peer, kinds.gossip, frames);
      }
      outbox.clear();
    },
  };
}

function asLibrary(gossip: ReturnType<typeof createGossip>): Library {
  return gossip as Library;
}

function fakePeerId(agent: number): PeerId {
  const id = `agent-${String(agent).padStart(6, "0")}`;
  return { toString: () => id, equals: (other: unknown) => String(other) === id } as PeerId;
}

function fakeConnection(
  remotePeer: PeerId,
  direction: "inbound" | "outbound",
  newStream: () => Promise<FakeStream>,
): Connection {
  const remoteAddr = { toString: () => "/memory", getComponents: () => [] };
  return { remotePeer, remoteAddr, direction, status: "open", newStream } as unknown as Connection;
}

function componentsOf(agent: number, peerIds: readonly PeerId[], node: () => Node): Components {
  const log = Object.assign(() => undefined, { error: () => undefined, trace: () => undefined });
  const registrar = {
    handle: async (_protocol: string, handler: Handler) => {
      node().handler = handler;
    },
    unhandle: async () => undefined,
    register: async (_protocol: string, topology: Topology) => {
      node().topology = topology;
      return "";
    },
    unregister: () => undefined,
    getTopologies: () => [],
  };
  return {
    peerId: peerIds[agent],
    registrar,
    peerStore: {},
    connectionManager: {},
    logger: { forComponent: () => log },
  } as unknown as Components;
}
