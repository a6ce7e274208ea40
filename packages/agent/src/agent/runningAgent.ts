import { setImmediate as turned } from "node:timers/promises";
import {
  type EvictionWire,
  type MemberWire,
  type Mind,
  memberWire,
  type Overlay,
  type OwnerCommand,
  verifyEviction,
} from "@antibody/core";
import { type AgentId, type Crypto, type IncidentId, isRejection, type Rejection } from "@antibody/policy";
import { type AuditLine, readAudit } from "../audit/audit.ts";
import type { ControlPaths } from "../control/paths.ts";
import { type ControlServer, startControl } from "../control/server.ts";
import { withDeadline } from "../deadline.ts";
import type { Device } from "../device/device.ts";
import type { HandoffDesk } from "../handoff/desk.ts";
import type { Clock } from "../mind/clock.ts";
import type { Driver } from "../mind/driver.ts";
import type { Recorder } from "../mind/recorder.ts";
import type {
  AgentControl,
  AgentInspection,
  CommandRefusal,
  CommandReply,
  EventCount,
  InviteCode,
  InviteRequest,
  LogLine,
} from "../ports.ts";
import type { AgentState } from "../state/agentState.ts";
import { closeMemoryDirectory, sweepMemoryDirectories } from "../state/memoryDirectory.ts";
import { messageOf } from "../state/stateError.ts";
import { keepBrokenRecording } from "./brokenRecordings.ts";
import { type IncidentRecordings, readIncidentRecording } from "./incidentRecordings.ts";
import type { LateNetwork } from "./lateNetwork.ts";
import { rememberPort } from "./listenPort.ts";
import type { NetworkOpening } from "./networkOpening.ts";
import { type Offered, takeOffer } from "./offering.ts";
import type { Telling } from "./telling.ts";

/**
 * How long the mind may take to say its goodbyes and let running repairs end. Guess: below the 90 s after which
 * systemd kills, above the time of most repairs.
 */
const goodbyeMsMax = 20_000;
/** The same where the state cannot be written: then the goodbye may not be signed, and would be waited for in vain. */
const unwrittenGoodbyeMsMax = 2_000;

/** What a running agent is made of. */
export interface AgentParts extends Telling {
  readonly state: AgentState;
  readonly mind: Mind;
  readonly driver: Driver;
  readonly recorder: Recorder;
  readonly incidentRecordings: IncidentRecordings;
  readonly handoff: HandoffDesk;
  readonly device: Device;
  readonly network: LateNetwork;
  readonly opening: NetworkOpening;
  /** How long the network waits for the first repairs. */
  readonly firstRepairsMsMax: number;
  readonly clock: Clock;
  readonly crypto: Crypto;
}

/** An agent at work, as its control socket and the process around it see it. */
export class RunningAgent implements AgentControl {
  readonly #parts: AgentParts;
  readonly #goodbye = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #begun = Promise.withResolvers<void>();
  #control: ControlServer | undefined;
  #stopping: Promise<void> | undefined;

  constructor(parts: AgentParts) {
    this.#parts = parts;
    // Whoever awaits `ended` hears of a failure; nobody needs to.
    this.#ended.promise.catch(() => undefined);
  }

