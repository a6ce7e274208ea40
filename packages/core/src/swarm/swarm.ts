import type { AgentId } from "@antibody/policy";
import type { OwnerCommand } from "../contract/input.ts";
import type { OverlayMember } from "../contract/inspection.ts";
import type { PolicyHolding } from "../contract/knowledge.ts";
import type { PeerMessage } from "../contract/messages.ts";
import type { Boot } from "../contract/mind.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import type { Member, VerifiedCertificate, VerifiedEviction } from "../contract/statements.ts";
import { type MonotonicMs, NEVER, type Now } from "../contract/time.ts";
import type { Turn } from "../contract/turn.ts";
import { keep, recall } from "../keeping/snapshot.ts";
import { countAgain, followFindings, followWords } from "./following.ts";
import { inspectSwarm, outlineSwarm, type SwarmInspection, type SwarmOutline } from "./inspect.ts";
import { type SwarmInput, takeInput } from "./intake.ts";
import { Directory } from "./members/directory.ts";
import { Evictions } from "./members/evictions.ts";
import { Own } from "./members/own.ts";
import type { Assignment } from "./observing/observers.ts";
import { overlayOf } from "./overlay.ts";
import { dumpParts, type PartsDump, rosterOf, type SwarmOptions, SwarmParts } from "./parts.ts";
import { Peers } from "./peers.ts";

/** An agent woken later than this did not run, or was starved: two waits for a probe's answer. */
const lateProbeTimeouts = 2;
/** News from anti-entropy are told on by digests after this long; news that gossip spreads too, after that. Guesses. */
const tellOnMs = 100;
const gossipFirstMs = 300;
/**
 * Sessions over which news that gossip spreads are told on. All others have most likely got them as well, and tell too;
 * to tell everyone cost a swarm twice as much as the news. Guess: whoever missed it is told by three others.
 */
const gossipTellsMax = 3;
/** Observers change in bursts, and votes are counted again once for all of them. A guess. */
const retallyAfterMs = 50;

/** Whom an agent observes that has said goodbye. */
const nobody: Assignment = { observers: [], passed: [] };

interface SwarmDump {
  readonly parts: PartsDump;
  readonly isSettled: boolean;
  readonly revision: number;
  readonly tellOnMs: MonotonicMs;
  readonly tellsAll: boolean;
  readonly retallyMs: MonotonicMs;
}

/**
 * One agent's part in its swarm: who belongs to it, who is there, who is dead, and what others must hear of that.
 * Probing finds, accusing votes, deaths are decided by quorum, the directory holds, anti-entropy heals; this class
 * carries what one of them found to the others.
 */
export class Swarm {
  readonly #options: SwarmOptions;
  readonly #parts: SwarmParts;
  /** Who is there, for the other parts of the mind. */
  readonly peers: Peers;
  /** The directory's presence when observers were last chosen. */
  #presence: number;
  /** What the revisions of the parts add up from. */
  #revision = 0;
  /** When sessions are told of new digests; NEVER when there is nothing to tell. */
  #tellOnMs: MonotonicMs;
  /** Whether all sessions are told then: some news did not come by gossip. */
  #tellsAll: boolean;
  /** Nothing was found or changed since all parts followed it. */
  #isSettled = false;
  /** When votes are counted again because observers changed; NEVER when they need not be. */
  #retallyMs: MonotonicMs;
  /** The deadline, until something may have moved it. */
  #deadline: MonotonicMs | undefined;
  /** The deadline of everything but probing, until something may have moved it. */
  #restDeadline: MonotonicMs | undefined;

