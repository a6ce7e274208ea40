import type { EventQueue } from "../engine/eventQueue.ts";
import { kinds } from "../engine/kinds.ts";
import { type End, EndColumns } from "./endColumns.ts";
import { Ends } from "./ends.ts";
import type { Hosts } from "./hosts.ts";
import type { Links } from "./links.ts";
import { heldMax, noSession, type Opening, type Origin, retransmissionUs } from "./session.ts";

/**
 * Sessions between agents: messages in order, cuts, resets, silence. Knows nothing of what is sent. Each end decides by
 * itself, with what has come to it: the other end may be in another thread.
 */
export class Network {
  readonly links: Links;
  readonly #queue: EventQueue;
  readonly #hosts: Hosts;
  readonly #columns = new EndColumns();
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
    const end = this.#of(agent).get(peer);
    return end === undefined ? noSession : this.#columns.numberOf(end);
  }

  /** How the session came to be whose end stands at an agent. */
  originOf(agent: number, peer: number): Origin | undefined {
    const end = this.#of(agent).get(peer);
    return end === undefined ? undefined : this.#columns.originOf(end);
  }

  /** The process at the other end of a session, as the end knows it. */
  lifeAt(agent: number, peer: number): number | undefined {
    const end = this.#of(agent).get(peer);
    return end === undefined ? undefined : this.#columns.peerLifeOf(end);
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
    this.#carry(end, source, destination, kind, this.#columns.numberOf(end), payload);
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
      this.#hold(end, kinds.gossip, this.#columns.numberOf(end), payload);
      return Number.POSITIVE_INFINITY;
    }
    const arrivesUs = this.#arrivalUs(end, source, destination);
    if (arrivesUs > unlessUs) this.#columns.sent(end, arrivesUs);
    else {
      const life = this.#columns.peerLifeOf(end);
      this.#push(end, arrivesUs, source, destination, kinds.copy, life, payload);
    }
    return arrivesUs;
  }

  /** Whether what has arrived belongs to a session that stands here; if not, the sender's end is reset. */
  receives(agent: number, source: number, sessionNumber: number): boolean {
    const end = this.#of(agent).get(source);
    if (end !== undefined && this.#columns.numberOf(end) === sessionNumber) return true;
    if (this.#hosts.hasPower(agent) && this.links.reaches(agent, source)) {
      const { model } = this.links;
      const latencyUs = end === undefined ? model.latencyUsMax : this.#columns.latencyUsOf(end);
      const atUs = this.#queue.nowUs + latencyUs;
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
    this.stand(peer, dialer, { number, latencyUs, peerLife: dialerLife, ...origin });
  }

  /** An end stands, in the place of an earlier one. */
  stand(agent: number, peer: number, opening: Opening): void {
    const end = this.#columns.take(opening);
    const before = this.#of(agent).set(peer, end);
    if (before !== undefined) this.#columns.giveBack(before);
    if (!this.links.joins(agent, peer)) this.#adjust(end, agent, peer);
  }

  /** Word has come that the other end is gone. */
  closed(agent: number, peer: number, sessionNumber: number): void {
    if (this.sessionOf(agent, peer) !== sessionNumber) return;
    const end = this.#of(agent).take(peer);
    if (end !== undefined) this.#columns.giveBack(end);
    this.#hosts.closed(agent, peer);
  }

  /** An end was watched for silence: it is given up if nothing could come back all the while. */
  silence(agent: number, peer: number, sessionNumber: number): void {
    const end = this.#of(agent).get(peer);
    if (end === undefined || this.#columns.numberOf(end) !== sessionNumber) return;
    const silentSinceUs = Math.min(this.#columns.cutSinceUs(end), this.#hosts.silentSinceUs(peer));
    if (silentSinceUs <= this.#queue.nowUs - this.links.model.silenceUs) this.hangUp(agent, peer);
  }

  /** Closes the agent's end, and tells the other end as soon as it can be reached. */
  hangUp(agent: number, peer: number): void {
    const end = this.#of(agent).take(peer);
    if (end === undefined) return;
    this.#close(end, agent, peer);
    this.#hosts.closed(agent, peer);
  }

  /** The process of an agent is gone: its host closes its sockets, unless the host is gone as well. */
  processEnded(agent: number): void {
    const hasPower = this.#hosts.hasPower(agent);
    for (const [peer, end] of this.#of(agent).clear()) {
      if (hasPower) this.#close(end, agent, peer);
      else {
        this.#watchSilence(end, peer, agent);
        this.#columns.giveBack(end);
      }
    }
    if (hasPower) return;
    for (const [, end] of this.#lingering.get(agent) ?? []) this.#columns.giveBack(end);
    this.#lingering.delete(agent);
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
      const left = ends.filter(([, end]) => this.#columns.isHolding(end));
      for (const one of ends) if (!left.includes(one)) this.#columns.giveBack(one[1]);
      if (left.length > 0) this.#lingering.set(agent, left);
      else this.#lingering.delete(agent);
    }
  }

  #of(agent: number): Ends {
    return this.#ends[agent] as Ends;
  }

  /** Says to the other end that this one is gone; what a cut holds is the host's business from now on. */
  #close(end: End, agent: number, peer: number): void {
    this.#carry(end, agent, peer, kinds.closed, this.#columns.numberOf(end), undefined);
    if (!this.#columns.isHolding(end)) {
      this.#columns.giveBack(end);
      return;
    }
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
    const cut = this.#columns.makeCut(end);
    if (cut.held.length >= heldMax) {
      this.overflows += 1;
      return;
    }
    if (cut.held.length === 0) cut.heldSinceUs = this.#queue.nowUs;
    cut.held.push({ kind, tag, payload });
  }

  /** When something sent now arrives: after everything that was sent before. */
  #arrivalUs(end: End, source: number, destination: number): number {
    const columns = this.#columns;
    const sentUs = Math.max(this.#queue.nowUs, columns.cutOf(end)?.resumesUs ?? 0);
    const delayUs = this.links.delayUs(columns.latencyUsOf(end), source, destination);
    return Math.max(sentUs + delayUs, columns.lastUsOf(end) + 1);
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
    this.#columns.sent(end, arrivesUs);
    this.#queue.push(arrivesUs, destination, source, kind, tag, payload);
  }

  /** Finds what of an agent's end is cut now. */
  #adjust(end: End, agent: number, peer: number): void {
    const { links } = this;
    const isWhole = links.joins(agent, peer);
    if (isWhole && this.#columns.cutOf(end) === undefined) return;
    const never = Number.POSITIVE_INFINITY;
    const cut = this.#columns.makeCut(end);
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
    const cut = this.#columns.cutOf(end);
    if (cut === undefined || cut.held.length === 0 || !this.links.reaches(agent, peer)) return;
    cut.resumesUs = retransmissionUs(cut.heldSinceUs, this.#queue.nowUs, this.links.model.retransmitUs);
    for (const { kind, tag, payload } of cut.held.splice(0)) {
      const arrivesUs = this.#arrivalUs(end, agent, peer);
      this.#push(end, arrivesUs, agent, peer, kind, tag, payload);
    }
  }

  #watchSilence(end: End, agent: number, peer: number): void {
    const atUs = this.#queue.nowUs + this.links.model.silenceUs;
    this.#queue.push(atUs, agent, peer, kinds.silence, this.#columns.numberOf(end), undefined);
  }
}
