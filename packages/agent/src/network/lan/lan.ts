import { randomInt } from "node:crypto";
import type { AgentId, SwarmId } from "@antibody/policy";
import { type Clock, HostRates, monotonicMs, TokenBucket } from "../limiter.ts";
import {
  mdnsAnswerIntervalMs,
  mdnsAnswerWaitMsMax,
  mdnsAnswerWaitMsMin,
  mdnsBurst,
  mdnsDatagramsBurst,
  mdnsDatagramsPerSecond,
  mdnsHostsMax,
  mdnsPerSecond,
  mdnsQuestionWaitMsMax,
  mdnsQuestionWaitMsMin,
  mdnsRestMs,
  mdnsTotalBurst,
  mdnsTotalPerSecond,
} from "../limits.ts";
import { announcementKey, openAnnouncement, sealAnnouncement } from "./announcement.ts";
import { concernsAgents, decodeDatagram, encodeAnswer, encodeQuestion } from "./datagram.ts";
import { Hints } from "./hints.ts";
import type { Multicast, MulticastListener } from "./multicast.ts";

/** The addresses that are announced on each interface, by the interface's own IPv4 address. */
export type Interfaces = ReadonlyMap<string, readonly string[]>;

/** What the LAN needs. */
export interface LanOptions {
  readonly swarm: SwarmId;
  /** Who announces itself; undefined for a joiner, which only asks. */
  readonly own: AgentId | undefined;
  /** Opens the socket. Rejects where there is no multicast. */
  openMulticast(listener: MulticastListener): Promise<Pick<Multicast, "join" | "send" | "close">>;
  /** Whether an announcement of an agent is of any use: it is a member. */
  isKnown(agent: AgentId): boolean;
  /** A known agent was heard. */
  heard?(agent: AgentId, addresses: readonly string[]): void;
  /** Nothing is heard or said from now on, for the cause given; undefined when it is again. */
  deaf(cause: string | undefined): void;
  readonly clock?: Clock;
}

type Kind = "question" | "answer";

/**
 * mDNS (RFC 6762) among the agents of one swarm on one network: where a peer is, when what it told is not right any
 * more. Each announces itself when it starts and when its addresses change, and answers who asks; nobody asks while
 * everybody is there. What is heard is a hint of where to dial.
 */
export class Lan {
  readonly #options: LanOptions;
  readonly #clock: Clock;
  readonly #key: Uint8Array;
  readonly #hints: Hints;
  readonly #rates: HostRates;
  #datagrams: TokenBucket;
  #interfaces: Interfaces = new Map();
  #multicast: Awaited<ReturnType<LanOptions["openMulticast"]>> | undefined;
  #opening = false;
  #stopped = false;
  #isDeaf = false;
  #rest: NodeJS.Timeout | undefined;
  #isFlooded = false;
  readonly #waiting = new Map<Kind, NodeJS.Timeout>();
  #answeredMs = Number.NEGATIVE_INFINITY;
  #askAgainMs = Number.NEGATIVE_INFINITY;
  #questionWaitMs = mdnsQuestionWaitMsMin;
  /** The first announcement may be lost (RFC 6762, 8.3). */
  #announceAgain = false;

  constructor(options: LanOptions) {
    this.#options = options;
    this.#clock = options.clock ?? monotonicMs;
    this.#key = announcementKey(options.swarm);
    this.#hints = new Hints(this.#clock);
    this.#datagrams = this.#newBucket();
    const limits = { perSecond: mdnsPerSecond, burst: mdnsBurst, hostsMax: mdnsHostsMax };
    const total = { totalPerSecond: mdnsTotalPerSecond, totalBurst: mdnsTotalBurst };
    this.#rates = new HostRates({ ...limits, ...total }, this.#clock);
  }

