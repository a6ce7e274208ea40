import { type AgentId, compareText, type SwarmId } from "@antibody/policy";
import type { Snapshot } from "../../contract/snapshot.ts";
import type { Incarnation, Member, Sighting, SignedSighting } from "../../contract/statements.ts";
import { type MonotonicMs, NEVER, NOT_YET } from "../../contract/time.ts";
import type { Turn } from "../../contract/turn.ts";
import { compareIncarnation } from "../../enrolment/incarnation.ts";
import { nothing, RareMap } from "../../keeping/rare.ts";
import { keep, recall } from "../../keeping/snapshot.ts";
import type { Settings } from "../../settings.ts";
import type { Directory } from "../members/directory.ts";
import type { Own } from "../members/own.ts";
import type { Observers } from "../observing/observers.ts";
import type { Probing } from "../observing/probing.ts";
import { wayOpenSpreadMs } from "../observing/redial.ts";
import { hasMet, isLost } from "../observing/watch.ts";
import { sightingPieces } from "../reconciling/pieces.ts";
import type { Missing } from "./missing.ts";
import { ReportingTurns } from "./reportingTurns.ts";

/** What it stands on. */
export interface ReportingPorts {
  readonly agent: AgentId;
  readonly swarm: SwarmId;
  readonly settings: Settings;
  readonly own: Own;
  readonly directory: Directory;
  readonly observers: Observers;
  readonly probing: Probing;
  readonly missing: Missing;
}

/** One more than needed says so, later where few are missed: the verdict stands when one of them dies, or a rumor is lost. */
const spareMissers = 1;
/** After a rumor the next sightings are gathered for so long: a partition must not be a rumor for each peer. A guess. */
const gatherMs = 1_000;
/**
 * Who is back while others that this agent said to miss are not is told of so much later: they are tried again at once,
 * and one rumor says it of all. A guess: half as long again as the time over which they are tried.
 */
const returnTogetherMs = 3 * wayOpenSpreadMs;
/**
 * Whoever changes its mind on a subject waits: this long, and to say once more that it is missing twice as long every
 * further time. A guess, against a flapping link. That it is there after all is said soon each time: others hold it
 * missing until then, and after a partition that is the fourth within minutes they did so for half a minute.
 */
const changeWaitMs = 2_000;
const changesMax = 5;
/** A sighting is said again after this part of its lifetime, like a vote. */
const renewAfterPart = 3 / 4;
/** An agent that was cut off, or did not run, first dials its peers again. A guess: a redial, and a dial's timeout. */
const quietMs = 3_000;

/** The last that this agent said of a subject. */
interface Said {
  readonly finding: Sighting["finding"];
  readonly incarnation: Incarnation;
  readonly atMs: MonotonicMs;
  /** How often it changed its mind, or said the same of a newer word of the subject. */
  readonly changes: number;
}

/** What this agent is going to say of a subject, unless enough others say it before. */
interface Plan {
  readonly finding: Sighting["finding"];
  readonly atMs: MonotonicMs;
}

interface ReportingDump {
  readonly sequence: number;
  readonly said: readonly (readonly [AgentId, Said])[];
  readonly plans: readonly (readonly [AgentId, Plan])[];
  readonly doubted: readonly (readonly [AgentId, MonotonicMs])[];
  readonly unsigned: number;
  readonly unsent: readonly SignedSighting[];
  readonly nextRumorMs: MonotonicMs;
  readonly quietUntilMs: MonotonicMs;
}

/**
 * Tells everyone whom this agent misses as one of its observers, and who is there where others miss it. Observers
 * speak in turns, and are silent once enough of them have spoken.
 */
export class Reporting {
  readonly #ports: ReportingPorts;
  readonly #turns: ReportingTurns;
  /** Of subjects that this agent observes: bounded by them. */
  #said: RareMap<AgentId, Said> = RareMap.of();
  #plans: RareMap<AgentId, Plan> = RareMap.of();
  /** The earliest of the plans, where it is known. */
  #plannedMs: MonotonicMs | undefined;
  /** Subjects that others miss and this agent does not, since when it sees for itself. */
  #doubted: RareMap<AgentId, MonotonicMs> = RareMap.of();
  /** Sightings that the body has not signed yet, and those that wait for them: one rumor carries all. */
  #unsigned = 0;
  #unsent: readonly SignedSighting[] = nothing;
  #sequence = 0;
  #nextRumorMs: MonotonicMs;
  #quietUntilMs: MonotonicMs;

