import { type AgentId, compareText } from "@antibody/policy";
import type { DialResult } from "../../contract/input.ts";
import type { Output } from "../../contract/output.ts";
import type { Snapshot } from "../../contract/snapshot.ts";
import type { DeathCertificate, Member, SignedVote, VoteEvidence } from "../../contract/statements.ts";
import type { MonotonicMs } from "../../contract/time.ts";
import type { Turn } from "../../contract/turn.ts";
import { compareIncarnation, incarnationText, isJumpTooLarge } from "../../enrolment/incarnation.ts";
import { Deadlines } from "../../keeping/deadlines.ts";
import { RareMap, RareSet } from "../../keeping/rare.ts";
import { keep, recall } from "../../keeping/snapshot.ts";
import type { Settings } from "../../settings.ts";
import type { Asking } from "../asking.ts";
import { catchUp } from "../catchUp.ts";
import type { Links } from "../links.ts";
import type { Directory } from "../members/directory.ts";
import type { Observers, Quorum } from "../observing/observers.ts";
import type { Probing } from "../observing/probing.ts";
import { evidenceOf } from "../observing/watch.ts";
import { Publishing } from "./publishing.ts";
import type { Votes } from "./votes.ts";

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
  readonly publishing: Snapshot;
}

/** Decides who is dead: by a quorum of the assigned observers, and never against an own living link. */
export class Deaths {
  readonly #ports: DeathsPorts;
  #undecided: RareMap<AgentId, DeathCertificate> = RareMap.of();
  readonly #publishing: Publishing;
  /** When an undecided subject is dialed, and those that are being dialed. */
  #checks: Deadlines;
  #checking: RareSet<AgentId> = RareSet.of();
  /** Undecided subjects whose last dials met silence, with the time of the first. */
  #silent: RareMap<AgentId, MonotonicMs> = RareMap.of();
  /** When a case is taken to be stuck. */
  #stuck: Deadlines;

  constructor(ports: DeathsPorts, snapshot?: Snapshot) {
    this.#ports = ports;
    const dump = snapshot === undefined ? undefined : recall<DeathsDump>(snapshot);
    this.#publishing = new Publishing(ports, dump?.publishing);
    this.#checks = Deadlines.of(dump?.checks);
    this.#stuck = Deadlines.of(dump?.stuck);
    if (dump === undefined) return;
    for (const subject of dump.checking) this.#checking = this.#checking.with(subject);
    for (const [subject, at] of dump.silent) this.#silent = this.#silent.with(subject, at);
    for (const death of dump.undecided) this.#undecided = this.#undecided.with(death.subject, death);
  }

