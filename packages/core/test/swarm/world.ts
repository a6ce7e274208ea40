import type { AgentId } from "@antibody/policy";
import type { Event } from "../../src/contract/event.ts";
import type { DialResult } from "../../src/contract/input.ts";
import type { Verdict } from "../../src/contract/inspection.ts";
import type { Output } from "../../src/contract/output.ts";
import type { Member } from "../../src/contract/statements.ts";
import type { Turn } from "../../src/contract/turn.ts";
import { defaultSettings, type Settings } from "../../src/settings.ts";
import type { SwarmInput } from "../../src/swarm/intake.ts";
import type { Roster } from "../../src/swarm/members/roster.ts";
import { Swarm } from "../../src/swarm/swarm.ts";
import { Agenda } from "./agenda.ts";
import { flood } from "./flood.ts";
import { type Host, type Line, newHost } from "./host.ts";
import { enrol, fakeCrypto, memberOf, type Person, readEviction, sign, swarmId } from "./people.ts";
import { inputText, outputText } from "./words.ts";

const latencyMs = 5;
const gossipMs = 20;

/** Several swarms in virtual time, over a network that can be cut. */
export class World {
  nowMs = 0;
  readonly hosts = new Map<string, Host>();
  /** Commands that were answered. */
  readonly replies: string[] = [];
  readonly events: { readonly atMs: number; readonly name: string; readonly event: Event }[] = [];
  readonly lines: Line[] = [];
  /** Messages by type, to count traffic. */
  readonly sent = new Map<string, number>();
  readonly probes: { readonly atMs: number; readonly from: string; readonly to: string }[] = [];
  readonly dials: { readonly from: string; readonly to: string; readonly timeoutMs: number }[] = [];
  gossips = true;
  /** Every so many steps the agent that steps goes on from its own dump. 0: never. */
  moveEverySteps = 0;
  #steps = 0;
  /** When each session was made, by the names of both ends. */
  readonly #metMs = new Map<string, number>();
  readonly #settings: Settings;
  readonly #roster: Roster | undefined;
  readonly #agenda = new Agenda();
  /** Whether anything passes from one to the other. */
  passes: (from: string, to: string) => boolean = () => true;
  /** Whether the present session carries nothing from one to the other, though its sockets stand. */
  isDeaf: (from: string, to: string) => boolean = () => false;
  /** Whether dials are answered by a forged or a firewall's refusal. */
  refuses: (from: string, to: string) => boolean = () => false;

  constructor(settings: Partial<Settings> = {}, roster?: Roster) {
    this.#settings = { ...defaultSettings, ...settings };
    this.#roster = roster;
  }

  /** Agents that know each other from the start, and a second to meet. */
  static formed(names: readonly string[], settings: Partial<Settings> = {}): World {
    const world = new World(settings);
    const members = names.map((name) => memberOf(enrol(name), [1, 0, 0]));
    for (const name of names) world.boot(name, members);
    world.run(3_000);
    world.clear();
    return world;
  }

  clear(): void {
    this.events.length = 0;
    this.lines.length = 0;
    this.sent.clear();
    this.probes.length = 0;
  }

  host(name: string): Host {
    const host = this.hosts.get(name);
    if (host === undefined) throw new Error(`no host ${name}`);
    return host;
  }

  agent(name: string): AgentId {
    return this.host(name).person.agent;
  }

  verdict(of: string, about: string): Verdict {
    return this.host(of).swarm.peers.verdictOf(this.agent(about));
  }

  /** What each running agent holds of one. */
  verdicts(about: string): string[] {
    const others = [...this.hosts].filter(([name, { state }]) => name !== about && state === "running");
    return [...new Set(others.map(([name]) => this.verdict(name, about)))].sort();
  }

  boot(name: string, members: readonly Member[] = []): Host {
    const before = this.hosts.get(name);
    const person = before?.person ?? enrol(name);
    const records = before?.records ?? new Map<string, unknown>();
    const known = before?.known ?? new Map(members.map((member) => [member.certificate.agent, member]));
    const swarm = Swarm.create(this.options(person), {
      records: [...records].map(([key, value]) => ({ key, value: value as never })),
      members: [...known.values()],
      evictions: [...records].flatMap(([key, value]) => readEviction({ key, value: value as never })),
    });
    const host = before ?? newHost(person, swarm, records, known);
    host.swarm = swarm;
    host.state = "running";
    host.life += 1;
    host.held = [];
    this.hosts.set(name, host);
    this.#step(host, "started", (turn) => host.swarm.start([`/test/${name}`], turn));
    return host;
  }

  options(person: Person): Parameters<typeof Swarm.create>[0] {
    const { agent, certificate } = person;
    const options = {
      agent,
      certificate,
      swarm: swarmId,
      build: "test",
      settings: this.#settings,
      crypto: fakeCrypto,
    };
    return this.#roster === undefined ? options : { ...options, roster: this.#roster };
  }

  /** SIGKILL: the kernel closes the sockets. */
  kill(name: string): void {
    const host = this.host(name);
    host.state = "killed";
    this.#note(host, "killed", []);
    for (const peer of [...host.sessions]) this.#close(host, peer);
  }

