import type { EventQueue } from "../engine/eventQueue.ts";
import { kinds } from "../engine/kinds.ts";
import { Ends } from "./ends.ts";
import type { DialPurpose, Hosts } from "./hosts.ts";
import type { Links } from "./links.ts";
import {
  type Cut,
  createSession,
  cutSinceUs,
  cutTo,
  heldMax,
  lastUsTo,
  makeCutTo,
  noLife,
  retransmissionUs,
  type Session,
  setLastUsTo,
} from "./session.ts";

/** Sessions between agents: messages in order, cuts, resets, silence. Knows nothing of what is sent. */
export class Network {
  readonly links: Links;
  readonly #queue: EventQueue;
  readonly #hosts: Hosts;
  /** For each agent, the sessions whose end stands there. */
  readonly #ends: readonly Ends[];
  #sessionNumber = 0;
  /** Messages that were given up because too many waited for a cut to end. */
  overflows = 0;

  constructor(agents: number, links: Links, queue: EventQueue, hosts: Hosts) {
    this.links = links;
    this.#queue = queue;
    this.#hosts = hosts;
    this.#ends = Array.from({ length: agents }, () => new Ends());
  }

  /** The peers to which an agent's end of a session stands, oldest session first. */
  peersOf(agent: number): readonly number[] {
    return this.#of(agent).peers;
  }

  hasSession(agent: number, peer: number): boolean {
    return this.#of(agent).get(peer) !== undefined;
  }

  /** Whether one session stands at both ends. */
  isJoined(left: number, right: number): boolean {
    const session = this.#of(left).get(right);
    return session !== undefined && this.#of(right).get(left) === session;
  }

  /** Sends over the session; false when none stands at the sender's end. */
  send(source: number, destination: number, kind: number, payload: unknown): boolean {
    const session = this.#of(source).get(destination);
    if (session === undefined) return false;
    this.#carry(session, source, destination, kind, payload);
    return true;
  }

  /**
   * Sends what the destination may get from others too: in vain if it would arrive later than at `unlessUs`. Gives
   * the time of its arrival, infinite where a cut holds it; undefined when no session stands. Of two that arrive in
   * one instant both are sent: which was sent first must not matter.
   */
  sendSooner(
    source: number,
    destination: number,
    kind: number,
    payload: unknown,
    unlessUs: number,
  ): number | undefined {
    const session = this.#of(source).get(destination);
    if (session === undefined) return undefined;
    if (!this.links.reaches(source, destination)) {
      this.#hold(makeCutTo(session, destination), kind, payload);
      return Number.POSITIVE_INFINITY;
    }
    const arrivesUs = this.#arrivalUs(session, source, destination);
    if (arrivesUs > unlessUs) setLastUsTo(session, destination, arrivesUs);
    else this.#push(session, arrivesUs, source, destination, kind, payload);
    return arrivesUs;
  }