  /** The networks that this agent is on have changed: it announces itself there, and asks who else is. */
  moved(interfaces: Interfaces): void {
    this.#interfaces = interfaces;
    this.#questionWaitMs = mdnsQuestionWaitMsMin;
    this.#askAgainMs = Number.NEGATIVE_INFINITY;
    // What was refused on the networks before may be possible now.
    if (!this.#isFlooded) this.#wake();
    if (this.#multicast === undefined) void this.#open();
    else this.#begin(this.#multicast);
  }

  /** Somebody is missing: asks, at growing intervals. */
  seek(): void {
    const nowMs = this.#clock();
    if (this.#multicast === undefined || nowMs < this.#askAgainMs) return;
    // Who has missed nobody for long begins anew.
    if (nowMs > this.#askAgainMs + mdnsQuestionWaitMsMax) this.#questionWaitMs = mdnsQuestionWaitMsMin;
    this.#postpone();
    this.#say("question", jitterMs());
  }

  /** Where a member was said to be, newest first. */
  addressesOf(agent: AgentId): readonly string[] {
    return this.#hints.of(agent);
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
    this.#close();
  }

  async #open(): Promise<void> {
    // Alone on its host there is nobody to be heard.
    if (this.#interfaces.size === 0 || this.#opening || this.#rest !== undefined || this.#stopped) return;
    this.#opening = true;
    try {
      const opened = await this.#options.openMulticast({
        received: (bytes, from) => this.#received(bytes, from),
        failed: (error) => this.#fail(error.message),
      });
      if (this.#stopped) {
        opened.close();
        return;
      }
      this.#multicast = opened;
      this.#datagrams = this.#newBucket();
      this.#begin(opened);
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    } finally {
      this.#opening = false;
    }
  }

  #begin(multicast: Pick<Multicast, "join">): void {
    const refusal = multicast.join(this.#interfaces.keys());
    if (refusal !== undefined) {
      this.#fail(refusal);
      return;
    }
    this.#announceAgain = true;
    this.#say("answer", jitterMs());
    this.seek();
  }

  #received(bytes: Buffer, from: string): void {
    if (!this.#datagrams.take(1)) {
      this.#isFlooded = true;
      this.#fail(`more than ${mdnsDatagramsPerSecond} datagrams a second come in`);
      return;
    }
    if (!concernsAgents(bytes) || !this.#rates.take(from)) return;
    const said = decodeDatagram(bytes);
    if (said === undefined) return;
    if (said.type === "question") this.#asked(from);
    else for (const sealed of said.sealed) this.#heard(sealed, from);
  }

  #asked(from: string): void {
    const sinceMs = this.#clock() - this.#answeredMs;
    this.#say("answer", jitterMs() + Math.max(0, mdnsAnswerIntervalMs - sinceMs));
    // Everybody hears the answers to everybody's question (RFC 6762, 7.3).
    if (!this.#interfaces.has(from)) this.#postpone();
  }

  #heard(sealed: Uint8Array, from: string): void {
    const { own, isKnown, heard } = this.#options;
    const announcement = openAnnouncement(sealed, this.#key);
    if (announcement === undefined || announcement.agent === own || !isKnown(announcement.agent)) return;
    // Repeated from another host, an announcement says nothing.
    const addresses = announcement.addresses.filter((address) => distantHost(address) === from);
    if (addresses.length === 0) return;
    this.#hints.add(announcement.agent, addresses);
    heard?.(announcement.agent, addresses);
  }

  #postpone(): void {
    this.#askAgainMs = this.#clock() + this.#questionWaitMs;
    this.#questionWaitMs = Math.min(2 * this.#questionWaitMs, mdnsQuestionWaitMsMax);
  }

  /** Says it after a while; what waits already is said once. */
  #say(kind: Kind, afterMs: number): void {
    const isMute = kind === "answer" && this.#options.own === undefined;
    if (isMute || this.#waiting.has(kind) || this.#multicast === undefined) return;
    const timer = setTimeout(() => {
      this.#waiting.delete(kind);
      void this.#send(kind);
    }, afterMs);
    this.#waiting.set(kind, timer.unref());
  }

  async #send(kind: Kind): Promise<void> {
    const multicast = this.#multicast;
    if (multicast === undefined) return;
    if (kind === "answer") this.#answeredMs = this.#clock();
    const sent = [...this.#interfaces].map(([address, addresses]) =>
      multicast.send(kind === "question" ? encodeQuestion() : this.#answer(addresses), address),
    );
    const failures = (await Promise.allSettled(sent)).filter((result) => result.status === "rejected");
    if (multicast !== this.#multicast) return;
    const [failure] = failures;
    if (failure !== undefined && failures.length === sent.length) this.#fail(String(failure.reason));
    else this.#tell(undefined);
    if (kind === "question" || !this.#announceAgain) return;
    this.#announceAgain = false;
    this.#say("answer", mdnsAnswerIntervalMs);
  }

  #answer(addresses: readonly string[]): Uint8Array {
    const { own } = this.#options;
    if (own === undefined) throw new Error("A joiner announces nobody");
    return encodeAnswer(sealAnnouncement({ agent: own, addresses }, this.#key));
  }

  /** Listens no more for a while. */
  #fail(cause: string): void {
    if (this.#stopped) return;
    this.#tell(cause);
    this.#close();
    this.#rest ??= setTimeout(() => {
      this.#wake();
      void this.#open();
    }, mdnsRestMs).unref();
  }

  #wake(): void {
    clearTimeout(this.#rest);
    this.#rest = undefined;
    this.#isFlooded = false;
  }

  #tell(cause: string | undefined): void {
    const isDeaf = cause !== undefined;
    if (isDeaf !== this.#isDeaf) this.#options.deaf(cause);
    this.#isDeaf = isDeaf;
  }

  #close(): void {
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    this.#multicast?.close();
    this.#multicast = undefined;
  }

  #newBucket(): TokenBucket {
    return new TokenBucket(mdnsDatagramsPerSecond, mdnsDatagramsBurst, this.#clock);
  }
}

/** The host of an address of IPv4 that other hosts can dial. */
export function distantHost(address: string): string | undefined {
  return /^\/ip4\/(?!127\.)([^/]+)\/tcp\/\d+$/.exec(address)?.[1];
}

function jitterMs(): number {
  return randomInt(mdnsAnswerWaitMsMin, mdnsAnswerWaitMsMax + 1);
}
