import type { AgentId, AuthorId, ResourceId, Root, VerifiedPolicy } from "@antibody/policy";
import type { Input } from "./contract/input.ts";
import type { Inspection, Outline, Overlay } from "./contract/inspection.ts";
import type { Knowledge } from "./contract/knowledge.ts";
import type { Boot, MindOptions, StepResult } from "./contract/mind.ts";
import type { Snapshot } from "./contract/snapshot.ts";
import type { Member, VerifiedCertificate, VerifiedEviction } from "./contract/statements.ts";
import type { MonotonicMs, Now } from "./contract/time.ts";
import type { Turn } from "./contract/turn.ts";
import type { Healing } from "./healing/healing.ts";
import type { PolicyKeeping } from "./keeping/policies.ts";
import { capabilitiesMax } from "./limits.ts";
import { obey } from "./mindCommands.ts";
import {
  createState,
  dumpState,
  type MindParts,
  type MindState,
  restoreState,
  type Seen,
  type Stopping,
} from "./mindParts.ts";
import { inspectMind, outlineMind, overlayOfMind } from "./mindViews.ts";
import type { Disturbing } from "./roles/disturbing.ts";
import { isLeaseMessage } from "./roles/lease/leases.ts";
import type { Roles } from "./roles/roles.ts";
import { Holding } from "./rollout/holding.ts";
import type { StagePorts } from "./rollout/ports.ts";
import type { Rollouts } from "./rollout/rollouts.ts";
import type { Routing } from "./routing/routing.ts";
import { StepTurn } from "./stepTurn.ts";
import type { SwarmInput } from "./swarm/intake.ts";
import type { Swarm } from "./swarm/swarm.ts";

/**
 * How often the parts may answer each other within one step. A capability that waits for another learns of it in
 * the next round, and of its trouble in the one after: a chain of all that may be announced takes two for each.
 */
const settleRoundsMax: number = 2 * capabilitiesMax + 8;

/** Inputs that concern the swarm alone, whatever is in them. */
type SwarmsOwn = Exclude<SwarmInput["type"], "wake" | "message" | "signed">;

/** Woken so much later than asked, the agent slept, or was starved, and others may have taken over. A guess. */
const sleptMs = 1_000;

/**
 * One agent's mind: takes an input and the time, changes its private state, and says what the body shall do.
 * It owns no clock, no randomness and no IO; equal inputs give equal outputs, on a device and in a simulator.
 * Its parts know nothing of each other: what one of them changed, this class carries to the others.
 */
export class Mind implements Knowledge {
  readonly #options: MindOptions;
  readonly #parts: MindParts;
  readonly #swarm: Swarm;
  readonly #policies: PolicyKeeping;
  readonly #healing: Healing;
  readonly #routing: Routing;
  readonly #roles: Roles;
  readonly #disturbing: Disturbing;
  readonly #rollouts: Rollouts;
  /** What anti-entropy compares: policy, with what members say of it. */
  readonly #holding: Holding;
  #stopping: Stopping;
  #seen: Seen;
  /** When healing and routing want to be woken; undefined from when a part but the swarm was given something. */
  #restDeadline: MonotonicMs | undefined;
  /** What `#goesByPeers` gave when that deadline was made. */
  #wentByPeers = true;

  private constructor(options: MindOptions, { parts, stopping, seen }: MindState) {
    this.#options = options;
    this.#parts = parts;
    this.#swarm = parts.swarm;
    this.#policies = parts.policies;
    this.#healing = parts.healing;
    this.#routing = parts.routing;
    this.#roles = parts.roles;
    this.#disturbing = parts.disturbing;
    this.#rollouts = parts.rollouts;
    this.#holding = new Holding(parts.policies, parts.rollouts.reports, options.crypto);
    this.#stopping = stopping;
    this.#seen = seen;
  }

  /** A mind as the journal left it; the first input must be `started`. */
  static create(options: MindOptions, boot: Boot): Mind {
    return new Mind(options, createState(options, boot));
  }

  /** A mind as `dump` left it, to the bit. Throws when the dump is of another version. */
  static restore(options: MindOptions, dump: Snapshot): Mind {
    return new Mind(options, restoreState(options, dump));
  }

