import type { Member } from "@antibody/core";
import type { AgentId } from "@antibody/policy";
import type { Connection, PeerId, Stream, StreamHandler, Topology } from "@libp2p/interface";
import { type Clock, monotonicMs } from "../limiter.ts";
import { helloTimeoutMs, staleConnectionAfterMs, strangersPerHostMax } from "../limits.ts";
import type { Registrar } from "../node.ts";
import { isRelayed } from "../relay/relayed.ts";
import { breakOff } from "./breakOff.ts";
import { HostShares, hostOf } from "./newcomers.ts";
import { keptOfCrossed, type Session } from "./session.ts";

/** What the gate tells about sessions. */
export interface GateListener {
  /** The first connection of a peer stands. */
  opened(session: Session): void;
  /** Another connection is now the newest. */
  moved(session: Session): void;
  /** The last connection is gone. */
  closed(session: Session): void;
}

interface Standing {
  readonly connection: Connection;
  readonly sinceMs: number;
}

interface Peer {
  readonly agent: AgentId;
  readonly peer: PeerId;
  member: Member;
  standing: readonly Standing[];
}

/**
 * Who may speak. A connection gets hello (and join) and nothing else until its peer's certificate chain was
 * verified on it; a session stands when hello is done in both directions. Connections that say nothing in time
 * are hung up.
 */
export class Gate {
  readonly #listener: GateListener;
  /** This agent. */
  readonly #own: AgentId;
  readonly #clock: Clock;
  readonly #peers = new Map<string, Peer>();
  readonly #agents = new Map<AgentId, string>();
  readonly #admitted = new Set<string>();
  readonly #deadlines = new Map<string, NodeJS.Timeout>();
  readonly #strangers = new HostShares<Connection>(strangersPerHostMax);
  readonly #topologies = new Map<string, Topology>();
  #topologyCount = 0;

  constructor(listener: GateListener, own: AgentId, clock: Clock = monotonicMs) {
    this.#listener = listener;
    this.#own = own;
    this.#clock = clock;
  }

