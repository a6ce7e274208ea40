import type { EventQueue } from "../engine/eventQueue.ts";
import { kinds } from "../engine/kinds.ts";
import { Ends } from "./ends.ts";
import type { Hosts } from "./hosts.ts";
import type { Links } from "./links.ts";
import {
  createEnd,
  cutSinceUs,
  type End,
  heldMax,
  makeCut,
  noSession,
  type Origin,
  retransmissionUs,
} from "./session.ts";

/**
 * Sessions between agents: messages in order, cuts, resets, silence. Knows nothing of what is sent. Each end decides by
 * itself, with what has come to it: the other end may be in another thread.
 */
export class Network {
  readonly links: Links;
  readonly #queue: EventQueue;
  readonly #hosts: Hosts;
  /** For each agent, the sessions whose end stands there. */
  readonly #ends: readonly Ends[];
  /** For each agent that has some, ends that were closed while a cut held what they had sent: the host goes on. */
  readonly #lingering = new Map<number, [peer: number, end: End][]>();
  /** By agent: sessions that it has let in. */
  readonly #accepted: Int32Array;
  /** Messages that were given up because too many waited for a cut to end. */
  overflows = 0;

  constructor(agents: number, links: Links, queue: EventQueue, hosts: Hosts) {
    this.links = links;
    this.#queue = queue;
    this.#hosts = hosts;
    this.#ends = Array.from({ length: agents }, () => new Ends());
    this.#accepted = new Int32Array(agents);
  }

  /** The peers to which an agent's end of a session stands, oldest session first. */
  peersOf(agent: number): readonly number[] {
    return this.#of(agent).peers;
  }

  hasSession(agent: number, peer: number): boolean {
    return this.#of(agent).get(peer) !== undefined;
  }

  /** The number of the session whose end stands at an agent; `noSession` where none does. */
  sessionOf(agent: number, peer: number): number {
    return this.#of(agent).get(peer)?.number ?? noSession;
  }

  /** How the session came to be whose end stands at an agent. */
  originOf(agent: number, peer: number): Origin | undefined {
    return this.#of(agent).get(peer);
  }

  /** The process at the other end of a session, as the end knows it. */
  lifeAt(agent: number, peer: number): number | undefined {
    return this.#of(agent).get(peer)?.peerLife;
  }

  /** Whether the session whose end stands at an agent was let in by the peer after another one, which comes now. */
  isLater(agent: number, peer: number, session: number): boolean {
    const standing = this.sessionOf(agent, peer);
    return standing > session && (standing & 1) === (session & 1);
  }

  /** Sends over the session; false when none stands at the sender's end. */
  send(source: number, destination: number, kind: number, payload: unknown): boolean {
    const end = this.#of(source).get(destination);
    if (end === undefined) return false;
    this.#carry(end, source, destination, kind, end.number, payload);
    return true;
  }

  /**
   * Sends something that the destination may get from others too. Once it is on its way it reaches the process that it
   * was sent to, whatever becomes of the session: so of many copies only the first must be carried. In vain if it would
   * arrive later than at `unlessUs`: it takes its place among what else is sent, and nothing comes of it. Gives the
   * time of its arrival, infinite where a cut holds it; undefined when no session stands. Of two that arrive in one
   * instant both are sent: which was sent first must not matter.
   */
  sendCopy(source: number, destination: number, payload: unknown, unlessUs: number): number | undefined {
    const end = this.#of(source).get(destination);
    if (end === undefined) return undefined;
    if (!this.links.reaches(source, destination)) {
      this.#hold(end, kinds.gossip, end.number, payload);
      return Number.POSITIVE_INFINITY;
    }
    const arrivesUs = this.#arrivalUs(end, source, destination);
    if (arrivesUs > unlessUs) end.lastUs = arrivesUs;
    else this.#push(end, arrivesUs, source, destination, kinds.copy, end.peerLife, payload);
    return arrivesUs;
  }

  /** Whether what has arrived belongs to a session that stands here; if not, the sender's end is reset. */
  receives(agent: number, source: number, sessionNumber: number): boolean {
    const end = this.#of(agent).get(source);
    if (end?.number === sessionNumber) return true;
    if (this.#hosts.hasPower(agent) && this.links.reaches(agent, source)) {
      const atUs = this.#queue.nowUs + (end?.latencyUs ?? this.links.model.latencyUsMax);
      this.#queue.push(atUs, source, agent, kinds.closed, sessionNumber, undefined);
    }
    return false;
  }

