import type { AgentId } from "@antibody/policy";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JournalRecord } from "../../src/contract/output.ts";
import { leaseTakeoverMs } from "../../src/roles/bounds.ts";
import { type LeaseLetter, Leases } from "../../src/roles/lease/leases.ts";
import { bindingMs, stopBeforeMs, type Terms, termsOf } from "../../src/roles/lease/terms.ts";
import { defaultSettings } from "../../src/settings.ts";
import { Clock, testCrypto } from "../healing/bench.ts";

const role = "db";
const agents = [..."abcde"].map((letter) => `agent_${letter.repeat(52)}` as AgentId);

/** A member of the lease: its clock may run at another pace than the world's, and stand while it is paused. */
class Voter {
  readonly agent: AgentId;
  readonly clock: Clock;
  readonly pace: number;
  leases: Leases;
  /** What its disk holds: what was persisted, whatever happened to the process. */
  readonly disk = new Map<string, JournalRecord>();
  isDown = false;
  isPaused = false;
  isFree = true;

  constructor(agent: AgentId, seed: number, pace: number) {
    this.agent = agent;
    this.clock = new Clock(seed);
    this.pace = pace;
    this.leases = this.#born();
  }

  /** A process that starts again knows what its disk holds, and nothing else. */
  restart(members: readonly AgentId[]): void {
    this.leases = this.#born();
    this.isDown = false;
    this.desire(members);
  }

  desire(members: readonly AgentId[]): void {
    this.leases.desire(new Map([[role, termsOfMembers(members)]]), this.clock.turn());
    this.#save();
  }

  weigh(): readonly LeaseLetter[] {
    const letters = this.leases.weigh(role, { isFree: this.isFree, isOver: !this.isFree }, this.clock.turn());
    this.#save();
    return letters;
  }

  take(from: AgentId, message: LeaseLetter["message"]): readonly LeaseLetter[] {
    const letters = this.leases.take(from, message, this.clock.turn());
    this.#save();
    return letters;
  }

  /** Its lease counts, by its own clock: not only that it runs what goes with it. */
  get counts(): boolean {
    return this.leases.inspect(role, this.clock.monoMs)?.untilMs !== undefined;
  }

  get epoch(): number | undefined {
    return this.leases.epochOf(role, this.clock.monoMs);
  }

  #born(): Leases {
    return new Leases({ agent: this.agent, settings: defaultSettings }, [...this.disk.values()]);
  }

  #save(): void {
    for (const output of this.clock.take()) {
      if (output.type !== "persist") continue;
      expect(output.durability).toBe("sync");
      for (const record of output.records) this.disk.set(record.key, record);
    }
  }
}

interface Flying extends LeaseLetter {
  readonly from: AgentId;
  readonly atMs: number;
}

/** A few voters, and a network that loses, delays and repeats what they say to each other. */
class Group {
  readonly voters: readonly Voter[];
  readonly flying: Flying[] = [];
  readonly #random = new Clock(99).random;
  nowMs = 0;
  lossPercent = 0;
  delayMsMax = 20;
  /** Those that hear each other; everyone where it is empty. */
  island: ReadonlySet<AgentId> = new Set();
  members: readonly AgentId[];
  /** Every epoch that somebody ran by, with who it was. */
  readonly epochs = new Map<number, AgentId>();

  constructor(count: number, paces: readonly number[] = []) {
    this.members = agents.slice(0, count);
    this.voters = this.members.map((agent, index) => new Voter(agent, index + 1, paces[index] ?? 1));
    for (const voter of this.voters) voter.desire(this.members);
  }

  holders(): readonly Voter[] {
    // Who was paused goes on believing: its clock counts all the same, as one does that counts a suspended device.
    return this.voters.filter((voter) => !voter.isDown && voter.counts);
  }

  run(forMs: number): void {
    for (const endMs = this.nowMs + forMs; this.nowMs < endMs; this.nowMs += 10) {
      for (const voter of this.voters) {
        voter.clock.monoMs += 10 * voter.pace;
        if (voter.isDown || voter.isPaused) continue;
        if (voter.leases.deadline <= voter.clock.monoMs) this.#post(voter, voter.weigh());
      }
      this.#deliver();
      this.#check();
    }
  }

  #deliver(): void {
    const due = this.flying.filter(({ atMs, to }) => atMs <= this.nowMs && !this.#of(to).isPaused);
    for (const letter of due) {
      this.flying.splice(this.flying.indexOf(letter), 1);
      const receiver = this.#of(letter.to);
      if (!receiver.isDown) this.#post(receiver, receiver.take(letter.from, letter.message));
    }
  }