  /** A connection stands; its peer is a stranger on it. Of one host so many are heard at once. */
  connectionOpened(connection: Connection): void {
    const host = hostOf(connection.remoteAddr);
    const isOwn = connection.direction === "outbound";
    if (isOwn || this.#strangers.take(host, connection)) this.extend(connection, helloTimeoutMs);
    else breakOff(connection, new Error("Too many strangers of one host"));
  }

  /** Gives a connection so long from now to become a session. */
  extend(connection: Connection, timeoutMs: number): void {
    clearTimeout(this.#deadlines.get(connection.id));
    const hangUp = () => breakOff(connection, new Error("No hello in time"));
    this.#deadlines.set(connection.id, setTimeout(hangUp, timeoutMs));
  }

  /** The peer's chain was verified on this connection: its streams are taken from now on. */
  admit(connection: Connection): void {
    this.#admitted.add(connection.id);
  }

  /** Whether streams of a connection are taken. */
  admits(connection: Connection): boolean {
    return this.#admitted.has(connection.id);
  }

  /** Hello is done in both directions. */
  establish(connection: Connection, member: Member): void {
    if (connection.status !== "open") return;
    this.#strangers.release(hostOf(connection.remoteAddr), connection);
    clearTimeout(this.#deadlines.get(connection.id));
    this.#deadlines.delete(connection.id);
    const standing: Standing = { connection, sinceMs: this.#clock() };
    const known = this.#peers.get(connection.remotePeer.toString());
    if (known === undefined) {
      this.#open(member, standing);
      return;
    }
    // A peer says hello only when it has no session with us; two dials at once are the exception.
    const staleBeforeMs = standing.sinceMs - staleConnectionAfterMs;
    // A session moves from one circuit to the next, and back to a direct link; the old one is closed by its opener.
    const isKept = (connection: Connection): boolean =>
      isRelayed(connection) && isSameLife(known.member, member);
    const stale = known.standing.filter(
      ({ sinceMs, connection }) => sinceMs < staleBeforeMs && !isKept(connection),
    );
    if (stale.length === known.standing.length) {
      this.#close(known);
      this.#open(member, standing);
    } else {
      const all = [...known.standing, standing];
      // What another run of the peer has left behind is dead, whoever dialed it.
      known.standing = isSameLife(known.member, member) ? this.#inOrder(known.agent, all) : all;
      known.member = member;
      this.#listener.moved(sessionOf(known));
    }
    for (const older of stale) breakOff(older.connection, new Error("Replaced by a newer connection"));
  }

  /** A connection is gone, for whatever reason. */
  connectionClosed(connection: Connection): void {
    this.#strangers.release(hostOf(connection.remoteAddr), connection);
    clearTimeout(this.#deadlines.get(connection.id));
    this.#deadlines.delete(connection.id);
    this.#admitted.delete(connection.id);
    const peer = this.#peers.get(connection.remotePeer.toString());
    const left = peer?.standing.filter((standing) => standing.connection.id !== connection.id);
    if (peer === undefined || left === undefined || left.length === peer.standing.length) return;
    if (left.length === 0) {
      this.#close(peer);
      return;
    }
    peer.standing = left;
    this.#listener.moved(sessionOf(peer));
  }

  /** The session with an agent, if one stands. */
  session(agent: AgentId): Session | undefined {
    const peer = this.#peers.get(this.#agents.get(agent) ?? "");
    return peer === undefined ? undefined : sessionOf(peer);
  }

  /** The session with a libp2p identity, if one stands. */
  sessionOf(peerId: PeerId): Session | undefined {
    const peer = this.#peers.get(peerId.toString());
    return peer === undefined ? undefined : sessionOf(peer);
  }

  /** Every session that stands. */
  sessions(): readonly Session[] {
    return [...this.#peers.values()].map(sessionOf);
  }

  /** A handler that only admitted connections reach; streams of others go to `strangers`, or are reset. */
  guard(handler: StreamHandler, strangers?: StreamHandler): StreamHandler {
    return (stream: Stream, connection: Connection) => {
      if (this.admits(connection)) return handler(stream, connection);
      if (strangers !== undefined) return strangers(stream, connection);
      stream.abort(new Error("Not enrolled"));
      return undefined;
    };
  }

  /**
   * The registrar for services that are not ours: their streams pass the gate, and they hear of a peer when its
   * session opens instead of when identify is done.
   */
  registrar(inner: Registrar): Registrar {
    return {
      getProtocols: () => inner.getProtocols(),
      getHandler: (protocol) => inner.getHandler(protocol),
      handle: (protocol, handler, options) => inner.handle(protocol, this.guard(handler), options),
      unhandle: (protocol, options) => inner.unhandle(protocol, options),
      use: (protocol, middleware) => inner.use(protocol, middleware),
      unuse: (protocol) => inner.unuse(protocol),
      getMiddleware: (protocol) => inner.getMiddleware(protocol),
      getTopologies: () => [...this.#topologies.values()],
      register: async (protocol, topology) => {
        this.#topologyCount += 1;
        const id = `${protocol}#${this.#topologyCount}`;
        this.#topologies.set(id, topology);
        return id;
      },
      unregister: (id) => {
        this.#topologies.delete(id);
      },
    };
  }

  /** Tells gated services of a peer, over its newest connection. Doing it again repairs a lost stream. */
  attach(session: Session): void {
    const newest = session.connections.at(-1);
    if (newest === undefined) throw new Error("A session has a connection");
    for (const topology of new Set(this.#topologies.values()))
      void topology.onConnect?.(session.peer, newest);
  }

  /** Tells gated services that a peer is gone. */
  detach(session: Session): void {
    for (const topology of new Set(this.#topologies.values())) void topology.onDisconnect?.(session.peer);
  }

  /** What is used goes last. */
  #inOrder(agent: AgentId, standing: readonly Standing[]): readonly Standing[] {
    const newest = standing.at(-1)?.connection;
    if (newest === undefined || isRelayed(newest)) return standing;
    const connections = standing.map(({ connection }) => connection);
    const kept = keptOfCrossed(connections, this.#own, agent) ?? newest;
    return [
      ...standing.filter(({ connection }) => connection !== kept),
      ...standing.filter(({ connection }) => connection === kept),
    ];
  }

  #open(member: Member, standing: Standing): void {
    const { agent } = member.certificate;
    const { remotePeer } = standing.connection;
    const peer: Peer = { agent, peer: remotePeer, member, standing: [standing] };
    this.#peers.set(remotePeer.toString(), peer);
    this.#agents.set(agent, remotePeer.toString());
    this.#listener.opened(sessionOf(peer));
  }

  #close(peer: Peer): void {
    this.#peers.delete(peer.peer.toString());
    this.#agents.delete(peer.agent);
    this.#listener.closed(sessionOf(peer));
  }

  /** Forgets deadlines; connections are closed by who owns them. */
  stop(): void {
    for (const deadline of this.#deadlines.values()) clearTimeout(deadline);
    this.#deadlines.clear();
  }
}

function sessionOf(peer: Peer): Session {
  const connections = peer.standing.map((standing) => standing.connection);
  return { agent: peer.agent, peer: peer.peer, member: peer.member, connections };
}

/** Whether two entries are of one run of an agent. */
function isSameLife(left: Member, right: Member): boolean {
  const [serial, boot] = left.entry.entry.incarnation;
  const [otherSerial, otherBoot] = right.entry.entry.incarnation;
  return serial === otherSerial && boot === otherBoot;
}
