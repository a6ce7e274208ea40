import type { Event, Input, Inspection, Now, Outline, Output, PeerMessage } from "@antibody/core";
import { NEVER, Random } from "@antibody/core";
import type { AgentId } from "@antibody/policy";
import type { DeviceNote } from "../device/device.ts";
import { busyUsOf } from "../device/signatures.ts";
import { EventQueue } from "../engine/eventQueue.ts";
import { kinds, worldIndex } from "../engine/kinds.ts";
import { Gossip } from "../gossip/gossip.ts";
import { joinedDigest, OutputTrace, type TraceStanding } from "../hash/traceOutput.ts";
import { Dialing } from "../network/dialing.ts";
import { Links } from "../network/links.ts";
import { Network } from "../network/network.ts";
import { isOf } from "../threads/share.ts";
import type { SimAgent } from "./agent.ts";
import { Border, type WireMessage } from "./border.ts";
import { createCounters, type WorldCounters } from "./counters.ts";
import { DeviceLink } from "./deviceLink.ts";
import { createHosts } from "./hosts.ts";
import type { WorldOptions } from "./options.ts";
import { perform } from "./perform.ts";
import type { Population } from "./populate.ts";
import { bootOf, mindOptionsOf } from "./process.ts";

/** Events that wait for a paused or busy process: a host's buffers. Beyond it the oldest peers' sends stall; here they end. */
const waitingMax = 100_000;
/** A timer rings no sooner than this, as in Node. */
const wakeAfterUsMin = 1_000;
const wake: Input = { type: "wake" };

/**
 * A world of minds without bodies: gives each mind its inputs in virtual time and does what it asks for, on models of
 * network, gossip, disk and device. It decides nothing of the protocol.
 */
export class World {
  readonly agents: readonly SimAgent[];
  readonly population: Population;
  readonly network: Network;
  readonly dialing: Dialing;
  readonly gossip: Gossip;
  readonly border: Border;
  readonly queue: EventQueue;
  readonly counters: WorldCounters = createCounters();
  /** When reachability changed last. */
  linksChangedUs = 0;
  readonly #options: WorldOptions;
  readonly #trace: OutputTrace;
  readonly #agents = new Map<AgentId, SimAgent>();
  /** Whom `agentOf` gave last: a message is looked at more than once on its way. */
  #asked: SimAgent | undefined;
  /** By agent: when the mind wants to be woken. */
  readonly #wakeUs: Float64Array;
  /** Outputs are being performed: what a body answers meanwhile comes as an event of its own. */
  #isPerforming = false;
  /** Whose turn it is: what comes to its mind of an event that has waited has waited too. */
  #drained: SimAgent | undefined;

  constructor(population: Population, options: WorldOptions) {
    this.population = population;
    this.agents = population.agents;
    this.#options = options;
    const random = Random.fromSeed(options.seed);
    const count = this.agents.length;
    this.#trace = new OutputTrace(count, (id) => this.agentOf(id).index);
    this.queue = new EventQueue(count);
    this.#wakeUs = new Float64Array(count).fill(NEVER);
    const hosts = createHosts(this);
    this.border = new Border(population);
    this.network = new Network(count, new Links(count, options.links, random.fork()), this.queue, hosts);
    this.dialing = new Dialing(this.network, this.queue, hosts);
    this.gossip = new Gossip(count, this.network, this.queue, hosts, random.fork());
    for (const agent of this.agents) {
      this.#agents.set(agent.id, agent);
      agent.device.attach(new DeviceLink(this, agent));
    }
  }

  get nowUs(): number {
    return this.queue.nowUs;
  }

  /** The hash over every output of every agent so far, where all are simulated here. */
  get hash(): string {
    return joinedDigest(this.agents.length, () => this.traces);
  }

  get traces(): TraceStanding {
    return this.#trace.standing;
  }

