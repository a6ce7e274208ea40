import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import {
  addressesMax,
  type DialResult,
  type Event,
  type EventName,
  type EvictionWire,
  type HealthRumor,
  type Knowledge,
  type PeerMessage,
  type VerifiedCertificate,
  type VerifiedCharter,
} from "@antibody/core";
import {
  type AgentId,
  type Crypto,
  isRejection,
  type Rejection,
  type Signer,
  shortId,
  toHex,
} from "@antibody/policy";
import type { Connection, PeerId } from "@libp2p/interface";
import type { Feed, InviteCode, InviteRequest, NetworkPort } from "../ports.ts";
import { Dialer } from "./dialer.ts";
import { Gate, type Session } from "./gate.ts";
import { Gossip, gossipTopics } from "./gossip.ts";
import { Hello, helloProtocol } from "./hello.ts";
import { agentOf, libp2pKey, peerIdOf } from "./identity.ts";
import { type InviteBook, memoryInviteBook } from "./inviteBook.ts";
import { formatInviteCode, inviteSecretBytes } from "./inviteCode.ts";
import { JoinDesk } from "./joinDesk.ts";
import { joinProtocol } from "./joinWire.ts";
import { BlameBook, TokenBucket } from "./limiter.ts";
import {
  addressLookIntervalMs,
  banMs,
  blamedPeersMax,
  blameWindowMs,
  goodbyeTimeoutMs,
  offensesMax,
  routeStreamsMax,
  tellsBurst,
  tellsPerSecond,
} from "./limits.ts";
import { Mail, type MailClass, mailProtocols } from "./mail.ts";
import { createNode, type NetworkNode } from "./node.ts";
import { isLoopback } from "./reach.ts";
import { Routes, routeProtocol } from "./routes.ts";
import { isBlameful, type RefusedItem, Verifier } from "./verifier.ts";

/** Names of the log lines that only the network tells, beside those of the mind. */
export type NetworkEventName =
  | Extract<EventName, "policy.rejected">
  /** A stranger, a statement or a join that was refused. */
  | "network.refused"
  /** A peer that is kept out for a while. */
  | "network.banned"
  /** A new member came in through an invite. */
  | "network.enrolled"
  /** Something broke and was dealt with. */
  | "network.trouble";

/** A log line of the network. */
export interface NetworkEvent {
  readonly name: NetworkEventName;
  readonly level: Event["level"];
  readonly fields: Event["fields"];
}

/** What the network body needs. */
export interface NetworkOptions {
  /** The agent's key; it is also its libp2p identity. */
  readonly key: Signer & { readonly seed: Uint8Array };
  readonly charter: VerifiedCharter;
  /** The agent's own. */
  readonly certificate: VerifiedCertificate;
  readonly crypto: Crypto;
  readonly knowledge: Knowledge;
  /** Multiaddrs to listen on, for example `/ip4/0.0.0.0/tcp/4001`. */
  readonly listen: readonly string[];
  readonly feed: Feed;
  readonly tell: (event: NetworkEvent) => void;
  /** In memory where nothing is said: a restart closes every invite. */
  readonly invites?: InviteBook;
}

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

