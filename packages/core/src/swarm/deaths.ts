import { type AgentId, compareText } from "@antibody/policy";
import type { Event } from "../contract/event.ts";
import type { DialResult } from "../contract/input.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import type { DeathCertificate, Member, SignedVote, VoteEvidence } from "../contract/statements.ts";
import { type MonotonicMs, NEVER } from "../contract/time.ts";
import type { Turn } from "../contract/turn.ts";
import { compareIncarnation, incarnationText, isJumpTooLarge } from "../enrolment/incarnation.ts";
import { Deadlines } from "../keeping/deadlines.ts";
import { RareMap, RareSet } from "../keeping/rare.ts";
import { keep, recall } from "../keeping/snapshot.ts";
import type { Settings } from "../settings.ts";
import type { Asking } from "./asking.ts";
import { catchUp } from "./catchUp.ts";
import type { Directory } from "./directory.ts";
import type { Links } from "./links.ts";
import type { Observers, Quorum } from "./observers.ts";
import { deathPieces } from "./pieces.ts";
import type { Probing } from "./probing.ts";
import type { Votes } from "./votes.ts";
import { evidenceOf } from "./watch.ts";

/** What deciding deaths stands on. */
export interface DeathsPorts {
  readonly agent: AgentId;
  readonly directory: Directory;
  readonly observers: Observers;
  readonly asking: Asking;
  readonly links: Links;
  readonly probing: Probing;
  readonly votes: Votes;
  readonly settings: Pick<Settings, "freshTimeoutMs" | "cutVoteAfterMs" | "stalledVoteAfterMs">;
}

/** Certificates that are not provable yet. A guess: in a massacre they wait for each other's replacements. */
export const undecidedDeathsMax = 256;
/** Each voter waits for so long after the one before it to publish the certificate that all of them hold. A guess. */
const publishTurnMs = 100;
/** Certificates wait for each other so long before the first is published. A guess: votes on several come together. */
const gatherFirstMs = 20;
/**
 * Who has seen so many deaths within that time holds it for a massacre, and hands its certificates over. From the
 * simulator: with 30% dead, five of six observers have lost two peers or more; a device that fails is alone.
 */
const massacreDeathsMin = 2;
const massacreWindowMs = 1_000;
/** What was handed over and not heard of since is published after all. A guess: some hops, each of which gathers. */
const handedOverMs = 1_000;
/** After one publication the next deaths are gathered for this long: thousands must not be one rumor each. A guess. */
const gatherMs = 100;

/**
 * A certificate with half of a quorum that does not add up here is checked by an own dial after so long, and spread
 * by so much for each member: a forged one sends at most a hundred dials a second to its subject. Guesses.
 */
const checkAfterMs = 1_000;
const checkSpreadPerMemberMs = 10;

/**
 * A case with half of a quorum and an own refusal that no vote was added to for so long is stuck: some of the
 * missing observers are dead themselves, and wait for each other to be found so. A guess, well above what votes need.
 */
const stuckAfterMs = 3_000;

interface DeathsDump {
  readonly stuck: readonly (readonly [string, MonotonicMs])[];
  readonly checks: readonly (readonly [string, MonotonicMs])[];
  readonly checking: readonly AgentId[];
  readonly silent: readonly (readonly [AgentId, MonotonicMs])[];
  readonly undecided: readonly DeathCertificate[];
  readonly unpublished: readonly (readonly [AgentId, MonotonicMs])[];
  readonly publishAgainMs: MonotonicMs;
  readonly handedOver: readonly AgentId[];
  readonly recent: readonly MonotonicMs[];
}