  constructor(ports: ReportingPorts, snapshot?: Snapshot) {
    this.#nextRumorMs = NOT_YET;
    this.#quietUntilMs = NOT_YET;
    this.#ports = ports;
    this.#turns = new ReportingTurns(ports);
    const dump = snapshot === undefined ? undefined : recall<ReportingDump>(snapshot);
    if (dump === undefined) return;
    for (const [subject, plan] of dump.plans) this.#plans = this.#plans.with(subject, plan);
    for (const [subject, said] of dump.said) this.#said = this.#said.with(subject, said);
    for (const [subject, at] of dump.doubted) this.#doubted = this.#doubted.with(subject, at);
    this.#unsigned = dump.unsigned;
    this.#unsent = dump.unsent;
    this.#sequence = dump.sequence;
    this.#nextRumorMs = dump.nextRumorMs;
    this.#quietUntilMs = dump.quietUntilMs;
  }

  dump(): Snapshot {
    const dump: ReportingDump = {
      sequence: this.#sequence,
      said: [...this.#said],
      plans: [...this.#plans],
      doubted: [...this.#doubted],
      unsigned: this.#unsigned,
      unsent: this.#unsent,
      nextRumorMs: this.#nextRumorMs,
      quietUntilMs: this.#quietUntilMs,
    };
    return keep(dump);
  }

  get deadline(): MonotonicMs {
    if (this.#plans.size === 0) return NEVER;
    if (this.#plannedMs === undefined) {
      this.#plannedMs = NEVER;
      for (const { atMs } of this.#plans.values()) if (atMs < this.#plannedMs) this.#plannedMs = atMs;
    }
    return Math.max(this.#plannedMs, this.#nextRumorMs);
  }

  /** This agent's own links were at fault, or it did not run: what it misses now, it may have again in a moment. */
  beQuiet(turn: Turn): void {
    this.#quietUntilMs = turn.now.monoMs + quietMs;
  }

  /** What this agent or others find of a subject has changed: there may be something to say, or nothing any more. */
  weigh(subject: AgentId, turn: Turn): void {
    this.#forgetOld(subject, turn);
    const finding = this.#finding(subject);
    if (finding === undefined) this.#drop(subject);
    else if (this.#plans.get(subject)?.finding !== finding) {
      this.#plannedMs = undefined;
      this.#plans = this.#plans.with(subject, { finding, atMs: this.#turnOf(subject, finding, turn) });
    }
  }

  /** Others miss a subject: where this agent does not, it sees for itself. */
  doubt(subject: AgentId, turn: Turn): void {
    const { probing } = this.#ports;
    const now = turn.now.monoMs;
    const watch = probing.watchOf(subject);
    const doubtedMs = this.#doubted.get(subject) ?? NOT_YET;
    if (watch?.duty === "observe" && !isLost(watch) && now - doubtedMs >= changeWaitMs) {
      this.#doubted = this.#doubted.with(subject, now);
      probing.test(subject, turn);
    }
    this.weigh(subject, turn);
  }

  /** Weighs everything again: who observes whom has changed. */
  weighAll(turn: Turn): void {
    const { probing } = this.#ports;
    for (const known of [this.#said, this.#doubted, this.#plans]) {
      for (const subject of [...known.keys()]) if (!probing.isObserved(subject)) known.delete(subject);
    }
    this.#plannedMs = undefined;
    for (const subject of probing.watched()) this.weigh(subject, turn);
  }

  due(turn: Turn): void {
    const now = turn.now.monoMs;
    if (this.deadline > now) return;
    const untilMs = now + this.#turns.togetherMs(turn);
    const subjects = [...this.#plans].filter(([, { atMs }]) => atMs <= untilMs).map(([subject]) => subject);
    const words: Sighting[] = [];
    for (const subject of subjects.sort(compareText)) {
      this.#drop(subject);
      const finding = this.#finding(subject);
      if (finding === undefined) continue;
      if (this.#isRipe(subject, finding, turn)) words.push(this.#word(subject, finding));
      else this.weigh(subject, turn);
    }
    if (words.length === 0) return;
    this.#nextRumorMs = now + gatherMs;
    this.#unsigned = words.length;
    for (const statement of words) turn.emit({ type: "sign", statement });
  }

  #drop(subject: AgentId): void {
    if (this.#plans.delete(subject)) this.#plannedMs = undefined;
  }

  /** An own sighting was signed. */
  signed(sighting: SignedSighting, turn: Turn): void {
    const { agent, missing } = this.#ports;
    this.#unsigned -= 1;
    this.#unsent = [...this.#unsent, sighting];
    missing.take(sighting, agent, turn);
    const { subject, finding, incarnation } = sighting.sighting;
    const before = this.#said.get(subject);
    const isSame = before?.finding === finding && compareIncarnation(before.incarnation, incarnation) === 0;
    const changes = before === undefined || isSame ? (before?.changes ?? 0) : before.changes + 1;
    this.#said = this.#said.with(subject, { finding, incarnation, atMs: turn.now.monoMs, changes });
    this.weigh(subject, turn);
    if (this.#unsigned > 0) return;
    for (const sightings of sightingPieces(this.#unsent)) {
      turn.emit({ type: "publishRumor", rumor: { type: "sightings", sightings } });
    }
    this.#unsent = nothing;
  }

  /** What there is to say of a subject by now, if anything. */
  #finding(subject: AgentId): Sighting["finding"] | undefined {
    const { directory, probing, missing } = this.#ports;
    const watch = probing.watchOf(subject);
    const incarnation = directory.get(subject)?.entry.entry.incarnation;
    if (watch?.duty !== "observe" || incarnation === undefined || !this.#maySpeakOf(subject))
      return undefined;
    const said = this.#saidOn(subject, incarnation)?.finding;
    if (watch.finding === "reachable") {
      return said === "missing" || (said === undefined && missing.holds(subject)) ? "present" : undefined;
    }
    // An observer that has not met this life of the subject cannot miss it.
    if (!isLost(watch) || watch.outage.evidence === undefined || !hasMet(watch, incarnation))
      return undefined;
    if (said === "missing") return "missing";
    const missers = missing.on(subject).missing.length;
    const isSaid = missing.holds(subject) && missers >= missing.quorumOf(subject) + spareMissers;
    return isSaid ? undefined : "missing";
  }

  /** In a full mesh everyone finds for itself; and whoever is cut off, or leaves, accuses nobody. */
  #maySpeakOf(subject: AgentId): boolean {
    const { own, directory, observers, probing } = this.#ports;
    if (observers.isFullMesh || probing.findings.cutOff || own.isAbsent) return false;
    return directory.standingOf(subject) === "alive";
  }

  /** Whether what was to be said may still be said now. */
  #isRipe(subject: AgentId, finding: Sighting["finding"], turn: Turn): boolean {
    const { probing } = this.#ports;
    const said = this.#said.get(subject)?.finding;
    if (said === "missing") return true;
    if (finding === "missing") {
      const firstMs = Math.max(this.#turns.firstMs(subject, turn), this.#quietUntilMs);
      return firstMs <= turn.now.monoMs + this.#turns.togetherMs(turn);
    }
    // Others are contradicted only by who heard the subject after they spoke.
    const heardMs = probing.watchOf(subject)?.heardMs ?? NOT_YET;
    return heardMs > (this.#doubted.get(subject) ?? NOT_YET);
  }

  /** When it is this agent's turn to say so. */
  #turnOf(subject: AgentId, finding: Sighting["finding"], turn: Turn): MonotonicMs {
    const { settings, directory } = this.#ports;
    const now = turn.now.monoMs;
    const last = this.#said.get(subject);
    const said = this.#saidOn(subject, directory.get(subject)?.entry.entry.incarnation);
    if (said?.finding === finding) return said.atMs + settings.sightingLifetimeMs * renewAfterPart;
    const doublings = finding === "missing" ? Math.min(last?.changes ?? 0, changesMax) : 0;
    const changedMs = last === undefined ? now : last.atMs + changeWaitMs * 2 ** doublings;
    // Everyone who said that it was missing says that it is there.
    if (finding === "present" && said !== undefined) {
      return Math.max(now + (this.#saysMissing() ? returnTogetherMs : 0), changedMs);
    }
    if (finding === "present") return this.#turns.toContradict(subject, changedMs, turn);
    return this.#turns.toMiss(subject, Math.max(changedMs, this.#quietUntilMs), turn);
  }

  /** Whether this agent misses anyone of whom it has said so. */
  #saysMissing(): boolean {
    for (const [subject, { finding }] of this.#said) {
      const watch = this.#ports.probing.watchOf(subject);
      if (finding === "missing" && watch !== undefined && isLost(watch)) return true;
    }
    return false;
  }

  #saidOn(subject: AgentId, incarnation: Incarnation | undefined): Said | undefined {
    const last = this.#said.get(subject);
    if (last === undefined || incarnation === undefined) return undefined;
    return compareIncarnation(last.incarnation, incarnation) === 0 ? last : undefined;
  }

  #forgetOld(subject: AgentId, turn: Turn): void {
    const last = this.#said.get(subject);
    if (last === undefined) return;
    if (turn.now.monoMs - last.atMs >= this.#ports.settings.sightingLifetimeMs) this.#said.delete(subject);
  }

  #word(subject: AgentId, finding: Sighting["finding"]): Sighting {
    const { agent: observer, swarm, own, directory } = this.#ports;
    const { incarnation } = (directory.get(subject) as Member).entry.entry;
    this.#sequence += 1;
    const sequence = [own.boot, this.#sequence] as const;
    return { v: 1, type: "sighting", swarm, subject, incarnation, observer, finding, sequence };
  }
}
