import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import {
  addressesMax,
  type DialResult,
  type EvictionWire,
  type HealthRumor,
  type PeerMessage,
} from "@antibody/core";
import { type AgentId, isRejection } from "@antibody/policy";
import type { Connection, PeerId } from "@libp2p/interface";
import type { Feed, IgnoredKind, InviteCode, InviteRequest, NetworkPort, Relayed } from "../ports.ts";
import { AddressLook } from "./addressLook.ts";
import { Complaints } from "./complaints.ts";
import { Gossip, gossipTopics } from "./gossip/gossip.ts";
import { agentOf, libp2pKey, peerIdOf } from "./identity.ts";
import { type InviteBook, memoryInviteBook } from "./joining/inviteBook.ts";
import { issueInvite } from "./joining/issueInvite.ts";
import { JoinDesk } from "./joining/joinDesk.ts";
import type { Lan } from "./lan/lan.ts";
import { interfacesOf, neighborhood } from "./lan/neighborhood.ts";
import { goodbyeTimeoutMs, returnTimeoutMs } from "./limits.ts";
import { Mail } from "./mail/mail.ts";
import type { NetworkOptions } from "./networkOptions.ts";
import { createNode, type NetworkNode } from "./node.ts";
import { answerProtocols } from "./protocols.ts";
import { Detours } from "./relay/detours.ts";
import { DoorRequests, isNear } from "./relay/doorRequests.ts";
import { isRelayed } from "./relay/relayed.ts";
import { Relaying } from "./relay/relaying.ts";
import { Returns } from "./relay/returns.ts";
import { carriesOthers } from "./routes/carrying.ts";
import { Routes } from "./routes/routes.ts";
import { breakOff } from "./sessions/breakOff.ts";
import { Crossed } from "./sessions/crossed.ts";
import { Dialer } from "./sessions/dialer.ts";
import { Gate } from "./sessions/gate.ts";
import { Hello } from "./sessions/hello.ts";
import { isLoopback } from "./sessions/reach.ts";
import { directOf, relayedAmong, type Session } from "./sessions/session.ts";
import { Verifier } from "./wire/verifier.ts";

/** The network body, and what its owner may ask of it beyond what the mind asks. */
export interface Network extends NetworkPort {
  /** Opens an invite and returns its code, which is shown once. Rejects when this agent may not invite. */
  invite(request: InviteRequest): Promise<InviteCode>;
}

/** Opens the network. Rejects when an address cannot be listened on; nothing is then left open. */
export async function openNetwork(options: NetworkOptions): Promise<Network> {
  const body = new NetworkBody(options);
  await body.start();
  return body;
}

/** What there is once libp2p is. */
interface Parts {
  readonly node: NetworkNode;
  readonly gossip: Gossip;
  readonly dialer: Dialer;
  readonly detours: Detours;
}