  pause(name: string): void {
    this.host(name).state = "paused";
  }

  resume(name: string): void {
    const host = this.host(name);
    host.state = "running";
    const held = host.held;
    host.held = [];
    // The timers of a process that was stopped are due before its sockets are read.
    this.#wake(host);
    for (const input of held) this.feed(host, input);
  }

  /** A socket dies, both processes live. */
  closeSocket(left: string, right: string): void {
    this.#close(this.host(left), this.host(right));
  }

  /** When the last session of two was made. */
  metMs(left: string, right: string): number {
    return this.#metMs.get([left, right].sort().join()) ?? Number.NEGATIVE_INFINITY;
  }

  feed(host: Host, input: SwarmInput): void {
    if (host.state === "killed") return;
    if (host.state === "paused") {
      host.held.push(input);
      return;
    }
    if (input.type === "message" && input.message.type === "items") {
      for (const { id } of input.message.policy) this.#hold(host, id);
    }
    this.#step(
      host,
      inputText(input, (agent) => this.nameOf(agent)),
      (turn) => host.swarm.handle(input, host.policy, turn),
    );
  }

  /** Gives a document to one agent; gossip takes it on if it works. */
  publish(name: string, id: string): void {
    const host = this.host(name);
    this.#hold(host, id);
    if (this.gossips) this.#flood(host, (peer) => this.#hold(peer, id));
  }

  act(name: string, what: string, act: (swarm: Swarm, turn: Turn) => void): void {
    const host = this.host(name);
    this.#step(host, what, (turn) => act(host.swarm, turn));
  }

  run(forMs: number): void {
    const endMs = this.nowMs + forMs;
    for (let next = this.#agenda.take(endMs); next !== undefined; next = this.#agenda.take(endMs)) {
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = endMs;
  }

  /** Runs until something holds, in steps of 10 ms; the time that it took. */
  runUntil(holds: () => boolean, withinMs: number): number {
    const beganMs = this.nowMs;
    while (!holds()) {
      if (this.nowMs - beganMs >= withinMs) throw new Error(`did not hold within ${withinMs} ms`);
      this.run(10);
    }
    return this.nowMs - beganMs;
  }

  /** Events by name, as `time name: peer evidence`. */
  told(event: Event["name"]): string[] {
    return this.events
      .filter((told) => told.event.name === event)
      .map(
        ({ name, event: { fields } }) => `${name}: ${String(fields["name"])} (${String(fields["evidence"])})`,
      );
  }

  /** What one agent took in and gave out, without the chatter of probes. */
  transcript(name: string): string[] {
    return this.lines.filter((line) => line.name === name).map(({ atMs, text }) => `${atMs} ms: ${text}`);
  }

  nameOf(agent: AgentId): string {
    for (const [name, { person }] of this.hosts) if (person.agent === agent) return name;
    return "?";
  }

  #hold(host: Host, id: string): void {
    if (host.policy.ids.has(id)) return;
    host.policy.ids.add(id);
    this.#step(host, `policy ${id}`, (turn) => host.swarm.policyChanged(turn));
  }

  #step(host: Host, what: string, act: (turn: Turn) => void): void {
    const outputs: Output[] = [];
    this.#steps += 1;
    if (this.moveEverySteps > 0 && this.#steps % this.moveEverySteps === 0) {
      host.swarm = Swarm.restore(this.options(host.person), structuredClone(host.swarm.dump()));
    }
    act({
      now: { monoMs: this.nowMs, wallMs: 0 },
      random: host.random,
      emit: (output) => outputs.push(output),
      tell: (name, level, fields) => outputs.push({ type: "tell", event: { name, level, fields } }),
    });
    this.#note(host, what, outputs);
    for (const output of outputs) this.#perform(host, output);
    this.#planWake(host);
  }

  #note(host: Host, what: string, outputs: readonly Output[]): void {
    const given = outputs
      .map((output) => outputText(output, (agent) => this.nameOf(agent)))
      .filter((text) => text !== "");
    if (given.length === 0 && /^(wake|ack|probe|dialed|started|signed|hello|items|digest)/.test(what)) return;
    const text = given.length === 0 ? what : `${what} -> ${given.join("; ")}`;
    this.lines.push({ atMs: this.nowMs, name: host.person.name, text });
  }

  #planWake(host: Host): void {
    const at = Math.max(this.nowMs, host.swarm.deadline);
    if (at === Number.POSITIVE_INFINITY || (host.wakeMs <= at && host.wakeMs >= this.nowMs)) return;
    host.wakeMs = at;
    this.#at(at - this.nowMs, () => {
      if (host.wakeMs === at) host.wakeMs = Number.POSITIVE_INFINITY;
      if (host.state === "running" && host.swarm.deadline <= this.nowMs) this.#wake(host);
      else if (host.state === "running") this.#planWake(host);
    });
  }

  #wake(host: Host): void {
    this.feed(host, { type: "wake" });
  }

  #perform(host: Host, output: Output): void {
    switch (output.type) {
      case "persist":
        for (const { key, value } of output.records) host.records.set(key, value);
        return;
      case "sign":
        this.#sign(host, output.statement);
        return;
      case "send": {
        const peer = this.#find(output.to);
        this.sent.set(output.message.type, (this.sent.get(output.message.type) ?? 0) + 1);
        if (output.message.type === "probe") {
          this.probes.push({ atMs: this.nowMs, from: host.person.name, to: peer?.person.name ?? "?" });
        }
        if (peer === undefined || !host.sessions.has(peer)) {
          this.#later(host, { type: "unsent", to: output.to, message: output.message.type });
        } else if (peer.sessions.has(host) && this.#carries(host, peer)) {
          this.#later(peer, { type: "message", from: host.person.agent, message: output.message });
        }
        return;
      }
      case "publishRumor":
        if (!this.gossips) return;
        this.#flood(host, (peer, from) => {
          this.feed(peer, { type: "rumor", from: from.person.agent, rumor: output.rumor });
        });
        return;
      case "dial":
        this.#dial(host, output);
        return;
      case "hangUp":
      case "release": {
        const peer = this.#find(output.peer);
        if (peer !== undefined) this.#close(host, peer);
        return;
      }
      case "tell":
        this.events.push({ atMs: this.nowMs, name: host.person.name, event: output.event });
        return;
      case "reply":
        this.replies.push(output.id);
        return;
      default:
        throw new Error(`not an output of a swarm: ${output.type}`);
    }
  }

  #sign(host: Host, statement: Extract<Output, { type: "sign" }>["statement"]): void {
    this.#later(host, { type: "signed", statement: sign(host.person, statement) }, 0);
  }

  #dial(host: Host, { peer, purpose, timeoutMs, addresses }: Extract<Output, { type: "dial" }>): void {
    const other = this.#find(peer);
    this.dials.push({ from: host.person.name, to: other?.person.name ?? "?", timeoutMs });
    const life = host.life;
    const end = (result: DialResult, afterMs: number): void => {
      this.#at(afterMs, () => {
        if (host.life !== life) return;
        if (result === "connected" && other !== undefined) this.#meet(host, other);
        this.feed(host, { type: "dialed", peer, purpose, result });
      });
    };
    const isThere = other !== undefined && addresses.includes(`/test/${other.person.name}`);
    if (isThere && this.refuses(host.person.name, other.person.name)) end("refused", 2 * latencyMs);
    else if (!isThere || !this.passes(host.person.name, other.person.name)) end("cut", timeoutMs);
    else if (other.state === "killed") end("refused", 2 * latencyMs);
    else if (other.state === "paused") end("silent", timeoutMs);
    else end("connected", 3 * latencyMs);
  }

  /** The gate of a body: who is evicted is shown why, and gets no session. */
  #turnAway(host: Host, guest: Host): boolean {
    const eviction = host.swarm.evictionOf(guest.person.certificate);
    if (eviction === undefined) return false;
    this.#later(guest, { type: "turnedAway", eviction }, latencyMs);
    return true;
  }

  #meet(left: Host, right: Host): void {
    if (left.sessions.has(right) || left.state !== "running" || right.state !== "running") return;
    if (this.#turnAway(left, right) || this.#turnAway(right, left)) return;
    const [mine, theirs] = [left.swarm.ownMember(), right.swarm.ownMember()];
    if (mine === undefined || theirs === undefined) return;
    this.#metMs.set([left.person.name, right.person.name].sort().join(), this.nowMs);
    left.sessions.add(right);
    // What stood at the other end alone is gone when another session comes.
    if (right.sessions.has(left)) this.feed(right, { type: "disconnected", peer: left.person.agent });
    right.sessions.add(left);
    this.feed(left, { type: "connected", peer: right.person.agent, member: theirs });
    this.feed(right, { type: "connected", peer: left.person.agent, member: mine });
  }

  #close(left: Host, right: Host): void {
    if (!left.sessions.delete(right)) return;
    this.#later(left, { type: "disconnected", peer: right.person.agent }, 1);
    // Across a cut the other end does not hear of it, and stands.
    if (!this.passes(left.person.name, right.person.name)) return;
    if (right.sessions.delete(left)) this.#later(right, { type: "disconnected", peer: left.person.agent }, 1);
  }

  #flood(source: Host, deliver: (host: Host, from: Host) => void): void {
    for (const { host, from, hops } of flood(source, (one, other) => this.#carries(one, other)))
      this.#at(hops * gossipMs, () => deliver(host, from));
  }

  /** Whether the session of two carries what the first says. */
  #carries(from: Host, to: Host): boolean {
    const way = [from.person.name, to.person.name] as const;
    return this.passes(...way) && !this.isDeaf(...way);
  }

  #later(host: Host, input: SwarmInput, afterMs: number = latencyMs): void {
    const life = host.life;
    this.#at(afterMs, () => {
      if (host.life === life) this.feed(host, input);
    });
  }

  #find(agent: AgentId): Host | undefined {
    for (const host of this.hosts.values()) if (host.person.agent === agent) return host;
    return undefined;
  }

  #at(afterMs: number, run: () => void): void {
    this.#agenda.add(this.nowMs + afterMs, run);
  }
}