  #post(from: Voter, letters: readonly LeaseLetter[]): void {
    for (const letter of letters) {
      const isCut = this.island.size > 0 && this.island.has(from.agent) !== this.island.has(letter.to);
      if (isCut || this.#random.below(100) < this.lossPercent) continue;
      const copies = this.#random.below(10) === 0 ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        this.flying.push({
          ...letter,
          from: from.agent,
          atMs: this.nowMs + this.#random.below(this.delayMsMax),
        });
      }
    }
  }

  #check(): void {
    const holders = this.holders();
    if (holders.length > 1) throw new Error(`two leases: ${holders.map(({ agent }) => agent).join(" ")}`);
    for (const { agent, epoch } of this.voters) {
      if (epoch === undefined) continue;
      const before = this.epochs.get(epoch) ?? agent;
      if (before !== agent) throw new Error(`epoch ${epoch} of two: ${before} ${agent}`);
      this.epochs.set(epoch, agent);
    }
  }

  #of(agent: AgentId): Voter {
    const voter = this.voters.find((each) => each.agent === agent);
    if (voter === undefined) throw new Error(`no voter ${agent}`);
    return voter;
  }
}

function termsOfMembers(members: readonly AgentId[]): Terms {
  const terms = termsOf(role, { count: 1, majority: members }, testCrypto);
  if (terms === undefined) throw new Error("not leased");
  return terms;
}

const termsOfThree = termsOfMembers(agents.slice(0, 3));
const boundMs = leaseTakeoverMs(termsOfThree, defaultSettings);

/** Somebody who runs what goes with the role. */
function runner(group: Group): Voter {
  const [one] = group.voters.filter(({ isDown, epoch }) => !isDown && epoch !== undefined);
  if (one === undefined) throw new Error("nobody runs it");
  return one;
}

function formed(count = 3, paces: readonly number[] = []): { group: Group; first: Voter } {
  const group = new Group(count, paces);
  for (const voter of group.voters) voter.weigh();
  group.run(boundMs);
  return { group, first: runner(group) };
}