/** Wires the parts together; each part is its own file. */
class NetworkBody implements Network {
  readonly #options: NetworkOptions;
  readonly #invites: InviteBook;
  readonly #verifier: Verifier;
  readonly #complaints: Complaints;
  readonly #gate: Gate;
  readonly #hello: Hello;
  readonly #mail: Mail;
  readonly #routes: Routes;
  readonly #relaying: Relaying;
  readonly #doors: DoorRequests;
  readonly #returns: Returns;
  readonly #crossed: Crossed;
  readonly #lan: Lan | undefined;
  #parts: Parts | undefined;
  readonly #addressLook = new AddressLook({
    addresses: () => this.addresses(),
    hasPeers: () => this.#gate.sessions().length > 0,
    changed: (addresses) => this.#addressesChanged(addresses),
  });
  #stopping = false;

  constructor(options: NetworkOptions) {
    const { crypto, charter, knowledge } = options;
    this.#options = options;
    this.#invites = options.invites ?? memoryInviteBook();
    this.#verifier = new Verifier({ crypto, charter, knowledge });
    this.#complaints = new Complaints({ tell: options.tell, hangUp: (agent) => this.hangUp(agent) });
    const listener = {
      opened: (session: Session) => this.#opened(session),
      moved: (session: Session) => this.#moved(session),
      closed: (session: Session) => this.#closed(session),
    };
    this.#gate = new Gate(listener, options.certificate.agent);
    this.#crossed = new Crossed(this.#gate, options.certificate.agent);
    this.#hello = new Hello({
      gate: this.#gate,
      agentOf: (connection) => agentOf(connection.remotePeer, crypto),
      own: () => knowledge.ownMember(),
      verify: (member) => this.#verifier.member(member),
      evictionOf: ({ certificate }) => knowledge.evictionOf(certificate),
      turnedAway: (wire) => this.#turnedAway(wire),
      banned: (agent) => this.#complaints.banned(agent),
      refused: (connection, rejection) => this.#complaints.refusedHello(connection, rejection),
    });
    this.#mail = new Mail({
      gate: this.#gate,
      verifier: this.#verifier,
      feed: (input) => this.#feed(input),
      refused: (from, items) => {
        for (const item of items) this.#complaints.refused(from, item);
      },
      broken: (from, detail) => this.#complaints.broken(from, detail),
      unknown: (from, kind) => this.#complaints.unknown(from, kind),
    });
    this.#routes = new Routes({ connectTo: (backend, signal) => this.#connectTo(backend, signal) });
    this.#relaying = new Relaying({
      guard: (handler, strangers) => this.#gate.guard(handler, strangers),
      directTo: (peer) => directOf(this.#gate.sessionOf(peer)),
      extend: (connection, timeoutMs) => this.#gate.extend(connection, timeoutMs),
    });
    this.#doors = new DoorRequests({ sessions: () => this.#gate.sessions(), book: this.#invites, isNear });
    this.#returns = new Returns({
      gate: this.#gate,
      agent: options.certificate.agent,
      connectDirectly: (agent) => this.#connectDirectly(agent, AbortSignal.timeout(returnTimeoutMs)),
      findDetour: async (agent) => this.#parts?.detours.find(agent, "beside", "anywhere"),
    });
    const { agent } = options.certificate;
    const { swarm } = charter;
    const { tell } = options;
    this.#lan = options.mdns === false ? undefined : neighborhood({ swarm, agent, knowledge, tell });
  }

  async start(): Promise<void> {
    const { key, listen, charter, crypto } = this.#options;
    const topics = Object.values(gossipTopics(charter.swarm));
    const node = await createNode({
      privateKey: libp2pKey(key),
      listen,
      gossip: { topics, crypto, isJudged: true, gated: (registrar) => this.#gate.registrar(registrar) },
      relaying: this.#relaying,
    });
    const { libp2p } = node;
    if (node.gossip === undefined) throw new Error("A node with gossip has it");
    const gossip = this.#makeGossip(node.gossip);
    const detours = this.#makeDetours(node);
    this.#parts = { node, gossip, dialer: this.#makeDialer(node, detours), detours };
    libp2p.addEventListener("connection:open", ({ detail }) => this.#gate.connectionOpened(detail));
    libp2p.addEventListener("connection:close", ({ detail }) => this.#connectionClosed(node, detail));
    await answerProtocols(node, {
      gate: this.#gate,
      hello: this.#hello,
      desk: this.#makeDesk(),
      mail: this.#mail,
      routes: this.#routes,
    });
    await libp2p.start();
    gossip.start();
    this.#lan?.moved(interfacesOf(this.#addressLook.start()));
  }

  addresses(): readonly string[] {
    const all = (this.#parts?.node.libp2p.getMultiaddrs() ?? []).map((address) =>
      address.toString().replace(/\/p2p\/[^/]+$/, ""),
    );
    // A loopback address means another host to everyone else: told only when there is nothing better.
    const distant = all.filter((address) => !isLoopback(address));
    return [...new Set(distant.length > 0 ? distant : all)].slice(0, addressesMax);
  }

  send(to: AgentId, message: PeerMessage): void {
    this.#mail.send(to, message);
  }

  publishRumor(rumor: HealthRumor): void {
    this.#parts?.gossip.publishRumor(rumor);
  }

  publishPolicy(bytes: Uint8Array): void {
    this.#parts?.gossip.publishPolicy(bytes);
  }

  dial(peer: AgentId, addresses: readonly string[], purpose: "session" | "fresh", timeoutMs: number): void {
    void this.#parts?.dialer.dial(peer, addresses, purpose, timeoutMs);
  }

  relayed(): readonly Relayed[] {
    return relayedAmong(this.#gate.sessions());
  }

  ignored(): readonly IgnoredKind[] {
    return this.#complaints.ignored;
  }

  hangUp(peer: AgentId): void {
    const session = this.#gate.session(peer);
    if (session !== undefined) this.#hangUpSession(session);
  }

  release(peer: AgentId): void {
    const session = this.#gate.session(peer);
    if (session !== undefined && !session.connections.some(carriesOthers)) this.#hangUpSession(session);
  }

  serve(capabilities: readonly { readonly name: string; readonly port: number }[]): void {
    this.#routes.serve(capabilities);
  }

  openRoute(backend: AgentId, capability: string, signal: AbortSignal): Promise<Duplex> {
    return this.#routes.openRoute(backend, capability, signal);
  }

  async invite(request: InviteRequest): Promise<InviteCode> {
    const { certificate } = this.#options.certificate;
    const doors = certificate.mayInvite ? await this.#doors.open() : [];
    return issueInvite(request, {
      ...this.#options,
      book: this.#invites,
      addresses: this.addresses(),
      doors,
    });
  }

  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#complaints.stop();
    this.#lan?.stop();
    this.#doors.stop();
    this.#addressLook.stop();
    this.#parts?.gossip.stop();
    this.#parts?.dialer.stop();
    this.#parts?.detours.stop();
    this.#returns.stop();
    this.#crossed.stop();
    // The mind's goodbyes were its last outputs: they leave before the connections end.
    const said = Promise.all([this.#parts?.gossip.flush(), this.#mail.finish()]);
    await Promise.race([said, delay(goodbyeTimeoutMs, undefined, { ref: false })]);
    await this.#routes.stop();
    await this.#parts?.node.libp2p.stop();
    this.#gate.stop();
  }

  #makeGossip(gossip: NonNullable<NetworkNode["gossip"]>): Gossip {
    return new Gossip({
      gossip,
      swarm: this.#options.charter.swarm,
      gate: this.#gate,
      verifier: this.#verifier,
      feed: (input) => this.#feed(input),
      refused: (from, item) => this.#complaints.refused(from, item),
      broken: (from, detail) => this.#complaints.broken(from, detail),
      unknown: (from, kind) => this.#complaints.unknown(from, kind),
      hangUp: (session) => this.#hangUpSession(session),
      trouble: (detail, from) => this.#complaints.trouble(detail, from),
    });
  }

  #makeDetours(node: NetworkNode): Detours {
    return new Detours({
      own: this.#options.certificate.agent,
      node,
      gate: this.#gate,
      hello: this.#hello,
      peerIdOf: (agent) => this.#peerIdOf(agent),
      neighborsOf: (agent) => this.#options.knowledge.neighborsOf(agent),
      connectTo: (agent, signal) => this.#connectDirectly(agent, signal),
    });
  }

  #makeDialer(node: NetworkNode, detours: Detours): Dialer {
    return new Dialer({
      node,
      gate: this.#gate,
      hello: this.#hello,
      peerIdOf: (agent) => this.#peerIdOf(agent),
      hintsOf: (agent) => this.#lan?.addressesOf(agent) ?? [],
      detour: (agent, relays) => detours.find(agent, "instead", relays),
      dialed: (result) => this.#feed(result),
      unreached: (agent, result, detail) => {
        this.#lan?.seek();
        this.#complaints.unreached(agent, result, detail);
      },
    });
  }

  #makeDesk(): JoinDesk {
    const { key, charter, certificate, crypto, knowledge } = this.#options;
    return new JoinDesk({
      crypto,
      signer: key,
      charter,
      certificate,
      knowledge,
      book: this.#invites,
      gate: this.#gate,
      enrolled: (member, sas, replaces) => {
        const { agent, certificate } = member.certificate;
        // `agent` is, in every line, who tells it.
        const fields = { peer: agent, name: certificate.name, sas };
        this.#options.tell({ name: "network.enrolled", level: "info", fields });
        this.#feed(
          replaces === undefined ? { type: "enrolled", member } : { type: "enrolled", member, replaces },
        );
      },
      refused: (detail) => this.#complaints.refusedJoin(detail),
    });
  }

  #opened(session: Session): void {
    this.#relaying.opened(session.peer);
    this.#doors.opened(session);
    this.#parts?.dialer.opened(session);
    this.#connected(session);
    this.#parts?.gossip.opened(session);
  }

  #moved(session: Session): void {
    this.#relaying.opened(session.peer);
    const newest = session.connections.at(-1);
    // To the mind another circuit is another session: on the one before, the peer may have fallen silent.
    if (newest !== undefined && isRelayed(newest)) this.#connected(session);
    this.#returns.watch(session);
    this.#crossed.watch(session);
    this.#parts?.gossip.moved(session);
  }

  #connected(session: Session): void {
    this.#feed({ type: "connected", peer: session.agent, member: session.member });
    this.#returns.watch(session);
  }

  #closed(session: Session): void {
    this.#relaying.closed(session.peer);
    this.#parts?.gossip.closed(session);
    this.#mail.closed(session);
    this.#feed({ type: "disconnected", peer: session.agent });
  }

  #connectionClosed(node: NetworkNode, connection: Connection): void {
    this.#gate.connectionClosed(connection);
    const peer = connection.remotePeer;
    if (this.#stopping || node.libp2p.getConnections(peer).some(({ id }) => id !== connection.id)) return;
    // libp2p would keep 18 kB of every identity for hours (measured): strangers could fill the memory with it.
    node.libp2p.peerStore.delete(peer).catch((error: Error) => this.#complaints.trouble(error.message));
  }

  async #connectTo(backend: AgentId, signal: AbortSignal): Promise<Connection | undefined> {
    const standing = this.#gate.session(backend);
    if (standing !== undefined) return standing.connections.at(-1);
    await this.#parts?.dialer.connect(backend, this.#addressesOf(backend), signal);
    return this.#gate.session(backend)?.connections.at(-1);
  }

  async #connectDirectly(agent: AgentId, signal: AbortSignal): Promise<DialResult> {
    if (this.#parts === undefined) return "failed";
    return this.#parts.dialer.connectDirectly(agent, this.#addressesOf(agent), signal);
  }

  #addressesOf(agent: AgentId): readonly string[] {
    const member = this.#options.knowledge.members().find(({ certificate }) => certificate.agent === agent);
    return member?.entry.entry.addresses ?? [];
  }

  #peerIdOf(agent: AgentId): PeerId | undefined {
    const certificate = this.#options.knowledge.certificateOf(agent);
    return certificate === undefined ? undefined : peerIdOf(certificate.publicKey);
  }

  #hangUpSession(session: Session): void {
    for (const connection of session.connections) breakOff(connection, new Error("Hung up"));
  }

  #addressesChanged(addresses: readonly string[]): void {
    this.#lan?.moved(interfacesOf(addresses));
    this.#feed({ type: "addresses", addresses });
  }

  /** A peer shows why it does not let this agent in. Believed when it verifies, whoever shows it. */
  #turnedAway(wire: EvictionWire): void {
    const eviction = this.#verifier.eviction(wire);
    if (!isRejection(eviction)) this.#feed({ type: "turnedAway", eviction });
  }

  #feed(input: Parameters<Feed>[0]): void {
    if (!this.#stopping) this.#options.feed(input);
  }
}