  dump(): Snapshot {
    return dumpState({ parts: this.#parts, stopping: this.#stopping, seen: this.#seen });
  }

  step(input: Input, now: Now): StepResult {
    const turn = new StepTurn(now, this.#parts.random);
    this.#noticeSleep(turn);
    const mayHaveMoved = this.#take(input, turn);
    // Nearly all inputs are small talk of the swarm, which changes nothing that the other parts would learn of.
    if (this.#restDeadline === undefined || (mayHaveMoved && this.#swarm.revision !== this.#seen.swarm))
      this.#settle(turn);
    return { outputs: turn.outputs, wakeAt: Math.min(this.#swarm.deadline, this.#rest()) };
  }

  rootOf(author: AuthorId): Root | undefined {
    return this.#policies.rootOf(author);
  }

  newestRoots(author: AuthorId): readonly Root[] {
    return this.#policies.newestRoots(author);
  }

  rootWithDigest(author: AuthorId, digest: string): Root | undefined {
    return this.#policies.rootWithDigest(author, digest);
  }

  certificateOf(agent: AgentId): VerifiedCertificate | undefined {
    return this.#swarm.certificateOf(agent);
  }

  evictionOf(certificate: VerifiedCertificate): VerifiedEviction | undefined {
    return this.#swarm.evictionOf(certificate);
  }

  ownMember(): Member | undefined {
    return this.#swarm.ownMember();
  }

  neighborsOf(agent: AgentId): readonly AgentId[] {
    return this.#swarm.neighborsOf(agent);
  }

  members(): readonly Member[] {
    return this.#swarm.members();
  }

  /** A read-only snapshot of everything that people and checkers may see. */
  inspect(now: Now): Inspection {
    return inspectMind(this.#options, this.#parts, this.#stagePorts(), now);
  }

  /** Who observes whom, as this agent knows it. */
  overlay(now: Now): Overlay {
    return overlayOfMind(this.#options, this.#parts, now);
  }

  /** The part of an inspection that can be looked at all the time, without the list of members. */
  outline(): Outline {
    return outlineMind(this.#options, this.#parts);
  }

  /** False when it was small talk of the swarm, which moves no revision. */
  #take(input: Input, turn: Turn): boolean {
    switch (input.type) {
      case "wake":
        return this.#wake(turn);
      case "message":
        return this.#hear(input, turn);
      case "addresses":
      case "connected":
      case "disconnected":
      case "dialed":
      case "unsent":
      case "rumor":
      case "enrolled":
      case "turnedAway":
        return this.#swarm.handle(input, this.#holding, turn);
      default:
        this.#takeOther(input, turn);
        return true;
    }
  }

  #hear(input: Extract<Input, { readonly type: "message" }>, turn: Turn): boolean {
    const { from, message } = input;
    if (message.type === "items") {
      this.#restChanged();
      for (const policy of message.policy) this.#accept(policy, from, turn);
    }
    const mayHaveMoved = this.#swarm.handle(input, this.#holding, turn);
    if (!isLeaseMessage(message)) return mayHaveMoved;
    this.#restChanged();
    this.#swarm.deliver(this.#roles.take(from, message, turn), turn);
    return true;
  }

  /** What seldom comes, or concerns more than the swarm. */
  #takeOther(input: Exclude<Input, { readonly type: "wake" | "message" | SwarmsOwn }>, turn: Turn): void {
    switch (input.type) {
      case "started":
        this.#restChanged();
        this.#swarm.start(input.addresses, turn);
        turn.tell("agent.started", "info", {
          name: this.#options.certificate.certificate.name,
          build: this.#options.build,
        });
        this.#policies.start(turn);
        return;
      case "signed":
        if (input.statement.type !== "report") this.#swarm.handle(input, this.#holding, turn);
        else {
          this.#restChanged();
          this.#rollouts.signed(input.statement.report, this.#policies, turn);
        }
        return;
      case "policy":
        this.#restChanged();
        this.#accept(input.policy, input.from, turn);
        return;
      case "observed":
      case "unobservable":
      case "rival":
      case "progress":
      case "outcome":
        this.#restChanged();
        this.#healing.handle(input, turn);
        return;
      case "routed":
        this.#restChanged();
        this.#routing.handle(input, turn);
        return;
      case "command":
        this.#restChanged();
        obey(this.#parts, input.id, input.command, turn);
        if (input.command.type === "stop" && this.#stopping === "no") this.#stopping = "asked";
        return;
      default:
        throw new Error(`unknown input ${input satisfies never}`);
    }
  }

  #accept(policy: VerifiedPolicy, from: AgentId | "owner", turn: Turn): void {
    if (policy.type === "report") this.#rollouts.accept(policy, this.#policies, turn);
    else this.#policies.accept(policy, from, turn);
  }

  #wake(turn: Turn): boolean {
    const wake = { type: "wake" } as const;
    const mayHaveMoved =
      this.#swarm.deadline <= turn.now.monoMs && this.#swarm.handle(wake, this.#holding, turn);
    if (this.#rest() > turn.now.monoMs) return mayHaveMoved;
    this.#restChanged();
    if (this.#healing.deadline <= turn.now.monoMs) this.#healing.handle(wake, turn);
    if (this.#routing.deadline <= turn.now.monoMs) this.#routing.handle(wake, turn);
    if (this.#roles.deadline <= turn.now.monoMs) this.#roles.wake();
    if (this.#disturbing.deadline <= turn.now.monoMs) this.#disturbing.wake();
    this.#policies.wake(turn);
    if (this.#rollouts.deadlineIn(this.#policies) <= turn.now.monoMs) this.#rollouts.wake();
    return true;
  }

  /** What came due long ago was not done: nobody ran. */
  #noticeSleep(turn: Turn): void {
    if (turn.now.monoMs - Math.min(this.#swarm.deadline, this.#rest()) < sleptMs) return;
    if (this.#roles.count === 0) return;
    this.#restChanged();
    this.#roles.slept(turn);
  }

  /** Carries what one part changed to the others, until none has anything new to say. */
  #settle(turn: Turn): void {
    for (let round = 0; this.#carry(turn); round += 1) {
      if (round === settleRoundsMax) throw new Error("the parts of the mind do not settle");
    }
    this.#holding.changed();
    if (this.#stopping === "asked" && this.#healing.idle && this.#swarm.hasLeft) {
      this.#stopping = "done";
      turn.emit({ type: "stopped" });
    }
  }

  #carry(turn: Turn): boolean {
    const seen = this.#seen;
    // In a massacre nearly every step changes who is there, and most devices have nothing that goes by it.
    if (this.#restDeadline !== undefined && !this.#wentByPeers) {
      this.#seen = { ...seen, swarm: this.#swarm.revision };
      return false;
    }
    const policies = this.#policies.revision;
    const swarm = this.#swarm.revision;
    const healing = this.#healing.revision;
    const roles = this.#roles.revision;
    const disturbing = this.#disturbing.revision;
    const rollouts = this.#rollouts.revision;
    if (
      seen.rollouts === rollouts &&
      seen.policies === policies &&
      seen.swarm === swarm &&
      seen.healing === healing &&
      seen.roles === roles &&
      seen.disturbing === disturbing
    )
      return false;
    const isOfPeersAlone =
      seen.policies === policies &&
      seen.healing === healing &&
      seen.roles === roles &&
      seen.disturbing === disturbing &&
      seen.rollouts === rollouts;
    this.#seen = { policies, swarm, healing, roles, disturbing, rollouts };
    if (isOfPeersAlone && !this.#goesByPeers()) return false;
    this.#restChanged();
    if (seen.policies !== policies) {
      this.#swarm.policyChanged(turn);
      this.#healing.desire(this.#policies.current, turn);
      this.#routing.desire(this.#policies.current);
      this.#roles.desire(this.#policies.current, turn);
    }
    this.#refresh(turn);
    if (this.#rollouts.refresh(this.#stagePorts(), turn)) this.#policies.regate(turn);
    return true;
  }

  /** Holds what is promised to peers, and what peers promise, against how things are now. */
  #refresh(turn: Turn): void {
    const phaseOf = (resource: ResourceId) => this.#healing.phaseOf(resource);
    const roles = this.#roles.refresh(this.#swarm.peers, this.#healing, turn);
    if (roles.asks) this.#swarm.probeAll(turn);
    this.#swarm.deliver(roles.letters, turn);
    this.#healing.hold(roles.held, turn);
    const turns = this.#disturbing.refresh(this.#swarm.peers, this.#healing.disturbances(), turn);
    this.#healing.allow(turns, turn);
    const change = this.#routing.refresh(
      { agent: this.#options.agent, providersOf: (capability) => this.#swarm.peers.providersOf(capability) },
      phaseOf,
      turn,
      capabilitiesMax - roles.words.length - turns.words.length,
    );
    for (const { resource, observation } of [...roles.observations, ...change.observations]) {
      this.#healing.handle({ type: "observed", resource, observation }, turn);
    }
    this.#swarm.announce([...change.announced, ...roles.words, ...turns.words], turn);
  }

  /** Whether anything here may be another when other peers are there. */
  #goesByPeers(): boolean {
    const { roles, rollouts, disturbing, routing } = this.#parts;
    return roles.count > 0 || rollouts.count > 0 || disturbing.isAsking || routing.goesByPeers;
  }

  #stagePorts(): StagePorts {
    return { policy: this.#policies, swarm: this.#swarm.peers, device: this.#healing };
  }

  /** A part but the swarm was given something. */
  #restChanged(): void {
    this.#restDeadline = undefined;
    this.#holding.changed();
  }

  #rest(): MonotonicMs {
    if (this.#restDeadline !== undefined) return this.#restDeadline;
    this.#wentByPeers = this.#goesByPeers();
    this.#restDeadline = Math.min(
      this.#healing.deadline,
      this.#routing.deadline,
      this.#roles.deadline,
      this.#disturbing.deadline,
      this.#policies.deadline,
      this.#rollouts.deadlineIn(this.#policies),
    );
    return this.#restDeadline;
  }
}
