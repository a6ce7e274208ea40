import { type AgentId, compareText, type SwarmId } from "@antibody/policy";
import type { JournalRecord } from "../../contract/output.ts";
import type { Snapshot } from "../../contract/snapshot.ts";
import type {
  Entry,
  Incarnation,
  Member,
  SignedEntry,
  VerifiedCertificate,
} from "../../contract/statements.ts";
import { type MonotonicMs, NEVER, NOT_YET } from "../../contract/time.ts";
import type { Turn } from "../../contract/turn.ts";
import { compareIncarnation, incarnationText } from "../../enrolment/incarnation.ts";
import { nothing } from "../../keeping/rare.ts";
import { keep, recall } from "../../keeping/snapshot.ts";
import { addressesMax, capabilitiesMax } from "../../limits.ts";

/** What an agent is, to its own swarm. */
export interface Identity {
  readonly agent: AgentId;
  readonly swarm: SwarmId;
  readonly certificate: VerifiedCertificate;
  readonly build: string;
}

/** Peers that accused this agent and wait for its new entry. A guess: more are reached by gossip. */
const accusersMax = 64;

/** Whoever is cut off again and again says so much at most: each time is a rumor to everyone. A guess. */
const reappearEveryMs = 10_000;

/** Where the boot counter is kept, with `sync`. */
export const incarnationKey = "incarnation";

interface OwnDump {
  readonly boot: number;
  readonly n: number;
  readonly status: Entry["status"];
  readonly addresses: readonly string[];
  readonly capabilities: readonly string[];
  readonly entry: SignedEntry | undefined;
  readonly accusers: readonly AgentId[];
  readonly startedMs: MonotonicMs;
  readonly reappearedMs: MonotonicMs;
}

/**
 * What the agent says of itself. Each change, and each refutation, is a new incarnation, signed by the body.
 *
 * Only the boot counter is persisted: it rises at every start, so that no incarnation is used twice whatever n had
 * been reached, and a refutation does not wait for a card's sync.
 */
export class Own {
  readonly #identity: Identity;
  #boot: number;
  #n = 0;
  /** The same list until it changes: every ack carries it. */
  #incarnation: Incarnation;
  #status: Entry["status"] = "alive";
  #addresses: readonly string[] = nothing;
  #capabilities: readonly string[] = nothing;
  #member: Member | undefined;
  #accusers: readonly AgentId[] = nothing;
  /** When it last said that it is back; −∞ when it never was cut off. */
  #reappearedMs: MonotonicMs;
  /** NEVER before the first step. */
  #startedMs: MonotonicMs;

  private constructor(identity: Identity, boot: number) {
    this.#reappearedMs = NOT_YET;
    this.#startedMs = NEVER;
    this.#identity = identity;
    this.#boot = boot;
    this.#incarnation = [identity.certificate.certificate.serial, boot, 0];
  }

  /** The next life after the one that the journal remembers. */
  static create(identity: Identity, records: readonly JournalRecord[]): Own {
    const record = records.find(({ key }) => key === incarnationKey);
    const last = record === undefined ? 0 : recall<{ readonly boot: number }>(record.value).boot;
    return new Own(identity, last + 1);
  }

  static restore(identity: Identity, snapshot: Snapshot): Own {
    const dump = recall<OwnDump>(snapshot);
    const own = new Own(identity, dump.boot);
    own.#n = dump.n;
    own.#status = dump.status;
    own.#addresses = dump.addresses;
    own.#capabilities = dump.capabilities;
    own.#accusers = dump.accusers;
    own.#startedMs = dump.startedMs;
    own.#reappearedMs = dump.reappearedMs;
    if (dump.entry !== undefined) own.#member = { certificate: identity.certificate, entry: dump.entry };
    return own;
  }

  dump(): Snapshot {
    const dump: OwnDump = {
      boot: this.#boot,
      n: this.#n,
      status: this.#status,
      addresses: this.#addresses,
      capabilities: this.#capabilities,
      entry: this.#member?.entry,
      accusers: this.#accusers,
      startedMs: this.#startedMs,
      reappearedMs: this.#reappearedMs,
    };
    return keep(dump);
  }

  get boot(): number {
    return this.#boot;
  }

  /** The newest incarnation, whether its entry is signed already or not. */
  get incarnation(): Incarnation {
    const [, boot, n] = this.#incarnation;
    if (boot !== this.#boot || n !== this.#n) {
      this.#incarnation = [this.#identity.certificate.certificate.serial, this.#boot, this.#n];
    }
    return this.#incarnation;
  }

  /** The certificate with the newest signed entry; undefined until the first one is signed. */
  get member(): Member | undefined {
    return this.#member;
  }

  /** The goodbye was said, for good. */
  get isLeaving(): boolean {
    return this.#status === "left";
  }

  /** It is expected to be silent for a while. */
  get isAway(): boolean {
    return this.#status === "away";
  }

  /** Left or away: nothing is observed and nobody is accused. */
  get isAbsent(): boolean {
    return this.#status !== "alive";
  }