/** Wires the parts together; each part is its own file. */
class NetworkBody implements Network {
  readonly #options: NetworkOptions;
  readonly #invites: InviteBook;
  readonly #verifier: Verifier;
  readonly #blame = new BlameBook({ offensesMax, windowMs: blameWindowMs, banMs, namesMax: blamedPeersMax });
  readonly #tells = new TokenBucket(tellsPerSecond, tellsBurst);
  readonly #gate: Gate;
  readonly #hello: Hello;
  readonly #mail: Mail;
  readonly #routes: Routes;
  #parts: { readonly node: NetworkNode; readonly gossip: Gossip; readonly dialer: Dialer } | undefined;
  #told: readonly string[] = [];
  #addressLook: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(options: NetworkOptions) {
    const { crypto, charter, knowledge } = options;
    this.#options = options;
    this.#invites = options.invites ?? memoryInviteBook();
    this.#verifier = new Verifier({ crypto, charter, knowledge });
    this.#gate = new Gate({
      opened: (session) => this.#opened(session),
      moved: (session) => this.#parts?.gossip.moved(session),
      closed: (session) => this.#closed(session),
    });
    this.#hello = new Hello({
      gate: this.#gate,
      agentOf: (connection) => agentOf(connection.remotePeer, crypto),
      own: () => knowledge.ownMember(),
      verify: (member) => this.#verifier.member(member),
      evictionOf: ({ certificate }) => knowledge.evictionOf(certificate),
      turnedAway: (wire) => this.#turnedAway(wire),
      banned: (agent) => this.#blame.banned(agent),
      refused: (connection, rejection) => this.#refusedHello(connection, rejection),
    });
    this.#mail = new Mail({
      gate: this.#gate,
      verifier: this.#verifier,
      feed: (input) => this.#feed(input),
      refused: (from, items) => {
        for (const item of items) this.#refused(from, item);
      },
      broken: (from, detail) => this.#offense(from, offensesMax, detail),
    });
    this.#routes = new Routes({ connectTo: (backend, signal) => this.#connectTo(backend, signal) });
  }

  async start(): Promise<void> {
    const { key, listen, charter, crypto } = this.#options;
    const topics = Object.values(gossipTopics(charter.swarm));
    const node = await createNode({
      privateKey: await libp2pKey(key.seed),
      listen,
      gossip: { topics, crypto, gated: (registrar) => this.#gate.registrar(registrar) },
    });
    const { libp2p } = node;
    if (node.gossip === undefined) throw new Error("A node with gossip has it");
    const gossip = this.#makeGossip(node.gossip);
    this.#parts = { node, gossip, dialer: this.#makeDialer(node) };
    libp2p.addEventListener("connection:open", ({ detail }) => this.#gate.connectionOpened(detail));
    libp2p.addEventListener("connection:close", ({ detail }) => this.#connectionClosed(node, detail));
    await this.#handleProtocols(node);
    await libp2p.start();
    gossip.start();
    this.#told = this.addresses();
    // libp2p tells of listeners, not of interfaces that come and go under them.
    this.#addressLook = setInterval(() => this.#tellAddresses(), addressLookIntervalMs).unref();
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

  hangUp(peer: AgentId): void {
    const session = this.#gate.session(peer);
    if (session !== undefined) this.#hangUpSession(session);
  }

  serve(capabilities: readonly { readonly name: string; readonly port: number }[]): void {
    this.#routes.serve(capabilities);
  }

  openRoute(backend: AgentId, capability: string, signal: AbortSignal): Promise<Duplex> {
    return this.#routes.openRoute(backend, capability, signal);
  }

  async invite({ expiresInMs, mayInvite, replaces }: InviteRequest): Promise<InviteCode> {
    const { certificate, crypto, charter, key, knowledge } = this.#options;
    if (!certificate.certificate.mayInvite) throw new Error("This agent may not invite");
    const replaced = replaces === undefined ? undefined : knowledge.certificateOf(replaces);
    if (replaces !== undefined && replaced?.lineage.includes(certificate.agent) !== true) {
      throw new Error("Only who has invited a member, or stands above its inviter, replaces it");
    }
    const secret = new Uint8Array(randomBytes(inviteSecretBytes));
    this.#invites.open({ secretDigest: toHex(crypto.sha256(secret)), expiresInMs, mayInvite, replaces });
    const invite = { swarm: charter.swarm, inviter: key.publicKey, addresses: this.addresses(), secret };
    return { code: formatInviteCode(invite, crypto), expiresMs: Date.now() + expiresInMs };
  }

  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    clearInterval(this.#addressLook);
    this.#parts?.gossip.stop();
    this.#parts?.dialer.stop();
    this.#routes.stop();
    // The mind's goodbyes were its last outputs: they leave before the connections end.
    const said = Promise.all([this.#parts?.gossip.flush(), this.#mail.finish()]);
    await Promise.race([said, delay(goodbyeTimeoutMs, undefined, { ref: false })]);
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
      refused: (from, item) => this.#refused(from, item),
      broken: (from, detail) => this.#offense(from, offensesMax, detail),
      hangUp: (session) => this.#hangUpSession(session),
      trouble: (detail, from) => this.#trouble(detail, from),
    });
  }

  #makeDialer(node: NetworkNode): Dialer {
    return new Dialer({
      node,
      gate: this.#gate,
      hello: this.#hello,
      peerIdOf: (agent) => this.#peerIdOf(agent),
      dialed: (result) => this.#feed(result),
      unreached: (agent, result, detail) => this.#unreached(agent, result, detail),
    });
  }

  async #handleProtocols({ libp2p }: NetworkNode): Promise<void> {
    const { key, charter, certificate: own, crypto, knowledge } = this.#options;
    const desk = new JoinDesk({
      crypto,
      signer: key,
      charter,
      certificate: own,
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
      refused: (detail) => this.#tell("network.refused", "warn", { detail }),
    });
    const one = { maxInboundStreams: 1, maxOutboundStreams: 1 };
    await libp2p.handle(helloProtocol, (stream, connection) => this.#hello.answer(stream, connection), one);
    await libp2p.handle(joinProtocol, desk.handler(), one);
    // A stream that replaces a broken one may overlap with it.
    const few = { maxInboundStreams: 4, maxOutboundStreams: 4 };
    for (const mail of Object.keys(mailProtocols) as MailClass[]) {
      await libp2p.handle(mailProtocols[mail], this.#gate.guard(this.#mail.handler(mail)), few);
    }
    const many = { maxInboundStreams: routeStreamsMax, maxOutboundStreams: routeStreamsMax };
    await libp2p.handle(routeProtocol, this.#gate.guard(this.#routes.handler()), many);
  }

  #opened(session: Session): void {
    this.#feed({ type: "connected", peer: session.agent, member: session.member });
    this.#parts?.gossip.opened(session);
  }

  #closed(session: Session): void {
    this.#parts?.gossip.closed(session);
    this.#mail.closed(session);
    this.#feed({ type: "disconnected", peer: session.agent });
  }

  #connectionClosed(node: NetworkNode, connection: Connection): void {
    this.#gate.connectionClosed(connection);
    const peer = connection.remotePeer;
    if (this.#stopping || node.libp2p.getConnections(peer).some(({ id }) => id !== connection.id)) return;
    // libp2p would keep 18 kB of every identity for hours (measured): strangers could fill the memory with it.
    node.libp2p.peerStore.delete(peer).catch((error: Error) => this.#trouble(error.message));
  }

  async #connectTo(backend: AgentId, signal: AbortSignal): Promise<Connection | undefined> {
    const standing = this.#gate.session(backend);
    if (standing !== undefined) return standing.connections.at(-1);
    const member = this.#options.knowledge.members().find(({ certificate }) => certificate.agent === backend);
    if (member === undefined || this.#parts === undefined) return undefined;
    await this.#parts.dialer.connect(backend, member.entry.entry.addresses, signal);
    return this.#gate.session(backend)?.connections.at(-1);
  }

  #peerIdOf(agent: AgentId): PeerId | undefined {
    const certificate = this.#options.knowledge.certificateOf(agent);
    return certificate === undefined ? undefined : peerIdOf(certificate.publicKey);
  }

  #hangUpSession(session: Session): void {
    // Not gracefully: whoever is hung up may not answer any more.
    for (const connection of session.connections) connection.abort(new Error("Hung up"));
  }

  #tellAddresses(): void {
    const addresses = this.addresses();
    if (addresses.join() === this.#told.join()) return;
    this.#told = addresses;
    this.#feed({ type: "addresses", addresses });
  }

  #refused(from: AgentId, { kind, rejection }: RefusedItem): void {
    const { reason, detail } = rejection;
    const blameful = isBlameful(rejection);
    const name = kind === "policy" ? "policy.rejected" : "network.refused";
    this.#tell(name, blameful ? "warn" : "info", { reason, detail, from, kind });
    if (blameful) this.#offense(from, 1, detail);
  }

  /** A peer shows why it does not let this agent in. Believed when it verifies, whoever shows it. */
  #turnedAway(wire: EvictionWire): void {
    const eviction = this.#verifier.eviction(wire);
    if (!isRejection(eviction)) this.#feed({ type: "turnedAway", eviction });
  }

  #refusedHello(connection: Connection, { reason, detail }: Rejection): void {
    const address = connection.remoteAddr.toString();
    this.#tell("network.refused", "warn", { reason, detail, address });
  }

  #offense(from: AgentId, offenses: number, detail: string): void {
    if (!this.#blame.blame(from, offenses)) return;
    this.#tell("network.banned", "warn", { agent: from, detail, forMs: banMs });
    this.hangUp(from);
  }

  #unreached(agent: AgentId, result: DialResult, detail: string): void {
    // Not reaching a dead peer is everyday life, and the mind tells of it; what is our own fault is not.
    if (result === "failed") this.#trouble(`could not dial ${shortId(agent)}: ${detail}`, agent);
  }

  #trouble(detail: string, agent?: AgentId): void {
    this.#tell("network.trouble", "info", agent === undefined ? { detail } : { detail, agent });
  }

  #tell(name: NetworkEventName, level: Event["level"], fields: Event["fields"]): void {
    // Others choose how often this happens: they must not choose how much is written to a card.
    if (!this.#stopping && this.#tells.take(1)) this.#options.tell({ name, level, fields });
  }

  #feed(input: Parameters<Feed>[0]): void {
    if (!this.#stopping) this.#options.feed(input);
  }
}