/** Decides who is dead: by a quorum of the assigned observers, and never against an own living link. */
export class Deaths {
  readonly #ports: DeathsPorts;
  readonly #undecided = new RareMap<AgentId, DeathCertificate>();
  /** Certificates made here and not yet heard of, with the time at which it is this agent's turn to publish. */
  readonly #unpublished = new RareMap<AgentId, MonotonicMs>();
  /** When an undecided subject is dialed, and those that are being dialed. */
  readonly #checks: Deadlines;
  readonly #checking = new RareSet<AgentId>();
  /** Undecided subjects whose last dials met silence, with the time of the first. */
  readonly #silent = new RareMap<AgentId, MonotonicMs>();
  /** When a case is taken to be stuck. */
  readonly #stuck: Deadlines;
  #publishAgainMs: MonotonicMs = Number.NEGATIVE_INFINITY;
  /** Those of the unpublished that a peer was asked to publish. */
  readonly #handedOver = new RareSet<AgentId>();
  /** When the last deaths were decided here, at most `massacreDeathsMin` of them. */
  #recent: readonly MonotonicMs[] = [];

  constructor(ports: DeathsPorts, snapshot?: Snapshot) {
    this.#ports = ports;
    const dump = snapshot === undefined ? undefined : recall<DeathsDump>(snapshot);
    this.#checks = new Deadlines(dump?.checks);
    this.#stuck = new Deadlines(dump?.stuck);
    if (dump === undefined) return;
    for (const subject of dump.checking) this.#checking.add(subject);
    for (const [subject, at] of dump.silent) this.#silent.set(subject, at);
    for (const death of dump.undecided) this.#undecided.set(death.subject, death);
    for (const [subject, at] of dump.unpublished) this.#unpublished.set(subject, at);
    this.#publishAgainMs = dump.publishAgainMs;
    for (const subject of dump.handedOver) this.#handedOver.add(subject);
    this.#recent = dump.recent;
  }