  private constructor(
    options: SwarmOptions,
    own: Own,
    directory: Directory,
    evictions: Evictions,
    dump?: SwarmDump,
  ) {
    this.#options = options;
    this.#parts = new SwarmParts(options, own, directory, evictions, dump?.parts);
    this.peers = new Peers(this.#parts);
    this.#presence = dump?.isSettled === true ? directory.presence : -1;
    this.#revision = dump === undefined ? 0 : dump.revision - this.revision;
    this.#tellOnMs = dump?.tellOnMs ?? NEVER;
    this.#tellsAll = dump?.tellsAll ?? false;
    this.#retallyMs = dump?.retallyMs ?? NEVER;
  }

  /** A swarm as the journal remembers it. */
  static create(options: SwarmOptions, boot: Pick<Boot, "records" | "members" | "evictions">): Swarm {
    const evictions = new Evictions(boot.evictions ?? []);
    const members = boot.members.filter(
      ({ certificate: { agent, lineage } }) =>
        agent !== options.agent && evictions.standing(lineage) === undefined,
    );
    const { founding, agent } = options;
    const directory =
      founding === undefined ? new Directory(rosterOf(options, members)) : Directory.founded(founding, agent);
    for (const member of members) directory.accept(member);
    return new Swarm(options, Own.create(options, boot.records), directory, evictions);
  }

  /** A swarm as `dump` left it, to the bit. */
  static restore(options: SwarmOptions, snapshot: Snapshot): Swarm {
    const dump = recall<SwarmDump>(snapshot);
    const directory = Directory.restore(rosterOf(options, []), dump.parts.directory);
    const evictions = Evictions.restore(dump.parts.evictions);
    return new Swarm(options, Own.restore(options, dump.parts.own), directory, evictions, dump);
  }

  dump(): Snapshot {
    const dump: SwarmDump = {
      parts: dumpParts(this.#parts),
      isSettled: this.#presence === this.#parts.directory.presence,
      revision: this.revision,
      tellOnMs: this.#tellOnMs,
      tellsAll: this.#tellsAll,
      retallyMs: this.#retallyMs,
    };
    return keep(dump);
  }

  /** The counter of this life: it rises at every start. */
  get boot(): number {
    return this.#parts.own.boot;
  }

  /** When `handle` wants to be called at the latest. */
  get deadline(): MonotonicMs {
    if (this.#deadline === undefined) {
      this.#restDeadline ??= Math.min(this.#parts.restDeadline, this.#tellOnMs, this.#retallyMs);
      this.#deadline = Math.min(this.#restDeadline, this.#parts.probing.deadline);
    }
    return this.#deadline;
  }

  /** Rises whenever a verdict, a capability or the membership changed. */
  get revision(): number {
    const { probing, directory, missing } = this.#parts;
    const out = this.peers.isOut ? 1 : 0;
    return this.#revision + probing.findings.revision + directory.revision + missing.revision + out;
  }

  /** The goodbye is signed and on its way: the body may end. */
  get hasLeft(): boolean {
    return this.#parts.own.member?.entry.entry.status === "left";
  }

  /** The first step of a life: the boot counter becomes durable, the own entry is signed, known members are dialed. */
  start(addresses: readonly string[], turn: Turn): void {
    this.#moved();
    const { own, reconcile, probing } = this.#parts;
    own.start(addresses, turn);
    reconcile.start(turn);
    probing.findings.start(turn);
    this.#settle(turn);
    probing.due(turn);
    this.#isSettled = false;
  }

  /** One input; what is due by now is done too. `policy` is held after it. False: small talk, which moves no revision. */
  handle(input: SwarmInput, policy: PolicyHolding, turn: Turn): boolean {
    this.#parts.policy = policy;
    const { settings } = this.#options;
    const { probing, deaths, membership, directory, reporting } = this.#parts;
    const isLate = turn.now.monoMs - this.deadline > lateProbeTimeouts * settings.probeTimeoutMs;
    this.#deadline = undefined;
    if (isLate) {
      probing.slept(turn);
      deaths.slept();
      reporting.beQuiet(turn);
    }
    // Gossip spreads itself; what one peer told another in a session does not.
    const isTold = input.type === "connected" || (input.type === "message" && input.message.type === "items");
    const before = isTold ? directory.revision : undefined;
    const moved = takeInput(this.#parts, input, policy, turn);
    // In a quiet swarm that is nearly everything: whatever else may be due was not moved by it.
    if (moved === "nothing") {
      if (this.deadline > turn.now.monoMs) return false;
      if (this.#isSettled && !isLate && this.#isLookAlone(turn)) return this.#look(turn);
    }
    if (before !== undefined && directory.revision !== before) {
      this.#tellsAll = true;
      this.#tellOn(turn.now.monoMs + tellOnMs);
    }
    if (this.#settle(turn) || moved === "anything") this.#moved();
    this.#deadline = undefined;
    if (this.deadline <= turn.now.monoMs) this.#due(policy, turn);
    membership.save(turn);
    if (input.type === "signed") this.#parts.absence.told(turn);
    return true;
  }

  /** Announces exactly these capabilities from now on. */
  announce(capabilities: readonly string[], turn: Turn): void {
    this.#parts.own.announce(capabilities, turn);
  }

  /** Says goodbye: nobody will miss this agent, and it accuses nobody any more. */
  leave(turn: Turn): void {
    this.#moved();
    this.#parts.own.leave(turn);
    this.#parts.probing.watchOnly(nobody, turn);
    this.#isSettled = false;
  }

  /** Other policy is held: gossip pushes it, and what gossip misses shows in the digests of early probes. */
  policyChanged(turn: Turn): void {
    this.#tellOn(turn.now.monoMs + gossipFirstMs);
  }

  /** Says that this agent will be silent for a while, or is there again: nobody will miss it meanwhile. */
  setAway(id: string | undefined, turn: Turn): void {
    this.#revision += 1;
    this.#moved();
    if (id === undefined) this.#parts.absence.end(turn);
    else this.#parts.absence.begin(id, turn);
    this.#settle(turn);
  }

  /** Asks every observed peer for a sign of life now: who does not answer is suspected after `probeTimeoutMs`. */
  probeAll(turn: Turn): void {
    this.#moved();
    this.#parts.probing.probeAll(turn);
  }

  /** Sends what another part has to say to members. Where no session stands one is asked for, to say it next time. */
  deliver(letters: readonly { readonly to: AgentId; readonly message: PeerMessage }[], turn: Turn): void {
    if (letters.length === 0) return;
    this.#moved();
    const { links } = this.#parts;
    for (const { to, message } of letters) {
      links.invite(to, turn);
      if (links.has(to)) turn.emit({ type: "send", to, message });
    }
  }

  certificateOf(agent: AgentId): VerifiedCertificate | undefined {
    if (agent === this.#options.agent) return this.#options.certificate;
    return this.#parts.directory.get(agent)?.certificate;
  }

  evictionOf({ lineage }: VerifiedCertificate): VerifiedEviction | undefined {
    return this.#parts.evictions.standing(lineage);
  }

  /** Puts a member out by this agent's own word; or says why it cannot. */
  evict(command: Extract<OwnerCommand, { readonly type: "evict" }>, turn: Turn): string | undefined {
    return this.#parts.evicting.evict(command, turn);
  }

  /** Takes and spreads an eviction that was signed elsewhere. */
  publishEviction(eviction: VerifiedEviction, turn: Turn): void {
    this.#parts.evicting.publish(eviction, turn);
    this.#moved();
    this.#settle(turn);
  }

  ownMember(): Member | undefined {
    return this.#parts.own.member;
  }

  /** Who observes a member. */
  neighborsOf(agent: AgentId): readonly AgentId[] {
    return this.#parts.observers.of(agent).observers;
  }

  /** Everyone with the newest entry, in order of agents; this agent too once its entry is signed. */
  members(): readonly Member[] {
    return this.#parts.directory.members();
  }

  inspect(_now: Now): SwarmInspection {
    return inspectSwarm(this.#parts);
  }

  outline(): SwarmOutline {
    return outlineSwarm(this.#parts);
  }

  /** Who observes whom, this agent first. */
  overlay(): readonly OverlayMember[] {
    return overlayOf(this.#parts, (peer) => this.peers.verdictOf(peer));
  }

  #moved(): void {
    this.#deadline = undefined;
    this.#restDeadline = undefined;
  }

  /** Does what is due. */
  #due(policy: PolicyHolding, turn: Turn): void {
    if (this.#isLookAlone(turn)) return void this.#look(turn);
    this.#dueAnywhere(policy, turn);
    this.#settle(turn);
    this.#moved();
  }

  /** Nothing else is due than a look at a peer, as nearly always. */
  #isLookAlone(turn: Turn): boolean {
    return this.#restDeadline !== undefined && this.#restDeadline > turn.now.monoMs;
  }

  /** Looks at a peer. Unless something is found that moves nothing else, and no revision: then it gives false. */
  #look(turn: Turn): boolean {
    const { probing, reconcile } = this.#parts;
    const { findings } = probing;
    const before = findings.revision;
    probing.due(turn);
    this.#deadline = undefined;
    const hasFound = findings.revision !== before || findings.hasFound;
    if ((hasFound && this.#settle(turn)) || reconcile.mismatchCount > 0) this.#moved();
    return hasFound;
  }

  #dueAnywhere(policy: PolicyHolding, turn: Turn): void {
    const { votes, probing, helping, deaths, links, reconcile, accusing, missing, reporting } = this.#parts;
    votes.expire(turn);
    accusing.widen(turn);
    if (this.#retallyMs <= turn.now.monoMs) {
      this.#retallyMs = NEVER;
      countAgain(this.#parts, turn);
    }
    if (this.#parts.absence.due(turn)) this.#revision += 1;
    probing.due(turn);
    helping.due(turn);
    deaths.due(turn);
    missing.expire(turn);
    this.#parts.secondLooks.due(turn);
    this.#parts.wayfinding.due(turn);
    reporting.due(turn);
    links.release((peer) => probing.isObserved(peer), turn);
    reconcile.due(policy, turn);
    if (this.#tellOnMs > turn.now.monoMs) return;
    this.#tellOnMs = NEVER;
    reconcile.digests(policy, turn);
    if (this.#tellsAll) probing.tellAll(reconcile.changedMs, turn);
    else probing.tellSome(reconcile.changedMs, gossipTellsMax, turn);
    this.#tellsAll = false;
  }

  /** Acts on what was found, and chooses observers anew where it changed who is there. True if deadlines moved. */
  #settle(turn: Turn): boolean {
    const { probing, accusing, directory, observers, own, evicting, missing } = this.#parts;
    this.#isSettled = true;
    let hasMoved = followWords(this.#parts, turn);
    const isOut = own.isAbsent || evicting.ownEviction !== undefined;
    for (;;) {
      const hasFound = followFindings(this.#parts, turn);
      hasMoved ||= hasFound;
      const isChanged = this.#presence !== directory.presence || (isOut && probing.watchCount > 0);
      if (!isChanged && !hasFound) return hasMoved;
      if (!isChanged) continue;
      this.#presence = directory.presence;
      const assignment = isOut ? nobody : observers.of(this.#options.agent);
      if (probing.watchOnly(assignment, turn)) {
        hasMoved = true;
        this.#isSettled = false;
      }
      // Planned already where somebody else has just died: no deadline moves then.
      if (turn.now.monoMs + retallyAfterMs < this.#retallyMs && (accusing.hasCases || missing.count > 0)) {
        this.#retallyMs = turn.now.monoMs + retallyAfterMs;
        hasMoved = true;
      }
    }
  }

  #tellOn(at: MonotonicMs): void {
    this.#moved();
    this.#tellOnMs = Math.min(this.#tellOnMs, at);
  }
}