  /** Opens the peer's end of a session that was dialed. */
  accept(peer: number, dialer: number, dialerLife: number, latencyUs: number, origin: Origin): void {
    const count = (this.#accepted[peer] as number) + 1;
    this.#accepted[peer] = count;
    // Odd where the higher of the two has let it in: it never meets a number that the other one gave.
    const number = 2 * count + (peer > dialer ? 1 : 0);
    this.stand(peer, dialer, createEnd(number, latencyUs, dialerLife, origin));
  }

  /** An end stands, in the place of an earlier one. */
  stand(agent: number, peer: number, end: End): void {
    this.#of(agent).set(peer, end);
    if (!this.links.joins(agent, peer)) this.#adjust(end, agent, peer);
  }

  /** Word has come that the other end is gone. */
  closed(agent: number, peer: number, sessionNumber: number): void {
    if (this.sessionOf(agent, peer) !== sessionNumber) return;
    this.#of(agent).delete(peer);
    this.#hosts.closed(agent, peer);
  }

  /** An end was watched for silence: it is given up if nothing could come back all the while. */
  silence(agent: number, peer: number, sessionNumber: number): void {
    const end = this.#of(agent).get(peer);
    if (end?.number !== sessionNumber) return;
    const silentSinceUs = Math.min(cutSinceUs(end), this.#hosts.silentSinceUs(peer));
    if (silentSinceUs <= this.#queue.nowUs - this.links.model.silenceUs) this.hangUp(agent, peer);
  }

  /** Closes the agent's end, and tells the other end as soon as it can be reached. */
  hangUp(agent: number, peer: number): void {
    const end = this.#of(agent).get(peer);
    if (end === undefined) return;
    this.#of(agent).delete(peer);
    this.#close(end, agent, peer);
    this.#hosts.closed(agent, peer);
  }

  /** The process of an agent is gone: its host closes its sockets, unless the host is gone as well. */
  processEnded(agent: number): void {
    const hasPower = this.#hosts.hasPower(agent);
    for (const [peer, end] of this.#of(agent).clear()) {
      if (hasPower) this.#close(end, agent, peer);
      else this.#watchSilence(end, peer, agent);
    }
    if (!hasPower) this.#lingering.delete(agent);
  }

  /** The process of an agent is paused: its peers will find it silent. */
  processPaused(agent: number): void {
    for (const [peer, end] of this.#of(agent).entries()) this.#watchSilence(end, peer, agent);
  }

  /** Reachability has changed: sessions over new cuts fall silent, those over healed ones go on. */
  linksChanged(): void {
    for (let agent = 0; agent < this.#ends.length; agent += 1) {
      for (const [peer, end] of this.#of(agent).entries()) this.#adjust(end, agent, peer);
    }
    for (const [agent, ends] of this.#lingering) {
      for (const [peer, end] of ends) this.#release(end, agent, peer);
      const left = ends.filter(([, { cut }]) => (cut?.held.length ?? 0) > 0);
      if (left.length > 0) this.#lingering.set(agent, left);
      else this.#lingering.delete(agent);
    }
  }

  #of(agent: number): Ends {
    return this.#ends[agent] as Ends;
  }

  /** Says to the other end that this one is gone; what a cut holds is the host's business from now on. */
  #close(end: End, agent: number, peer: number): void {
    this.#carry(end, agent, peer, kinds.closed, end.number, undefined);
    if ((end.cut?.held.length ?? 0) === 0) return;
    const ends = this.#lingering.get(agent) ?? [];
    ends.push([peer, end]);
    this.#lingering.set(agent, ends);
  }

  /** Puts something on its way, or holds it as long as the direction is cut. */
  #carry(end: End, source: number, destination: number, kind: number, tag: number, payload: unknown): void {
    if (this.links.reaches(source, destination)) {
      const arrivesUs = this.#arrivalUs(end, source, destination);
      this.#push(end, arrivesUs, source, destination, kind, tag, payload);
    } else this.#hold(end, kind, tag, payload);
  }

  #hold(end: End, kind: number, tag: number, payload: unknown): void {
    const cut = makeCut(end);
    if (cut.held.length >= heldMax) {
      this.overflows += 1;
      return;
    }
    if (cut.held.length === 0) cut.heldSinceUs = this.#queue.nowUs;
    cut.held.push({ kind, tag, payload });
  }

  /** When something sent now arrives: after everything that was sent before. */
  #arrivalUs(end: End, source: number, destination: number): number {
    const sentUs = Math.max(this.#queue.nowUs, end.cut?.resumesUs ?? 0);
    const delayUs = this.links.delayUs(end.latencyUs, source, destination);
    return Math.max(sentUs + delayUs, end.lastUs + 1);
  }

  #push(
    end: End,
    arrivesUs: number,
    source: number,
    destination: number,
    kind: number,
    tag: number,
    payload: unknown,
  ): void {
    end.lastUs = arrivesUs;
    this.#queue.push(arrivesUs, destination, source, kind, tag, payload);
  }

  /** Finds what of an agent's end is cut now. */
  #adjust(end: End, agent: number, peer: number): void {
    const { links } = this;
    const isWhole = links.joins(agent, peer);
    if (isWhole && end.cut === undefined) return;
    const never = Number.POSITIVE_INFINITY;
    const cut = makeCut(end);
    const nowUs = this.#queue.nowUs;
    const { outSinceUs, inSinceUs } = cut;
    cut.outSinceUs = links.reaches(agent, peer) ? never : Math.min(outSinceUs, nowUs);
    cut.inSinceUs = links.reaches(peer, agent) ? never : Math.min(inSinceUs, nowUs);
    const isNewlyCut = cut.outSinceUs < outSinceUs || cut.inSinceUs < inSinceUs;
    if (isNewlyCut) this.#watchSilence(end, agent, peer);
    this.#release(end, agent, peer);
  }

  /** Sends what a cut has held, if it is over. */
  #release(end: End, agent: number, peer: number): void {
    const { cut } = end;
    if (cut === undefined || cut.held.length === 0 || !this.links.reaches(agent, peer)) return;
    cut.resumesUs = retransmissionUs(cut.heldSinceUs, this.#queue.nowUs, this.links.model.retransmitUs);
    for (const { kind, tag, payload } of cut.held.splice(0)) {
      const arrivesUs = this.#arrivalUs(end, agent, peer);
      this.#push(end, arrivesUs, agent, peer, kind, tag, payload);
    }
  }

  #watchSilence(end: End, agent: number, peer: number): void {
    const atUs = this.#queue.nowUs + this.links.model.silenceUs;
    this.#queue.push(atUs, agent, peer, kinds.silence, end.number, undefined);
  }
}
