import { type Member, type MemberWire, memberWire, sealEntry } from "@antibody/core";
import type { Identify } from "@libp2p/identify";
import type { Connection, Stream } from "@libp2p/interface";
import { lpStream } from "@libp2p/utils";
import { multiaddr } from "@multiformats/multiaddr";
import { encode } from "it-length-prefixed";
import { gossipTopics } from "../../src/network/gossip/gossip.ts";
import { libp2pKey, peerIdOf } from "../../src/network/identity.ts";
import { framesOf } from "../../src/network/mail/outbox.ts";
import { createNode, type NetworkNode } from "../../src/network/node.ts";
import { circuitAddress } from "../../src/network/relay/relayed.ts";
import { Relaying } from "../../src/network/relay/relaying.ts";
import { helloProtocol } from "../../src/network/sessions/hello.ts";
import { encodeMap } from "../../src/network/wire/cbor.ts";
import { crypto, type Founded, memberOf, Station } from "./swarm.ts";

/** A node that follows no rule: libp2p and gossipsub without a gate, and streams in the test's hands. */
export class Rogue {
  readonly node: NetworkNode;
  readonly founded: Founded;
  /** Relays whom it is told to, for whomever. */
  readonly relaying: Relaying;

  private constructor(node: NetworkNode, founded: Founded, relaying: Relaying) {
    this.node = node;
    this.founded = founded;
    this.relaying = relaying;
  }

  static async start(founded: Founded, listen: readonly string[] = []): Promise<Rogue> {
    const relaying = new Relaying({
      guard: (handler) => handler,
      directTo: (peer) => node.libp2p.getConnections(peer)[0],
      extend: () => undefined,
    });
    const topics = Object.values(gossipTopics(founded.charter.swarm));
    const node: NetworkNode = await createNode({
      privateKey: libp2pKey(founded.key),
      listen,
      gossip: { topics, crypto, gated: (registrar) => registrar },
      relaying,
    });
    await node.libp2p.start();
    for (const topic of topics) node.gossip?.subscribe(topic);
    return new Rogue(node, founded, relaying);
  }

  async connect(station: Station): Promise<Connection> {
    const [address] = station.network.addresses();
    if (address === undefined) throw new Error("It listens");
    return this.node.libp2p.dial(multiaddr(address));
  }

  /** A connection to a station through the other end of a standing one. */
  async throughTo(connection: Connection, station: Station): Promise<Connection> {
    const target = peerIdOf(station.founded.key.publicKey);
    const attempt = { signal: AbortSignal.timeout(30_000), accepted: () => undefined };
    return this.node.dial(multiaddr(circuitAddress(connection, target)), attempt);
  }

  /** An honest hello: from then on the rogue is a peer. */
  async hello(connection: Connection, member: Member = memberOf(this.founded, [])): Promise<void> {
    const stream = await connection.newStream(helloProtocol, { runOnLimitedConnection: true });
    const wire = lpStream(stream);
    await wire.write(encodeMap({ type: "hello", ...memberWire(member) }));
    await wire.read();
    await wire.write(encodeMap({ type: "welcome" }));
  }

  /** Has its gossip speak over a connection: it learns what the other side speaks, as libp2p would by itself. */
  async attachGossip(connection: Connection): Promise<void> {
    const { identify } = this.node.libp2p.services as { readonly identify?: Identify };
    await identify?.identify(connection);
  }

  /** A hello with other bytes than it should have; resolves with the answer, or rejects when there is none. */
  async strangeHello(connection: Connection, hello: Uint8Array): Promise<Uint8Array> {
    const wire = lpStream(await connection.newStream(helloProtocol, { runOnLimitedConnection: true }));
    await wire.write(hello);
    return (await wire.read()).slice();
  }

  async stop(): Promise<void> {
    await this.node.libp2p.stop();
  }
}

/** Sends a message in frames, as an honest peer would. */
export function sendMessage(stream: Stream, message: Uint8Array): void {
  for (const frame of framesOf(message)) stream.send(frame);
}

/** Stations and rogues that are closed together. */
export class Company {
  readonly #open: { close(): Promise<void> }[] = [];

  async station(founded: Founded): Promise<Station> {
    const made = await new Station(founded).open();
    this.#open.push(made);
    return made;
  }

  async rogue(founded: Founded): Promise<Rogue> {
    const made = await Rogue.start(founded);
    this.#open.push({ close: () => made.stop() });
    return made;
  }

  async end(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((one) => one.close()));
  }
}

/** Sends any bytes as one frame. */
export function sendFrame(stream: Stream, frame: Uint8Array): void {
  stream.send(encode.single(frame));
}

/** Resolves when a stream or connection is closed, by whomever. */
export function closed(it: Stream | Connection): Promise<void> {
  if (it.status !== "open") return Promise.resolve();
  // One listener for both: their event maps differ in what these tests do not use.
  const target: EventTarget = it as Stream;
  return new Promise((resolve) => target.addEventListener("close", () => resolve(), { once: true }));
}

/** A member whose entry another key has signed. */
export function forgedMember(member: Member, forger: Founded): MemberWire {
  const { chain } = memberWire(member);
  return { chain, entry: sealEntry(member.entry.entry, forger.key) };
}