  /**
   * Sends what the destination has: it takes its place among what else is sent, and nothing comes of it. So it is one
   * to all others whether the sender could know that, as it cannot where the two meet in one instant.
   */
  sendInVain(source: number, destination: number): void {
    const session = this.#of(source).get(destination);
    if (session === undefined || !this.links.reaches(source, destination)) return;
    setLastUsTo(session, destination, this.#arrivalUs(session, source, destination));
  }

  /** Whether what has arrived belongs to a session that stands here; if not, the sender's end is reset. */
  receives(agent: number, source: number, sessionNumber: number): boolean {
    if (this.#of(agent).get(source)?.number === sessionNumber) return true;
    const session = this.#of(source).get(agent);
    if (
      session?.number === sessionNumber &&
      this.#hosts.hasPower(agent) &&
      this.links.reaches(agent, source)
    ) {
      const atUs = this.#queue.nowUs + session.latencyUs;
      this.#queue.push(atUs, source, agent, kinds.closed, sessionNumber, undefined);
    }
    return false;
  }

  /**
   * Opens the peer's end of a session that was dialed; the dialer's end opens when the answer has come back.
   * Where both dial at once, the first session serves both: true then, since the dialer's end stands already.
   */
  accept(peer: number, dialer: number, latencyUs: number, purpose: DialPurpose): boolean {
    const half = this.#of(dialer).get(peer);
    if (half !== undefined && half.dialerLife === this.#hosts.lifeOf(peer)) {
      this.#stand(half, peer, dialer);
      return true;
    }
    this.#sessionNumber += 1;
    const session = createSession(
      this.#sessionNumber,
      dialer,
      this.#hosts.lifeOf(dialer),
      peer,
      latencyUs,
      purpose,
    );
    this.#of(peer).set(dialer, session);
    // Whatever the peer sends comes after its answer to hello.
    this.#carry(session, peer, dialer, kinds.opened, session);
    this.#hosts.opened(peer, dialer);
    return false;
  }

  /**
   * The answer to a dial has come back: the dialer's end stands. Gives what the dialer had asked for; undefined when
   * that process is gone.
   */
  opened(agent: number, peer: number, payload: unknown): DialPurpose | undefined {
    const session = payload as Session;
    if (this.#of(agent).get(peer) === session) return session.purpose;
    if (!this.#hosts.isRunning(agent) || this.#hosts.lifeOf(agent) !== session.dialerLife) {
      this.receives(agent, peer, session.number);
      return undefined;
    }
    this.#stand(session, agent, peer);
    return session.purpose;
  }

  /** Word has come that the other end is gone. */
  closed(agent: number, peer: number, sessionNumber: number): void {
    if (this.#of(agent).get(peer)?.number !== sessionNumber) return;
    this.#of(agent).delete(peer);
    this.#hosts.closed(agent, peer);
  }

  /** An end was watched for silence: it is given up if nothing could come back all the while. */
  silence(agent: number, peer: number, sessionNumber: number): void {
    const session = this.#of(agent).get(peer);
    if (session?.number !== sessionNumber) return;
    const silentSinceUs = Math.min(cutSinceUs(session), this.#hosts.silentSinceUs(peer));
    if (silentSinceUs <= this.#queue.nowUs - this.links.model.silenceUs) this.hangUp(agent, peer);
  }

  /** Closes the agent's end, and tells the other end as soon as it can be reached. */
  hangUp(agent: number, peer: number): void {
    const session = this.#of(agent).get(peer);
    if (session === undefined) return;
    this.#of(agent).delete(peer);
    this.#carry(session, agent, peer, kinds.closed, undefined);
    this.#hosts.closed(agent, peer);
  }

  /** The process of an agent is gone: its host closes its sockets, unless the host is gone as well. */
  processEnded(agent: number): void {
    for (const [peer, session] of this.#of(agent).clear()) {
      if (this.#hosts.hasPower(agent)) this.#carry(session, agent, peer, kinds.closed, undefined);
      else this.#watchSilence(session, peer, agent);
    }
  }

  /** The process of an agent is paused: its peers will find it silent. */
  processPaused(agent: number): void {
    for (const [peer, session] of this.#of(agent).entries()) this.#watchSilence(session, peer, agent);
  }

  /** Reachability has changed: sessions over new cuts fall silent, those over healed ones go on. */
  linksChanged(): void {
    for (let agent = 0; agent < this.#ends.length; agent += 1) {
      for (const [peer, session] of this.#of(agent).entries()) {
        this.#adjust(session, agent, peer);
        this.#adjust(session, peer, agent);
      }
    }
  }

  #of(agent: number): Ends {
    return this.#ends[agent] as Ends;
  }

  /** The dialer's end of a session stands, and so do both. */
  #stand(session: Session, dialer: number, peer: number): void {
    session.dialerLife = noLife;
    this.#of(dialer).set(peer, session);
    this.#hosts.opened(dialer, peer);
  }

  /** Puts something on its way, or holds it as long as the direction is cut. */
  #carry(session: Session, source: number, destination: number, kind: number, payload: unknown): void {
    if (this.links.reaches(source, destination)) {
      const arrivesUs = this.#arrivalUs(session, source, destination);
      this.#push(session, arrivesUs, source, destination, kind, payload);
    } else this.#hold(makeCutTo(session, destination), kind, payload);
  }

  #hold(cut: Cut, kind: number, payload: unknown): void {
    if (cut.held.length >= heldMax) {
      this.overflows += 1;
      return;
    }
    if (cut.held.length === 0) cut.heldSinceUs = this.#queue.nowUs;
    cut.held.push({ kind, payload });
  }

  /** When something sent now arrives: after everything that was sent before. */
  #arrivalUs(session: Session, source: number, destination: number): number {
    const sentUs = Math.max(this.#queue.nowUs, cutTo(session, destination)?.resumesUs ?? 0);
    const delayUs = this.links.delayUs(session.latencyUs, source, destination);
    return Math.max(sentUs + delayUs, lastUsTo(session, destination) + 1);
  }

  #push(
    session: Session,
    arrivesUs: number,
    source: number,
    destination: number,
    kind: number,
    payload: unknown,
  ): void {
    setLastUsTo(session, destination, arrivesUs);
    this.#queue.push(arrivesUs, destination, source, kind, session.number, payload);
  }

  #adjust(session: Session, source: number, destination: number): void {
    const known = cutTo(session, destination);
    const wasCut = known !== undefined && known.sinceUs !== Number.POSITIVE_INFINITY;
    const isCut = !this.links.reaches(source, destination);
    if (wasCut === isCut) return;
    const nowUs = this.#queue.nowUs;
    const cut = makeCutTo(session, destination);
    if (isCut) {
      cut.sinceUs = nowUs;
      this.#watchSilence(session, source, destination);
      this.#watchSilence(session, destination, source);
      return;
    }
    cut.sinceUs = Number.POSITIVE_INFINITY;
    if (cut.held.length === 0) return;
    cut.resumesUs = retransmissionUs(cut.heldSinceUs, nowUs, this.links.model.retransmitUs);
    for (const { kind, payload } of cut.held.splice(0)) {
      const arrivesUs = this.#arrivalUs(session, source, destination);
      this.#push(session, arrivesUs, source, destination, kind, payload);
    }
  }

  #watchSilence(session: Session, agent: number, peer: number): void {
    const atUs = this.#queue.nowUs + this.links.model.silenceUs;
    this.#queue.push(atUs, agent, peer, kinds.silence, session.number, undefined);
  }
}