  /** Opens the control sockets. Throws when another agent answers on them. */
  async openSockets(paths: ControlPaths): Promise<void> {
    const tell = (message: string, cause: unknown): void =>
      this.#parts.log.tell({
        name: "agent.controlFailed",
        level: "warn",
        fields: { message, cause: messageOf(cause) },
      });
    this.#control = await startControl({ control: this, paths, tell });
  }

  /** Wakes the mind, and opens the network behind the first repairs. */
  begin(): void {
    const { driver, network, opening, handoff, tell } = this.#parts;
    void driver.ask({ type: "started", addresses: [] }).then(() => {
      this.#begun.resolve();
      handoff.look();
      this.#sweepMemory();
    });
    void this.#firstRepairs().then(() => opening.begin());
    opening.network.then(
      (opened) => {
        network.arrive(opened);
        const addresses = opened.addresses();
        tell({ name: "agent.listening", level: "info", fields: { addresses } });
        this.#rememberPort(addresses);
      },
      () => undefined,
    );
  }

  /** What killed agents have left in memory is no reason not to run. */
  #sweepMemory(): void {
    try {
      sweepMemoryDirectories();
    } catch (error) {
      this.#parts.log.tell({
        name: "agent.memoryUnswept",
        level: "warn",
        fields: { message: messageOf(error) },
      });
    }
  }

  /** To load libp2p holds everything else for longer than a repair takes: what the first looks find is repaired first. */
  async #firstRepairs(): Promise<void> {
    const { device, firstRepairsMsMax: ms } = this.#parts;
    // The mind has asked for its first looks by then.
    await turned();
    await withDeadline({ ms, signals: [] }, (signal) => device.rest(signal));
  }

  /** A convenience for peers: a full disk is no reason not to listen. */
  #rememberPort(addresses: readonly string[]): void {
    const { log, state } = this.#parts;
    try {
      rememberPort(addresses, state.paths.port);
    } catch (error) {
      log.tell({ name: "agent.portForgotten", level: "warn", fields: { message: messageOf(error) } });
    }
  }

  /** Resolves when the agent has ended, by whomever it was stopped. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** The network is open: its addresses, to be dialed by others. */
  async listening(): Promise<readonly string[]> {
    return (await this.#parts.opening.network).addresses();
  }

  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  inspect(): AgentInspection {
    const { driver, network, recorder, troubles, verdicts } = this.#parts;
    recorder.flush();
    const inspection = driver.inspect();
    const ignored = network.ignored();
    return {
      ...inspection,
      members: inspection.members.map((member) => verdicts.dated(member)),
      troubles: troubles.list(),
      relayed: network.relayed(),
      ...(ignored.length === 0 ? {} : { ignored }),
    };
  }

  overlay(): Overlay {
    return this.#parts.mind.overlay(this.#parts.clock.now());
  }

  command(command: OwnerCommand): Promise<CommandReply> {
    return this.#parts.driver.command(command);
  }

  offer(bytes: Uint8Array): Promise<Offered> {
    return takeOffer(bytes, this.#parts);
  }

  async invite(request: InviteRequest): Promise<InviteCode | CommandRefusal> {
    const refusal = this.#inviteRefusal(request);
    return refusal ?? (await this.#parts.opening.network).invite(request);
  }

  #inviteRefusal({ replaces }: InviteRequest): CommandRefusal | undefined {
    const { state, mind } = this.#parts;
    const { certificate } = state;
    const refused = (message: string, next: string): CommandRefusal => ({ type: "refused", message, next });
    if (mind.evictionOf(certificate) !== undefined) {
      return refused("this device was put out of its swarm", "antibody status");
    }
    if (!certificate.certificate.mayInvite) {
      return refused("this device may not invite: one that may has to", "antibody peers");
    }
    if (
      replaces === undefined ||
      mind.certificateOf(replaces)?.lineage.includes(certificate.agent) === true
    ) {
      return undefined;
    }
    return refused(
      "only who has invited a member, or stands above its inviter, replaces it",
      "antibody evict NAME --recovery-key FILE, then antibody invite",
    );
  }

  member(agent: AgentId): MemberWire | undefined {
    const member = this.#parts.mind.members().find(({ certificate }) => certificate.agent === agent);
    return member === undefined ? undefined : memberWire(member);
  }

  async publishEviction(wire: EvictionWire): Promise<CommandReply | Rejection> {
    const { state, crypto } = this.#parts;
    const eviction = verifyEviction(wire, state.charter, crypto);
    return isRejection(eviction) ? eviction : this.command({ type: "publishEviction", eviction });
  }

  recentLog(): readonly LogLine[] {
    return this.#parts.log.recent();
  }

  eventCounts(): readonly EventCount[] {
    return this.#parts.log.counts();
  }

  onLog(listener: (line: LogLine) => void): () => void {
    return this.#parts.log.onLine(listener);
  }

  recording(): Uint8Array {
    return this.#parts.recorder.bytes();
  }

  ordered(line: Pick<AuditLine, "event" | "by" | "fields">): void {
    this.#parts.audit.note({ v: 1, time: this.#time(), ...line });
  }

  history(): readonly AuditLine[] {
    this.#parts.audit.flush();
    return readAudit(this.#parts.state.paths.directory);
  }

  #time(): string {
    return new Date(this.#parts.clock.now().wallMs).toISOString();
  }

  incidentRecording(incident: IncidentId): Uint8Array | undefined {
    return readIncidentRecording(this.#parts.state.paths.directory, incident);
  }

  /** Leaves the swarm, stops what the agent supervises, and gives everything back. A second call waits for the first. */
  stop(): Promise<void> {
    if (this.#stopping === undefined) {
      void this.#parts.driver.command({ type: "stop" });
      this.#end();
    }
    return this.ended;
  }

  /** The mind has said its goodbyes. */
  stopped(): void {
    this.#goodbye.resolve();
    // Also when the owner's command came through the socket, and nobody called `stop`.
    this.#end();
  }

  /**
   * A broken invariant: nothing that the mind says may be trusted any more, so what is left is to keep the evidence.
   * Children go on, and the next start adopts them.
   */
  broken(error: unknown): void {
    const { state, recorder, log, clock } = this.#parts;
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    let recording: string;
    try {
      recording = keepBrokenRecording(state.paths.directory, recorder.bytes(), clock.now().wallMs);
    } catch (failure) {
      recording = `not written: ${messageOf(failure)}`;
    }
    log.tell({
      name: "agent.broken",
      level: "error",
      fields: { message: messageOf(error), stack, recording },
    });
    this.#goodbye.resolve();
  }

  #end(): void {
    this.#stopping ??= this.#finish().then(this.#ended.resolve, this.#ended.reject);
  }

  async #finish(): Promise<void> {
    const { driver, network, opening, device, recorder, incidentRecordings, handoff, state } = this.#parts;
    await this.#goodbyeOrLate();
    // What was signed as a goodbye is published by the steps that still wait.
    await driver.idle();
    driver.end();
    await opening.giveUp();
    // Services end with the device: what peers have asked of them is answered first.
    const left = await Promise.allSettled([network.stop()]);
    const failures = [...left, ...(await Promise.allSettled([device.stop("stop")]))];
    await this.#control?.close();
    await Promise.all([incidentRecordings.close(), handoff.close()]);
    recorder.close();
    this.#parts.audit.flush();
    closeMemoryDirectory(state.paths.directory);
    state.close();
    const failure = failures.find((result) => result.status === "rejected");
    if (failure !== undefined) throw failure.reason;
  }

  async #goodbyeOrLate(): Promise<void> {
    const { log, troubles } = this.#parts;
    const isUnwritten = troubles.list().some(({ name }) => name === "agent.stateUnwritten");
    const afterMs = isUnwritten ? unwrittenGoodbyeMsMax : goodbyeMsMax;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        log.tell({ name: "agent.stoppedEarly", level: "warn", fields: { afterMs } });
        resolve();
      }, afterMs);
    });
    await Promise.race([this.#goodbye.promise, late]);
    clearTimeout(timer);
  }
}