  /** When this life began; NEVER before its first step. */
  get startedMs(): MonotonicMs {
    return this.#startedMs;
  }

  /** The first words of a life. */
  start(addresses: readonly string[], turn: Turn): void {
    this.#startedMs = turn.now.monoMs;
    this.#addresses = addresses.length <= addressesMax ? addresses : addresses.slice(0, addressesMax);
    this.#persist(turn);
    this.#sign(turn);
  }

  readdress(addresses: readonly string[], turn: Turn): void {
    const next = addresses.slice(0, addressesMax);
    if (isSameList(next, this.#addresses)) return;
    this.#addresses = next;
    this.#raise(turn);
  }

  /** Announces a set of capabilities, if it is another one. */
  announce(capabilities: readonly string[], turn: Turn): void {
    const next = [...new Set(capabilities)].sort(compareText).slice(0, capabilitiesMax);
    if (isSameList(next, this.#capabilities)) return;
    this.#capabilities = next;
    this.#raise(turn);
  }

  leave(turn: Turn): void {
    if (this.isLeaving) return;
    this.#status = "left";
    this.#raise(turn);
  }

  /** Says that it will be silent for a while, or that it is there again. */
  setAway(isAway: boolean, turn: Turn): void {
    if (this.isLeaving || this.isAway === isAway) return;
    this.#status = isAway ? "away" : "alive";
    this.#raise(turn);
  }

  /**
   * Answers a statement that this agent is dead in an incarnation: with one above it, unless the agent is there
   * already. `accuser` gets the new entry first of all. An incarnation that the agent never reached is not
   * answered: whoever made it up would lead the agent beyond what its peers accept.
   */
  refute(incarnation: Incarnation, accuser: AgentId, evidence: string, turn: Turn): void {
    const order = compareIncarnation(incarnation, this.incarnation);
    if (order > 0) return;
    this.#note(accuser);
    if (order === 0) this.#answer(accuser, evidence, turn);
  }

  /**
   * This agent was cut off, and is back: others miss it or hold it dead, and its newer word ends that for all of them at
   * once.
   */
  reappear(turn: Turn): void {
    if (this.isAbsent || turn.now.monoMs - this.#reappearedMs < reappearEveryMs) return;
    this.#reappearedMs = turn.now.monoMs;
    this.#raise(turn);
  }

  /**
   * Others hold an entry that this agent signed and does not remember: its state was restored from an older copy.
   * It goes on above that entry.
   */
  outgrow(entry: SignedEntry, holder: AgentId, turn: Turn): void {
    const { incarnation } = entry.entry;
    if (entry.digest === this.#member?.entry.digest || compareIncarnation(incarnation, this.incarnation) < 0)
      return;
    this.#note(holder);
    if (incarnation[1] > this.#boot) {
      this.#boot = incarnation[1] + 1;
      this.#n = -1;
      this.#persist(turn);
    } else {
      this.#n = incarnation[2];
    }
    this.#answer(holder, "an entry of its own that it does not remember", turn);
  }

  /** Takes a signed entry if it is newer than the one that stands. */
  signed(entry: SignedEntry): boolean {
    const held = this.#member?.entry.entry.incarnation;
    if (held !== undefined && compareIncarnation(entry.entry.incarnation, held) <= 0) return false;
    this.#member = { certificate: this.#identity.certificate, entry };
    return true;
  }

  /** The accusers that are to be answered, once an entry above all accusations is signed. */
  takeAccusers(): readonly AgentId[] {
    const held = this.#member?.entry.entry.incarnation;
    if (held === undefined || compareIncarnation(held, this.incarnation) < 0) return [];
    const accusers = this.#accusers;
    this.#accusers = nothing;
    return accusers;
  }

  #note(accuser: AgentId): void {
    if (this.#accusers.includes(accuser) || this.#accusers.length >= accusersMax) return;
    this.#accusers = [...this.#accusers, accuser];
  }

  #answer(accuser: AgentId, evidence: string, turn: Turn): void {
    this.#raise(turn);
    turn.tell("swarm.refuted", "warn", {
      peer: this.#identity.agent,
      name: this.#identity.certificate.certificate.name,
      by: accuser,
      incarnation: incarnationText(this.incarnation),
      evidence,
    });
  }

  #raise(turn: Turn): void {
    this.#n += 1;
    this.#sign(turn);
  }

  #sign(turn: Turn): void {
    const { agent, swarm, build } = this.#identity;
    turn.emit({
      type: "sign",
      statement: {
        v: 1,
        type: "entry",
        swarm,
        agent,
        incarnation: this.incarnation,
        status: this.#status,
        addresses: this.#addresses,
        capabilities: this.#capabilities,
        build,
      },
    });
  }

  #persist(turn: Turn): void {
    const records = [{ key: incarnationKey, value: { v: 1, boot: this.#boot } }];
    turn.emit({ type: "persist", durability: "sync", records });
  }
}

function isSameList(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index]);
}