describe("a leased role", () => {
  it("is held by one, who keeps it by one vote on everyone's disk", () => {
    const { group, first } = formed();
    expect(first.epoch).toBe(1);
    group.run(10 * boundMs);
    expect(runner(group)).toBe(first);
    expect(first.epoch).toBe(1);
    for (const { disk } of group.voters) {
      expect([...disk.values()]).toEqual([
        { key: "lease/db", value: expect.objectContaining({ epoch: 1, candidate: first.agent }) },
      ]);
    }
  });

  it("goes to another in time when its holder is gone, by the next epoch", () => {
    const { group, first } = formed();
    first.isDown = true;
    group.run(bindingMs(termsOfMembers(group.members)) - 4_000);
    expect(group.voters.filter(({ isDown, epoch }) => !isDown && epoch !== undefined)).toEqual([]);
    group.run(boundMs);
    expect(runner(group)).not.toBe(first);
    expect(runner(group).epoch).toBeGreaterThan(1);
  });

  it("goes to another at once when its holder gives it back", () => {
    const { group, first } = formed();
    first.isFree = false;
    first.clock.monoMs += 1;
    for (const letter of first.weigh()) group.flying.push({ ...letter, from: first.agent, atMs: 0 });
    group.run(3_000);
    expect(runner(group)).not.toBe(first);
  });

  it("is nobody's where no majority hears each other", () => {
    const { group, first } = formed();
    for (const voter of group.voters) voter.isDown = voter !== first;
    group.run(boundMs);
    expect(first.epoch).toBeUndefined();
    expect(first.counts).toBe(false);
  });

  it("is stopped by its holder while the lease still counts", () => {
    const { group, first } = formed();
    for (const voter of group.voters) voter.isDown = voter !== first;
    let stoppedMs = Number.NaN;
    for (let waitedMs = 0; first.counts; waitedMs += 10) {
      group.run(10);
      if (first.epoch === undefined && Number.isNaN(stoppedMs)) stoppedMs = waitedMs;
      if (!first.counts) {
        const terms = termsOfMembers(group.members);
        expect(waitedMs - stoppedMs).toBeGreaterThanOrEqual(stopBeforeMs(terms) - 20);
      }
    }
  });

  it("is not taken from a holder that is only asked for by somebody with a larger number", () => {
    const { group, first } = formed();
    const [other] = group.voters.filter((voter) => voter !== first) as [Voter];
    const ask = { type: "leaseAsk", role, epoch: 900, round: 1 } as const;
    const group16 = termsOfMembers(group.members).group;
    for (const voter of group.voters) {
      if (voter === other) continue;
      expect(voter.take(other.agent, { ...ask, group: group16 })).toMatchObject([
        { message: { type: "leaseAnswer", granted: false } },
      ]);
    }
    const outsider = `agent_${"z".repeat(52)}` as AgentId;
    expect(first.take(outsider, { ...ask, group: group16 })).toEqual([]);
  });

  it("is voted for by a member that is bound for longer than the lease counts, also by a start", () => {
    const group = new Group(3);
    const [one, two, three] = group.voters as [Voter, Voter, Voter];
    const ask = (candidate: Voter, epoch: number) =>
      three.take(candidate.agent, { type: "leaseAsk", role, group: termsOfThree.group, epoch, round: 1 })[0];
    const granted = (isGranted: boolean) => ({ message: { type: "leaseAnswer", granted: isGranted } });
    expect(ask(one, 1)).toMatchObject(granted(true));
    three.clock.monoMs += 1.09 * termsOfThree.leaseMs;
    expect(ask(two, 2)).toMatchObject(granted(false));
    three.restart(group.members);
    three.clock.monoMs += 1.09 * termsOfThree.leaseMs;
    expect(ask(two, 3)).toMatchObject(granted(false));
    // Whom it is bound to may begin anew, and its number does not come back.
    expect(ask(one, 4)).toMatchObject(granted(true));
    three.clock.monoMs += bindingMs(termsOfThree);
    expect(ask(two, 4)).toMatchObject(granted(false));
    expect(ask(two, 5)).toMatchObject(granted(true));
  });

  it("is not made longer by answers to an earlier round", () => {
    const { group, first } = formed();
    const before = first.leases.inspect(role, first.clock.monoMs);
    first.clock.monoMs = first.leases.deadline;
    const asks = first.weigh().map(({ message }) => message);
    expect(asks).toMatchObject([{ type: "leaseAsk" }, { type: "leaseAsk" }]);
    for (const [index, ask] of asks.entries()) {
      if (ask.type !== "leaseAsk") throw new Error(ask.type);
      const { epoch, round } = ask;
      const from = group.voters.filter((voter) => voter !== first)[index]?.agent as AgentId;
      first.take(from, { type: "leaseAnswer", role, epoch, round: round - 1, granted: true });
    }
    expect(first.leases.inspect(role, first.clock.monoMs)).toEqual(before);
  });

  it("stays with its holder when a member is added", () => {
    const { group, first } = formed(4);
    const three = group.members.filter((agent) => agent === first.agent || agent !== agents[3]).slice(0, 3);
    for (const voter of group.voters) voter.desire(three);
    group.run(boundMs);
    const holder = runner(group);
    const { epoch } = holder;
    for (const voter of group.voters) voter.desire(group.members);
    group.run(boundMs);
    expect(runner(group)).toBe(holder);
    expect(holder.epoch).toBe(epoch);
  });
});

describe("two leases never count at one time, and no epoch has two holders", () => {
  const fault = fc.record({
    kind: fc.constantFrom("crash", "pause", "cut", "lossy", "slow", "calm", "jumpWall"),
    who: fc.nat(4),
    forMs: fc.integer({ min: 50, max: 40_000 }),
  });

  it("whatever crashes, sleeps, is cut, lost, delayed or repeated, on clocks that run a twentieth apart", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fault, { maxLength: 12 }),
        fc.array(fc.double({ min: 0.975, max: 1.025, noNaN: true }), { minLength: 5, maxLength: 5 }),
        (count, faults, paces) => {
          const group = new Group(count, paces);
          for (const voter of group.voters) voter.weigh();
          for (const { kind, who, forMs } of faults) play(group, kind, who % count, forMs);
          calm(group);
          group.run(2 * boundMs);
          // Whoever crashed is bound again for a whole lease: then somebody holds it, and goes on.
          expect(group.holders().length).toBe(1);
        },
      ),
      { numRuns: 60 },
    );
  });
});

function play(group: Group, kind: string, who: number, forMs: number): void {
  const voter = group.voters[who] as Voter;
  if (kind === "crash") {
    voter.isDown = true;
    group.run(forMs);
    voter.restart(group.members);
    voter.weigh();
    return;
  }
  if (kind === "pause") voter.isPaused = true;
  else if (kind === "cut") group.island = new Set([voter.agent]);
  else if (kind === "lossy") group.lossPercent = 40;
  else if (kind === "slow") group.delayMsMax = 9_000;
  else if (kind === "jumpWall") voter.clock.wallMs -= 1e12;
  else calm(group);
  group.run(forMs);
  if (kind === "pause") voter.isPaused = false;
}

function calm(group: Group): void {
  group.island = new Set();
  group.lossPercent = 0;
  group.delayMsMax = 20;
  for (const voter of group.voters) voter.isPaused = false;
}