  /** Whether the agent is simulated here. */
  isOwn({ index }: SimAgent): boolean {
    return isOf(index, this.#options.share);
  }

  agentOf(id: AgentId): SimAgent {
    if (this.#asked?.id === id) return this.#asked;
    const agent = this.#agents.get(id);
    if (agent === undefined) throw new Error(`${id} is not of this world`);
    this.#asked = agent;
    return agent;
  }

  at(index: number): SimAgent {
    return this.agents[index] as SimAgent;
  }

  /** Adds one of the world's own events. */
  schedule(atUs: number, kind: number, payload: unknown): void {
    this.queue.push(atUs, worldIndex, worldIndex, kind, 0, payload);
  }

  /** Runs events up to and with a time, but at most so many; false when some of them are left. */
  run(untilUs: number, eventsMax: number): boolean {
    for (let count = 0; count < eventsMax; count += 1) {
      if (this.queue.peekUs() > untilUs) {
        this.queue.advanceTo(untilUs);
        return true;
      }
      this.queue.pop();
      this.counters.events += 1;
      this.#dispatch();
    }
    return false;
  }

  clockOf(agent: SimAgent): Now {
    return agent.clock.read(this.nowUs);
  }

  inspect(agent: SimAgent): Inspection | undefined {
    return agent.mind?.inspect(this.clockOf(agent));
  }

  /** What checkers look at: an inspection of everything but the many members that look alike to all. */
  outline(agent: SimAgent): Outline | undefined {
    return agent.mind?.outline(this.clockOf(agent));
  }

  /** Gives the agent's mind an input: at once, or right after the step whose outputs are being performed. */
  give(agent: SimAgent, input: Input): void {
    if (agent.mind === undefined) return;
    if (this.#isPerforming || agent.isPaused || this.#isBusy(agent))
      this.pushOwn(agent, kinds.input, 0, input);
    else this.#step(agent, input);
  }

  /** Starts a process on what the agent's journal holds. */
  startProcess(agent: SimAgent): void {
    if (agent.isRunning) throw new Error(`${agent.name} runs already`);
    if (!agent.hasPower) agent.clock.reboot(this.nowUs);
    agent.hasPower = true;
    agent.isRunning = true;
    agent.life += 1;
    agent.silentSinceUs = NEVER;
    agent.runningSinceUs = this.nowUs;
    this.gossip.processStarted(agent.index);
    if (!this.isOwn(agent)) return;
    const mind = this.#options.createMind(
      mindOptionsOf(agent, this.population),
      bootOf(agent, this.population),
    );
    agent.mind = agent.corruption?.bend(mind) ?? mind;
    this.#step(agent, { type: "started", addresses: agent.addresses });
  }

  /** The host is gone, with the process and all that was not synced but so many records that were written first. */
  losePower(agent: SimAgent, survivors = 0): void {
    agent.hasPower = false;
    agent.journal.losePower(survivors);
    this.endProcess(agent);
    agent.device.endChildren();
  }

  /** The process is gone. Its host stays up, if it is. */
  endProcess(agent: SimAgent): void {
    if (!agent.isRunning) return;
    agent.isRunning = false;
    agent.mind = undefined;
    this.#setWake(agent.index, NEVER);
    agent.isPaused = false;
    agent.busyUntilUs = 0;
    agent.readyUs = 0;
    agent.waiting = undefined;
    agent.silentSinceUs = Math.min(agent.silentSinceUs, this.nowUs);
    agent.runningSinceUs = NEVER;
    if (!this.isOwn(agent)) return;
    this.network.processEnded(agent.index);
    this.dialing.processEnded(agent.index);
    this.gossip.processEnded(agent.index);
    agent.device.processEnded();
    this.population.columns.end(agent.index);
  }

  pauseProcess(agent: SimAgent): void {
    if (!agent.isRunning || agent.isPaused) return;
    agent.isPaused = true;
    agent.silentSinceUs = this.nowUs;
    agent.runningSinceUs = NEVER;
    if (this.isOwn(agent)) this.network.processPaused(agent.index);
  }

  /** The process goes on: its overdue timers ring first, then it reads what came meanwhile. */
  resumeProcess(agent: SimAgent): void {
    if (!agent.isRunning || !agent.isPaused) return;
    agent.isPaused = false;
    agent.silentSinceUs = NEVER;
    agent.runningSinceUs = this.nowUs;
    if (!this.isOwn(agent)) return;
    this.dialing.changed(agent.index);
    this.#wake(agent);
    this.#drain(agent);
  }

  /** Sends bytes that the receiver has to verify; nothing where no session stands. */
  sendWire(agent: SimAgent, peer: SimAgent, message: WireMessage): void {
    this.network.send(agent.index, peer.index, kinds.wire, message);
  }

  /** Splits the network: each side reaches itself alone, and all others are one more side. */
  partition(sides: readonly (readonly SimAgent[])[]): void {
    const groups = new Int16Array(this.agents.length);
    sides.forEach((side, index) => {
      for (const agent of side) groups[agent.index] = index + 1;
    });
    this.network.links.partition(groups);
    this.#linksChanged();
  }

  /** Cuts one direction of the links between two sets. */
  cut(sources: readonly SimAgent[], destinations: readonly SimAgent[]): void {
    for (const source of sources) {
      for (const destination of destinations) this.network.links.cut(source.index, destination.index);
    }
    this.#linksChanged();
  }

  heal(): void {
    this.network.links.heal();
    this.#linksChanged();
  }

  #linksChanged(): void {
    this.linksChangedUs = this.nowUs;
    this.network.linksChanged();
    this.dialing.linksChanged();
  }

  told(agent: SimAgent, event: Event): void {
    this.#options.onTold(agent, event);
  }

  replied(agent: SimAgent, reply: Extract<Output, { readonly type: "reply" }>): void {
    this.#options.onReplied(agent, reply);
  }

  #dispatch(): void {
    const { destination, source, kind, tag, payload } = this.queue;
    if (destination === worldIndex) this.#options.onDue(kind, payload);
    else if (kind === kinds.dialReached) this.dialing.reached(destination, source, tag, payload);
    else if (kind === kinds.dialAgain) this.dialing.again(destination, payload);
    else {
      const agent = this.at(destination);
      if (kind === kinds.ready) this.#drain(agent);
      else if (!agent.isPaused && !this.#isBusy(agent)) this.#agentEvent(agent, kind, source, tag, payload);
      else if ((agent.waiting?.length ?? 0) >= waitingMax) this.counters.dropped += 1;
      else {
        agent.waiting ??= [];
        agent.waiting.push({ kind, source, tag, payload });
        this.#awaitReady(agent);
      }
    }
  }

  /** Whether the process still has to do with something else: what waits comes first. */
  #isBusy(agent: SimAgent): boolean {
    return agent.busyUntilUs > this.nowUs || (agent.waiting !== undefined && agent !== this.#drained);
  }

  /** Gives the process what waits for it, until one step keeps it busy. */
  #drain(agent: SimAgent): void {
    this.#drained = agent;
    while (!agent.isPaused && agent.busyUntilUs <= this.nowUs) {
      const next = agent.waiting?.shift();
      if (agent.waiting?.length === 0) agent.waiting = undefined;
      if (next === undefined) break;
      this.#agentEvent(agent, next.kind, next.source, next.tag, next.payload);
    }
    this.#drained = undefined;
    if (agent.waiting !== undefined) this.#awaitReady(agent);
    else this.dialing.drained(agent.index);
  }