  dump(): Snapshot {
    const dump: DeathsDump = {
      stuck: this.#stuck.entries(),
      checks: this.#checks.entries(),
      checking: [...this.#checking],
      silent: [...this.#silent],
      undecided: [...this.#undecided.values()],
      publishing: this.#publishing.dump(),
    };
    return keep(dump);
  }

  get undecidedCount(): number {
    return this.#undecided.size;
  }

  get deadline(): MonotonicMs {
    return Math.min(this.#publishing.deadline, this.#checks.earliest(), this.#stuck.earliest());
  }

  isAccused(peer: AgentId): boolean {
    return this.#undecided.has(peer);
  }

  /**
   * A certificate that `from` sent, or passed on where it is `published`. True when nothing here waited for it: it
   * changed the directory alone, if anything.
   */
  heard(death: DeathCertificate, from: AgentId, turn: Turn, published = false): boolean {
    const { subject } = death;
    const { directory, votes, links, asking, probing } = this.#ports;
    const member = directory.get(subject);
    // Whoever is unknown comes with its entry by anti-entropy, and its death after it.
    if (member === undefined) return true;
    const order = catchUp(death.incarnation, member, from, turn);
    if (order < 0) return true;
    const isAwaited = votes.has(subject) || this.#publishing.has(subject);
    // Someone has published it already. One that falls short, or that was told here alone, keeps nobody from it.
    if (published && order === 0 && this.#publishing.has(subject) && this.#isProven(death)) {
      this.#publishing.settle(subject);
    }
    const decision = this.#decide(death, member, turn);
    // An idle session to someone whom others found dead: it is told, and refutes if it lives.
    if (decision === "dead" && links.has(subject)) asking.probe(subject, turn);
    if (decision === "dead" || decision === "void") return !isAwaited;
    if (decision !== "contested") return false;
    // A link to the subject lives: the subject is asked, and refutes; or the link turns out to be dead too.
    if (links.has(subject)) asking.probe(subject, turn);
    probing.test(subject, turn);
    return false;
  }

  /** A peer hands over what it would have to publish: it is published here, with what is to be published anyway. */
  collect(deaths: readonly DeathCertificate[], from: AgentId, turn: Turn): void {
    const { directory } = this.#ports;
    for (const death of deaths) {
      const isNews = directory.deathOf(death.subject) === undefined;
      this.heard(death, from, turn);
      if (isNews && directory.deathOf(death.subject) === death) this.#publishing.collect(death.subject, turn);
    }
  }

  /** Votes came in: they may be enough by now. */
  tally(subject: AgentId, turn: Turn): void {
    const { directory, votes, observers } = this.#ports;
    const member = directory.get(subject);
    if (member === undefined || directory.standingOf(subject) !== "alive") return;
    const { incarnation } = member.entry.entry;
    const { counted, quorum } = observers.weigh(subject, votes.on(subject, incarnation));
    const death: DeathCertificate = { subject, incarnation, votes: counted };
    if (counted.length < quorum.votes) {
      if (isHalf(counted, quorum) && this.#hasRefused(counted)) {
        this.#stuck = this.#stuck.with(subject, turn.now.monoMs + stuckAfterMs);
      }
      return;
    }
    if (this.#decide(death, member, turn) === "dead") this.#publishing.plan(death, turn);
  }

  /** Something changed that certificates wait for: observers, an entry, or an own link. */
  reconsider(turn: Turn, subject?: AgentId): void {
    const { directory } = this.#ports;
    const subjects = subject === undefined ? [...this.#undecided.keys()].sort(compareText) : [subject];
    for (const waiting of subjects) {
      const death = this.#undecided.get(waiting);
      if (death !== undefined) this.#decide(death, directory.get(waiting), turn);
    }
  }

  due(turn: Turn): void {
    if (this.deadline > turn.now.monoMs) return;
    for (;;) {
      const subject = this.#stuck.takeDue(turn.now.monoMs) as AgentId | undefined;
      if (subject === undefined) break;
      this.#freeStuck(subject, turn);
    }
    this.#publishing.due(turn);
    for (;;) {
      const subject = this.#checks.takeDue(turn.now.monoMs) as AgentId | undefined;
      if (subject === undefined) return;
      const { links, settings } = this.#ports;
      if (this.#undecided.has(subject) && links.dial(subject, "fresh", settings.freshTimeoutMs, turn)) {
        this.#checking = this.#checking.with(subject);
      }
    }
  }

  /** A dial has ended; true where it was one that decides about a certificate which does not add up here. */
  dialed(subject: AgentId, result: DialResult, turn: Turn): boolean {
    if (!this.#checking.delete(subject)) return false;
    const death = this.#undecided.get(subject);
    const member = this.#ports.directory.get(subject);
    if (death === undefined || this.#decide(death, member, turn) !== "undecided") return true;
    // Its host says that the process is gone: own evidence, beside half of a quorum's.
    if (result === "refused") this.#accept(death, turn);
    else if (result !== "connected") this.#silence(death, evidenceOf(result), turn);
    else {
      // It lives, and hears that it is held dead as soon as a session stands.
      this.#silent.delete(subject);
      this.#ports.links.invite(subject, turn);
    }
    return true;
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
    this.#silent = this.#silent.with(death.subject, sinceMs);
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
    if (probing.isLiving(subject, turn)) return;
    const death: DeathCertificate = { subject, incarnation, votes: counted };
    this.#accept(death, turn);
    this.#publishing.plan(death, turn);
  }

  /** Whether this agent itself was refused by the subject's host. */
  #hasRefused(votes: readonly SignedVote[]): boolean {
    return votes.some(({ vote }) => vote.observer === this.#ports.agent && vote.evidence === "refused");
  }

  #isProven(death: DeathCertificate): boolean {
    const { observers } = this.#ports;
    if (observers.isProvenAtOnce(death)) return true;
    const { counted, quorum } = observers.weigh(death.subject, death.votes);
    return counted.length >= quorum.votes;
  }

  /** `member`: the subject, as the directory holds it. */
  #decide(
    death: DeathCertificate,
    member: Member | undefined,
    turn: Turn,
  ): "dead" | "contested" | "undecided" | "void" {
    const { directory, observers, probing } = this.#ports;
    const { subject, incarnation } = death;
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
    if (!observers.isProvenAtOnce(death)) {
      const { counted, quorum } = observers.weigh(subject, death.votes);
      if (counted.length < quorum.votes) {
        this.#wait(death);
        this.#add(counted, turn);
        if (isHalf(counted, quorum)) this.#planCheck(subject, turn);
        return "undecided";
      }
    }
    if (probing.isLiving(subject, turn)) {
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
    this.#publishing.decided(turn);
    turn.emit(toldDeaths.get(death) ?? tellDeath(death, directory.get(subject)));
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
    this.#checks = this.#checks.with(subject, turn.now.monoMs + checkAfterMs + turn.random.below(spreadMs));
  }

  #wait(death: DeathCertificate): void {
    const { subject } = death;
    const known = this.#undecided.get(subject);
    if (known === undefined && this.#undecided.size >= undecidedDeathsMax) return;
    // A certificate that someone made up must not push out one that has more votes.
    if (known === undefined || death.votes.length > known.votes.length)
      this.#undecided = this.#undecided.with(subject, death);
  }
}

/** One for everyone who accepts a certificate: the minds of a simulator share it. */
const toldDeaths = new WeakMap<DeathCertificate, Output>();

function tellDeath(death: DeathCertificate, member: Member | undefined): Output {
  const fields = {
    peer: death.subject,
    name: member?.certificate.certificate.name ?? "",
    incarnation: incarnationText(death.incarnation),
    evidence: deathEvidence(death),
  };
  const told: Output = { type: "tell", event: { name: "swarm.dead", level: "warn", fields } };
  toldDeaths.set(death, told);
  return told;
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