  dump(): Snapshot {
    const dump: DeathsDump = {
      stuck: this.#stuck.entries(),
      checks: this.#checks.entries(),
      checking: [...this.#checking],
      silent: [...this.#silent],
      undecided: [...this.#undecided.values()],
      unpublished: [...this.#unpublished],
      publishAgainMs: this.#publishAgainMs,
      handedOver: [...this.#handedOver],
      recent: this.#recent,
    };
    return keep(dump);
  }

  get undecidedCount(): number {
    return this.#undecided.size;
  }

  get deadline(): MonotonicMs {
    return Math.min(this.#publishMs(), this.#checks.earliest(), this.#stuck.earliest());
  }

  #publishMs(): MonotonicMs {
    if (this.#unpublished.size === 0) return NEVER;
    let earliest = NEVER;
    for (const at of this.#unpublished.values()) if (at < earliest) earliest = at;
    return Math.max(earliest, this.#publishAgainMs);
  }

  isAccused(peer: AgentId): boolean {
    return this.#undecided.has(peer);
  }

  /** A certificate that `from` sent or passed on. */
  heard(death: DeathCertificate, from: AgentId, turn: Turn): void {
    const { subject } = death;
    const member = this.#ports.directory.get(subject);
    // Whoever is unknown comes with its entry by anti-entropy, and its death after it.
    if (member === undefined) return;
    const order = catchUp(death.incarnation, member, from, turn);
    if (order < 0) return;
    // Someone has published it already.
    if (order === 0) this.#settled(subject);
    const decision = this.#decide(death, turn);
    // An idle session to someone whom others found dead: it is told, and refutes if it lives.
    if (decision === "dead" && this.#ports.links.has(subject)) this.#ports.asking.probe(subject, turn);
    if (decision !== "contested") return;
    // A link to the subject lives: the subject is asked, and refutes; or the link turns out to be dead too.
    this.#ports.asking.probe(subject, turn);
    this.#ports.probing.test(subject, turn);
  }

  /** A peer hands over what it would have to publish: it is published here, with what is to be published anyway. */
  collect(deaths: readonly DeathCertificate[], from: AgentId, turn: Turn): void {
    const { directory } = this.#ports;
    for (const death of deaths) {
      const isNews = directory.deathOf(death.subject) === undefined;
      this.heard(death, from, turn);
      if (isNews && directory.deathOf(death.subject) === death) {
        this.#unpublished.set(death.subject, turn.now.monoMs + gatherFirstMs);
      }
    }
  }

  /** Votes came in: they may be enough by now. */
  tally(subject: AgentId, turn: Turn): void {
    const { directory, votes, observers } = this.#ports;
    const incarnation = directory.get(subject)?.entry.entry.incarnation;
    if (incarnation === undefined || directory.standingOf(subject) !== "alive") return;
    const { counted, quorum } = observers.weigh(subject, votes.on(subject, incarnation));
    const death: DeathCertificate = { subject, incarnation, votes: counted };
    if (counted.length < quorum.votes) {
      if (isHalf(counted, quorum) && this.#hasRefused(counted)) {
        this.#stuck.set(subject, turn.now.monoMs + stuckAfterMs);
      }
      return;
    }
    if (this.#decide(death, turn) === "dead") this.#planPublication(death, turn);
  }

  /** Something changed that certificates wait for: observers, an entry, or an own link. */
  reconsider(turn: Turn, subject?: AgentId): void {
    const subjects = subject === undefined ? [...this.#undecided.keys()].sort(compareText) : [subject];
    for (const waiting of subjects) {
      const death = this.#undecided.get(waiting);
      if (death !== undefined) this.#decide(death, turn);
    }
  }

  due(turn: Turn): void {
    if (this.deadline > turn.now.monoMs) return;
    for (;;) {
      const subject = this.#stuck.takeDue(turn.now.monoMs) as AgentId | undefined;
      if (subject === undefined) break;
      this.#freeStuck(subject, turn);
    }
    this.#publish(turn);
    for (;;) {
      const subject = this.#checks.takeDue(turn.now.monoMs) as AgentId | undefined;
      if (subject === undefined) return;
      const { links, settings } = this.#ports;
      if (this.#undecided.has(subject) && links.dial(subject, "fresh", settings.freshTimeoutMs, turn)) {
        this.#checking.add(subject);
      }
    }
  }

  /** A dial has ended; it may have been the one that decides about a certificate which does not add up here. */
  dialed(subject: AgentId, result: DialResult, turn: Turn): void {
    if (!this.#checking.delete(subject)) return;
    const death = this.#undecided.get(subject);
    if (death === undefined || this.#decide(death, turn) !== "undecided") return;
    // Its host says that the process is gone: own evidence, beside half of a quorum's.
    if (result === "refused") this.#accept(death, turn);
    else if (result !== "connected") this.#silence(death, evidenceOf(result), turn);
    else {
      // It lives, and hears that it is held dead as soon as a session stands.
      this.#silent.delete(subject);
      this.#ports.links.invite(subject, turn);
    }
  }

  /**
   * Silence for as long as an observer waits before it votes, beside half of a quorum: who made the certificate knew
   * of other deaths, and so of other observers. A subject that lives refutes long before. Silence that may be this
   * agent's own fault counts no more here than in a vote.
   */
  #silence(death: DeathCertificate, evidence: VoteEvidence | undefined, turn: Turn): void {
    const { probing, settings } = this.#ports;
    if (evidence === undefined || probing.findings.cutOff) {
      this.#silent.delete(death.subject);
      return;
    }
    const sinceMs = this.#silent.get(death.subject) ?? turn.now.monoMs;
    this.#silent.set(death.subject, sinceMs);
    const waitMs = evidence === "stalled" ? settings.stalledVoteAfterMs : settings.cutVoteAfterMs;
    if (turn.now.monoMs - sinceMs >= waitMs * probing.findings.health.factor) this.#accept(death, turn);
  }

  /** This agent itself did not run for a while: what it took for others' silence was its own. */
  slept(): void {
    this.#silent.clear();
  }

  /**
   * Two dead neighbors count as each other's observers until one of them is held dead, and may so lack a quorum
   * forever. Half of it and the host's own refusal decide here; whoever hears of it dials for itself. One vote alone
   * never decides: two that do not reach each other would kill each other while the third is away.
   */
  #freeStuck(subject: AgentId, turn: Turn): void {
    const { directory, votes, observers, probing } = this.#ports;
    const incarnation = directory.get(subject)?.entry.entry.incarnation;
    if (incarnation === undefined || directory.standingOf(subject) !== "alive") return;
    const { counted, quorum } = observers.weigh(subject, votes.on(subject, incarnation));
    if (counted.length < 2 || !isHalf(counted, quorum) || !this.#hasRefused(counted)) return;
    if (probing.hasLivingLink(subject, turn)) return;
    const death: DeathCertificate = { subject, incarnation, votes: counted };
    this.#accept(death, turn);
    this.#planPublication(death, turn);
  }

  /** Whether this agent itself was refused by the subject's host. */
  #hasRefused(votes: readonly SignedVote[]): boolean {
    return votes.some(({ vote }) => vote.observer === this.#ports.agent && vote.evidence === "refused");
  }

  /** The voters publish in turns, so that mostly one of them does. */
  #planPublication({ subject, votes }: DeathCertificate, turn: Turn): void {
    const place = votes.findIndex(({ vote }) => vote.observer === this.#ports.agent);
    const turnsToWait = place < 0 ? votes.length : place;
    this.#unpublished.set(subject, turn.now.monoMs + gatherFirstMs + turnsToWait * publishTurnMs);
  }

  /** Nothing more is to be published of a subject. */
  #settled(subject: AgentId): void {
    this.#unpublished.delete(subject);
    this.#handedOver.delete(subject);
  }

  /** Publishes the certificates whose turn it is, several in one rumor. */
  #publish(turn: Turn): void {
    const now = turn.now.monoMs;
    if (this.#unpublished.size === 0 || this.#publishAgainMs > now) return;
    const due = [...this.#unpublished].filter(([, at]) => at <= now).map(([subject]) => subject);
    if (due.length === 0) return;
    const collector = this.#collector(now);
    const own: DeathCertificate[] = [];
    const handed: DeathCertificate[] = [];
    for (const subject of due.sort(compareText)) {
      const death = this.#ports.directory.deathOf(subject);
      const isHanded = collector !== undefined && !this.#handedOver.has(subject);
      if (death !== undefined) (isHanded ? handed : own).push(death);
      if (death !== undefined && isHanded) {
        this.#handedOver.add(subject);
        this.#unpublished.set(subject, now + handedOverMs);
      } else this.#settled(subject);
    }
    for (const deaths of deathPieces(own))
      turn.emit({ type: "publishRumor", rumor: { type: "deaths", deaths } });
    if (collector !== undefined) {
      for (const deaths of deathPieces(handed)) {
        turn.emit({ type: "send", to: collector, message: { type: "deaths", deaths } });
      }
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
    const recent = this.#recent.filter((at) => now - at < massacreWindowMs).length;
    if (recent + votes.caseCount < massacreDeathsMin) return undefined;
    const [first] = links.list();
    return first !== undefined && first < agent ? first : undefined;
  }

  #decide(death: DeathCertificate, turn: Turn): "dead" | "contested" | "undecided" | "void" {
    const { directory, observers, probing } = this.#ports;
    const { subject, incarnation } = death;
    const member = directory.get(subject);
    if (member === undefined) return "void";
    const order = compareIncarnation(incarnation, member.entry.entry.incarnation);
    const isSettled = order === 0 && directory.standingOf(subject) !== "alive";
    if (order < 0 || isSettled || isJumpTooLarge(member.entry.entry.incarnation, incarnation)) {
      this.#forget(subject);
      return "void";
    }
    if (order > 0) {
      this.#wait(death);
      return "undecided";
    }
    // Of a massacre's certificates nearly all are proven so, and the walks cost most of its time.
    if (!observers.isProvenByNeighbors(death)) {
      const { counted, quorum } = observers.weigh(subject, death.votes);
      if (counted.length < quorum.votes) {
        this.#wait(death);
        this.#add(counted, turn);
        if (isHalf(counted, quorum)) this.#planCheck(subject, turn);
        return "undecided";
      }
    }
    if (probing.hasLivingLink(subject, turn)) {
      this.#wait(death);
      return "contested";
    }
    this.#accept(death, turn);
    return "dead";
  }

  #accept(death: DeathCertificate, turn: Turn): void {
    const { directory, votes } = this.#ports;
    const { subject } = death;
    this.#forget(subject);
    votes.close(subject);
    directory.declareDead(death);
    this.#recent = [...this.#recent.slice(1 - massacreDeathsMin), turn.now.monoMs];
    turn.emit({ type: "tell", event: deathEvent(death, directory.get(subject)) });
  }

  #forget(subject: AgentId): void {
    this.#undecided.delete(subject);
    this.#silent.delete(subject);
  }

  /**
   * Fewer lived when the certificate was made, and fewer votes were a quorum; who signed them votes no more. They
   * count beside the votes of those who have come since, this agent's own among them.
   */
  #add(votes: readonly SignedVote[], turn: Turn): void {
    for (const vote of votes) this.#ports.votes.take(vote, true, turn);
  }

  #planCheck(subject: AgentId, turn: Turn): void {
    if (this.#checking.has(subject) || this.#checks.get(subject) !== undefined) return;
    if (!this.#undecided.has(subject)) return;
    const spreadMs = checkSpreadPerMemberMs * (this.#ports.directory.size + 1);
    this.#checks.set(subject, turn.now.monoMs + checkAfterMs + turn.random.below(spreadMs));
  }

  #wait(death: DeathCertificate): void {
    const { subject } = death;
    const known = this.#undecided.get(subject);
    if (known === undefined && this.#undecided.size >= undecidedDeathsMax) return;
    // A certificate that someone made up must not push out one that has more votes.
    if (known === undefined || death.votes.length > known.votes.length) this.#undecided.set(subject, death);
  }
}

/** One for everyone who accepts a certificate: the minds of a simulator share it. */
const deathEvents = new WeakMap<DeathCertificate, Event>();

function deathEvent(death: DeathCertificate, member: Member | undefined): Event {
  const known = deathEvents.get(death);
  if (known !== undefined) return known;
  const fields = {
    peer: death.subject,
    name: member?.certificate.certificate.name ?? "",
    incarnation: incarnationText(death.incarnation),
    evidence: deathEvidence(death),
  };
  const event: Event = { name: "swarm.dead", level: "warn", fields };
  deathEvents.set(death, event);
  return event;
}

function isHalf(counted: readonly SignedVote[], quorum: Quorum): boolean {
  return 2 * counted.length >= quorum.votes;
}

/** The minds of a simulator share certificates, and so these. */
const evidences = new WeakMap<DeathCertificate, string>();

/** What a certificate rests on, for people: `7 votes: 6 refused, 1 cut`. */
export function deathEvidence(death: DeathCertificate): string {
  const known = evidences.get(death);
  if (known !== undefined) return known;
  const evidence = votesText(death);
  evidences.set(death, evidence);
  return evidence;
}

function votesText({ votes }: DeathCertificate): string {
  const counts = { refused: 0, cut: 0, stalled: 0 };
  for (const { vote } of votes) counts[vote.evidence] += 1;
  const parts: string[] = [];
  for (const evidence of ["refused", "cut", "stalled"] as const) {
    if (counts[evidence] > 0) parts.push(`${counts[evidence]} ${evidence}`);
  }
  return `${votes.length} votes: ${parts.join(", ")}`;
}