  /** What waits goes on when the process is done with its last step. A paused one goes on when it is resumed. */
  #awaitReady(agent: SimAgent): void {
    const { busyUntilUs } = agent;
    if (agent.isPaused || busyUntilUs <= this.nowUs || agent.readyUs === busyUntilUs) return;
    agent.readyUs = busyUntilUs;
    this.queue.push(busyUntilUs, agent.index, agent.index, kinds.ready, agent.life, undefined);
  }

  #agentEvent(agent: SimAgent, kind: number, source: number, tag: number, payload: unknown): void {
    const { index } = agent;
    switch (kind) {
      case kinds.message:
        if (!this.network.receives(index, source, tag)) return;
        // Most messages are answered.
        this.#asked = this.at(source);
        this.#step(agent, {
          type: "message",
          from: this.#asked.id,
          message: this.border.honestMessage(agent, payload as PeerMessage),
        });
        return;
      case kinds.wire:
        if (agent.mind === undefined || !this.network.receives(index, source, tag)) return;
        this.#step(agent, {
          type: "message",
          from: this.at(source).id,
          message: this.border.message(agent, payload as WireMessage),
        });
        return;
      case kinds.gossip:
        if (this.network.receives(index, source, tag)) this.gossip.arrived(index, source, payload);
        return;
      case kinds.closed:
        this.network.closed(index, source, tag);
        return;
      case kinds.opened:
        this.dialing.opened(index, source, tag, payload);
        return;
      case kinds.silence:
        this.network.silence(index, source, tag);
        return;
      case kinds.wake:
        this.#wake(agent);
        return;
      default:
        // What the agent's own process waits for; a later process does not.
        if (agent.mind !== undefined && agent.life === tag) this.#ownEvent(agent, kind, source, payload);
    }
  }

  #ownEvent(agent: SimAgent, kind: number, source: number, payload: unknown): void {
    switch (kind) {
      case kinds.input:
        this.#step(agent, payload as Input);
        return;
      case kinds.device:
        agent.device.due(payload as DeviceNote);
        return;
      case kinds.dialEnded:
        this.dialing.ended(agent.index, payload);
        return;
      case kinds.dialLater:
        this.dialing.later(agent.index, payload);
        return;
      case kinds.copy:
        this.gossip.arrived(agent.index, source, payload);
        return;
      case kinds.heartbeat:
        this.gossip.heartbeat(agent.index);
        return;
      default:
        throw new Error(`unknown kind of event ${kind}`);
    }
  }

  /** Wakes the mind, unless what happened since its alarm was set has put it off. */
  #wake(agent: SimAgent): void {
    if ((this.#wakeUs[agent.index] as number) <= this.nowUs) this.#step(agent, wake);
  }

  #step(agent: SimAgent, input: Input): void {
    if (agent.mind === undefined) return;
    const { index } = agent;
    const { nowUs } = this.queue;
    const { outputs, wakeAt } = agent.mind.step(input, agent.clock.read(nowUs));
    this.counters.steps += 1;
    const busyUs = busyUsOf(input, agent.device.times);
    if (busyUs > 0) agent.busyUntilUs = nowUs + busyUs;
    const wakeUs = wakeAt === NEVER ? NEVER : Math.max(nowUs + wakeAfterUsMin, agent.clock.whenUs(wakeAt));
    if (wakeUs !== this.#wakeUs[index]) this.#setWake(index, wakeUs);
    if (outputs.length === 0) return;
    this.#trace.add(index, nowUs, outputs);
    this.#isPerforming = true;
    for (const output of outputs) perform(this, agent, output);
    this.#isPerforming = false;
  }

  #setWake(index: number, atUs: number): void {
    this.#wakeUs[index] = atUs;
    this.queue.setAlarm(index, atUs);
  }

  /** Adds an event of the agent's own process, in so long. */
  pushOwn(agent: SimAgent, kind: number, delayUs: number, payload: unknown): void {
    if (!this.isOwn(agent)) return;
    this.queue.push(this.nowUs + delayUs, agent.index, agent.index, kind, agent.life, payload);
  }
}
