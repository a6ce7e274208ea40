import { type AgentId, compareText } from "@antibody/policy";
import type { Snapshot } from "../../contract/snapshot.ts";
import type { DeathCertificate } from "../../contract/statements.ts";
import { type MonotonicMs, NEVER, NOT_YET } from "../../contract/time.ts";
import type { Turn } from "../../contract/turn.ts";
import { RareMap, RareSet } from "../../keeping/rare.ts";
import { keep, recall } from "../../keeping/snapshot.ts";
import type { Links } from "../links.ts";
import type { Directory } from "../members/directory.ts";
import { deathPieces } from "../reconciling/pieces.ts";
import type { Votes } from "./votes.ts";

/** What publishing stands on. */
export interface PublishingPorts {
  readonly agent: AgentId;
  readonly directory: Directory;
  readonly links: Links;
  readonly votes: Votes;
}

/** Each voter waits for so long after the one before it to publish the certificate that all of them hold. A guess. */
const publishTurnMs = 100;
/** Certificates wait for each other so long before the first is published. A guess: votes on several come together. */
const gatherFirstMs = 20;
/**
 * After one publication the next deaths are gathered for this long: thousands must not be one rumor each. From the
 * simulator, 300 of 1,000 dead: at 60 ms there are a sixth more rumors, at 200 ms deaths are known twice as late.
 */
const gatherMs = 100;
/**
 * Who has seen so many deaths within that time holds it for a massacre, and hands its certificates over. By
 * reckoning: with 30% dead, five of six observers have lost two of ten peers or more; a device that fails is alone.
 */
const massacreDeathsMin = 2;
const massacreWindowMs = 1_000;
/** What was handed over and not heard of since is published after all. A guess: some hops, each of which gathers. */
const handedOverMs = 1_000;

interface PublishingDump {
  readonly unpublished: readonly (readonly [AgentId, MonotonicMs])[];
  readonly handedOver: readonly AgentId[];
  readonly recent: readonly [lastButOneMs: MonotonicMs, lastMs: MonotonicMs];
  readonly publishAgainMs: MonotonicMs;
}

/** Tells everyone of deaths that were decided here, in as few rumors as it may. */
export class Publishing {
  readonly #ports: PublishingPorts;
  /** Certificates made here and not yet heard of, with the time at which it is this agent's turn to publish. */
  #unpublished: RareMap<AgentId, MonotonicMs> = RareMap.of();
  /** Those of the unpublished that a peer was asked to publish. */
  #handedOver: RareSet<AgentId> = RareSet.of();
  /** When the last two deaths were decided here: `massacreDeathsMin` of them. */
  #lastMs: MonotonicMs;
  #lastButOneMs: MonotonicMs;
  #publishAgainMs: MonotonicMs;

  constructor(ports: PublishingPorts, snapshot?: Snapshot) {
    this.#lastMs = NOT_YET;
    this.#lastButOneMs = NOT_YET;
    this.#publishAgainMs = NOT_YET;
    this.#ports = ports;
    if (snapshot === undefined) return;
    const dump = recall<PublishingDump>(snapshot);
    for (const [subject, at] of dump.unpublished) this.#unpublished = this.#unpublished.with(subject, at);
    for (const subject of dump.handedOver) this.#handedOver = this.#handedOver.with(subject);
    [this.#lastButOneMs, this.#lastMs] = dump.recent;
    this.#publishAgainMs = dump.publishAgainMs;
  }

  dump(): Snapshot {
    const dump: PublishingDump = {
      unpublished: [...this.#unpublished],
      handedOver: [...this.#handedOver],
      recent: [this.#lastButOneMs, this.#lastMs],
      publishAgainMs: this.#publishAgainMs,
    };
    return keep(dump);
  }

  get deadline(): MonotonicMs {
    if (this.#unpublished.size === 0) return NEVER;
    let earliest = NEVER;
    for (const at of this.#unpublished.values()) if (at < earliest) earliest = at;
    return Math.max(earliest, this.#publishAgainMs);
  }

  /** A death was decided here, whoever publishes it. */
  decided(turn: Turn): void {
    this.#lastButOneMs = this.#lastMs;
    this.#lastMs = turn.now.monoMs;
  }

  /** The voters publish in turns, so that mostly one of them does. */
  plan({ subject, votes }: DeathCertificate, turn: Turn): void {
    const place = votes.findIndex(({ vote }) => vote.observer === this.#ports.agent);
    const turnsToWait = place < 0 ? votes.length : place;
    this.#unpublished = this.#unpublished.with(
      subject,
      turn.now.monoMs + gatherFirstMs + turnsToWait * publishTurnMs,
    );
  }

  /** A peer has handed a death over: it goes with what is to be published here. */
  collect(subject: AgentId, turn: Turn): void {
    this.#unpublished = this.#unpublished.with(subject, turn.now.monoMs + gatherFirstMs);
  }

  /** Whether something is to be published of a subject. */
  has(subject: AgentId): boolean {
    return this.#unpublished.has(subject);
  }

  /** Nothing more is to be published of a subject. */
  settle(subject: AgentId): void {
    this.#unpublished.delete(subject);
    this.#handedOver.delete(subject);
  }

  /** Publishes the certificates whose turn it is, several in one rumor, or hands them over. */
  due(turn: Turn): void {
    const now = turn.now.monoMs;
    if (this.deadline > now) return;
    const collector = this.#collector(now);
    const due = [...this.#unpublished].filter(([, at]) => at <= now).map(([subject]) => subject);
    const own: DeathCertificate[] = [];
    const handed: DeathCertificate[] = [];
    for (const subject of due.sort(compareText)) {
      const death = this.#ports.directory.deathOf(subject);
      if (death === undefined || collector === undefined || this.#handedOver.has(subject)) {
        this.settle(subject);
        if (death !== undefined) own.push(death);
      } else {
        this.#handedOver = this.#handedOver.with(subject);
        this.#unpublished = this.#unpublished.with(subject, now + handedOverMs);
        handed.push(death);
      }
    }
    for (const deaths of deathPieces(own))
      turn.emit({ type: "publishRumor", rumor: { type: "deaths", deaths } });
    if (collector !== undefined) {
      for (const deaths of deathPieces(handed))
        turn.emit({ type: "send", to: collector, message: { type: "deaths", deaths } });
    }
    this.#publishAgainMs = now + gatherMs;
  }

  /**
   * In a massacre, the neighbor to whom certificates are handed: the first of all whom this agent has a session with,
   * unless that is itself. So they run together at a few agents, which publish them many at once: three hundred
   * deaths among a thousand would otherwise be as many rumors to seven hundred.
   */
  #collector(now: MonotonicMs): AgentId | undefined {
    const { agent, links, votes } = this.#ports;
    const recent = [this.#lastMs, this.#lastButOneMs].filter((at) => now - at < massacreWindowMs).length;
    if (recent + votes.caseCount < massacreDeathsMin) return undefined;
    const [first] = links.list();
    return first !== undefined && first < agent ? first : undefined;
  }
}
