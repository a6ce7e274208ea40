import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Output } from "../../src/contract/output.ts";
import type { Incarnation, SignedStatement } from "../../src/contract/statements.ts";
import type { Turn } from "../../src/contract/turn.ts";
import { Random } from "../../src/random.ts";
import { defaultSettings } from "../../src/settings.ts";
import type { SwarmInput } from "../../src/swarm/intake.ts";
import type { SwarmOptions } from "../../src/swarm/parts.ts";
import { Swarm } from "../../src/swarm/swarm.ts";
import { FakePolicy } from "./fakePolicy.ts";
import { enrol, fakeCrypto, memberOf, sightingOf, sign, swarmId, voteOf } from "./people.ts";
import { World } from "./world.ts";

const own = enrol("own");
/** Enough for rings, few enough that they meet in one run. */
const peers = Array.from({ length: 15 }, (_, index) => enrol(`peer-${index}`));
const peerOf = (index: number): (typeof peers)[number] => peers[index % peers.length] ?? own;

const options: SwarmOptions = {
  agent: own.agent,
  swarm: swarmId,
  certificate: own.certificate,
  build: "test",
  settings: {
    ...defaultSettings,
    cutVoteAfterMs: 3_000,
    stalledVoteAfterMs: 5_000,
    voteLifetimeMs: 9_000,
    sightingLifetimeMs: 9_000,
  },
  crypto: fakeCrypto,
};

/** What happens next: either an input, or something done with the last statement to be signed. */
type Happening =
  | SwarmInput
  | { readonly type: "sign" }
  | { readonly type: "leave" }
  | { readonly type: "announce" };
interface Step {
  readonly afterMs: number;
  readonly what: Happening;
}

const incarnation: fc.Arbitrary<Incarnation> = fc.tuple(
  fc.constant(1),
  fc.integer({ min: 1, max: 3 }),
  fc.integer({ min: 0, max: 2 }),
);
const peer = fc.nat({ max: peers.length - 1 });
const member = fc
  .record({ peer, incarnation, status: fc.constantFrom("alive" as const, "alive" as const, "left" as const) })
  .map(({ peer: index, incarnation: at, status }) => memberOf(peerOf(index), at, { status }));
const vote = fc
  .record({
    observer: peer,
    further: fc.integer({ min: 1, max: peers.length - 1 }),
    incarnation,
    n: fc.nat({ max: 5 }),
  })
  .map(({ observer, further, incarnation: at, n }) =>
    voteOf(peerOf(observer), peerOf(observer + further), at, n),
  );
const death = fc
  .record({ subject: peer, incarnation, voters: fc.uniqueArray(peer, { minLength: 1, maxLength: 14 }) })
  .map(({ subject, incarnation: at, voters }) => ({
    subject: peerOf(subject).agent,
    incarnation: at,
    votes: voters
      .filter((voter) => voter !== subject)
      .map((voter) => voteOf(peerOf(voter), peerOf(subject), at))
      .sort((left, right) => (left.vote.observer < right.vote.observer ? -1 : 1)),
  }));
const sighting = fc
  .record({
    observer: peer,
    further: fc.integer({ min: 1, max: peers.length - 1 }),
    incarnation,
    finding: fc.constantFrom("missing" as const, "missing" as const, "present" as const),
    n: fc.nat({ max: 5 }),
  })
  .map(({ observer, further, incarnation: at, finding, n }) =>
    sightingOf(peerOf(observer), peerOf(observer + further), at, finding, n),
  );
const agent = peer.map((index) => peerOf(index).agent);
const digests = fc.record({ members: fc.constantFrom("x", "y"), policy: fc.constantFrom("none", "z") });

const message: fc.Arbitrary<SwarmInput> = fc.record({
  type: fc.constant("message" as const),
  from: agent,
  message: fc.oneof(
    fc.record({ type: fc.constant("probe" as const), sequence: fc.nat({ max: 9 }), digests }),
    fc.record({
      type: fc.constant("probe" as const),
      sequence: fc.nat({ max: 9 }),
      digests,
      accusation: fc.record({ incarnation }),
    }),
    fc.record({ type: fc.constant("ack" as const), sequence: fc.nat({ max: 30 }), digests, incarnation }),
    fc.record({ type: fc.constant("probeRequest" as const), sequence: fc.nat({ max: 9 }), subject: agent }),
    fc.record({
      type: fc.constant("probeReport" as const),
      sequence: fc.nat({ max: 9 }),
      subject: agent,
      answered: fc.boolean(),
    }),
    fc.record({ type: fc.constant("votes" as const), votes: fc.array(vote, { maxLength: 4 }) }),
    fc.record({
      type: fc.constant("digest" as const),
      buckets: fc.constant([]),
      policy: fc.constant({ ids: ["p"], streams: [] }),
    }),
    fc.record({
      type: fc.constant("summary" as const),
      members: fc.array(fc.record({ agent, incarnation, dead: fc.boolean() }), { maxLength: 4 }),
      buckets: fc.uniqueArray(fc.nat({ max: 255 }), { maxLength: 200 }),
      policy: fc.constant({ ids: [], streams: [] }),
    }),
    fc.record({ type: fc.constant("want" as const), members: fc.array(agent), policy: fc.constant([]) }),
    fc.record({
      type: fc.constant("items" as const),
      members: fc.array(member, { maxLength: 4 }),
      deaths: fc.array(death, { maxLength: 2 }),
      policy: fc.constant([]),
    }),
  ),
});

const dialResult = fc.constantFrom(
  "connected" as const,
  "refused" as const,
  "silent" as const,
  "cut" as const,
  "failed" as const,
);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Happening>({ type: "wake" }) },
  { weight: 3, arbitrary: fc.constant<Happening>({ type: "sign" }) },
  { weight: 8, arbitrary: message },
  {
    weight: 4,
    arbitrary: fc.record({ index: peer, incarnation }).map(({ index, incarnation: at }): Happening => {
      return { type: "connected", peer: peerOf(index).agent, member: memberOf(peerOf(index), at) };
    }),
  },
  { weight: 2, arbitrary: agent.map((peerId): Happening => ({ type: "disconnected", peer: peerId })) },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant("dialed" as const),
      peer: agent,
      purpose: fc.constantFrom("session" as const, "fresh" as const),
      result: dialResult,
    }),
  },
  { weight: 1, arbitrary: agent.map((to): Happening => ({ type: "unsent", to, message: "probe" })) },
  {
    weight: 2,
    arbitrary: fc
      .record({ from: agent, deaths: fc.array(death, { minLength: 1, maxLength: 3 }) })
      .map(({ from, deaths }): Happening => ({ type: "rumor", from, rumor: { type: "deaths", deaths } })),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ from: agent, sightings: fc.array(sighting, { minLength: 1, maxLength: 4 }) })
      .map(({ from, sightings }): Happening => {
        return { type: "rumor", from, rumor: { type: "sightings", sightings } };
      }),
  },
  { weight: 1, arbitrary: fc.constant<Happening>({ type: "addresses", addresses: ["/test/moved"] }) },
  { weight: 1, arbitrary: fc.constant<Happening>({ type: "announce" }) },
);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ afterMs: fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 1_500 })), what: happening }),
  { minLength: 10, maxLength: 120 },
);

/** One mind's swarm with its own stream, as the mind keeps them. */
class Runner {
  swarm: Swarm;
  random: Random;
  toSign: Extract<Output, { type: "sign" }>["statement"][] = [];
  readonly policy = new FakePolicy();

  constructor(swarm: Swarm, random: Random) {
    this.swarm = swarm;
    this.random = random;
  }

  step(what: Happening, nowMs: number): string {
    const outputs: Output[] = [];
    const turn: Turn = {
      now: { monoMs: nowMs, wallMs: 0 },
      random: this.random,
      emit: (output) => outputs.push(output),
      tell: (name, level, fields) => outputs.push({ type: "tell", event: { name, level, fields } }),
    };
    if (what.type === "leave") this.swarm.leave(turn);
    else if (what.type === "announce") this.swarm.announce([`c${nowMs % 3}`], turn);
    else if (what.type === "sign") {
      const statement = this.#sign();
      if (statement !== undefined) this.swarm.handle({ type: "signed", statement }, this.policy, turn);
    } else this.swarm.handle(what, this.policy, turn);
    for (const output of outputs) if (output.type === "sign") this.toSign.push(output.statement);
    const now = { monoMs: nowMs, wallMs: 0 };
    return JSON.stringify([outputs, this.swarm.deadline, this.swarm.revision, this.swarm.inspect(now)]);
  }

  start(): void {
    this.swarm.start(["/test/own"], {
      now: { monoMs: 0, wallMs: 0 },
      random: this.random,
      emit: (output) => {
        if (output.type === "sign") this.toSign.push(output.statement);
      },
      tell: () => undefined,
    });
  }

  /** The same life in another process: nothing but the dump and the stream's position goes over. */
  moved(): Runner {
    const dump = structuredClone(this.swarm.dump());
    const runner = new Runner(Swarm.restore(options, dump), Random.at(this.random.position()));
    runner.toSign = [...this.toSign];
    return runner;
  }

  #sign(): SignedStatement | undefined {
    const statement = this.toSign.shift();
    return statement === undefined ? undefined : sign(own, statement);
  }
}

describe("a swarm", () => {
  test("goes on from its dump as if nothing had happened, whatever happens", () => {
    fc.assert(
      fc.property(steps, fc.nat(), fc.nat({ max: 15 }), (happenings, at, knownCount) => {
        const members = peers.slice(0, knownCount).map((person) => memberOf(person, [1, 1, 0]));
        const runner = new Runner(Swarm.create(options, { records: [], members }), Random.fromSeed(at));
        runner.start();
        let moved: Runner | undefined;
        let nowMs = 0;
        for (const [index, { afterMs, what }] of happenings.entries()) {
          nowMs += afterMs;
          if (index === at % happenings.length) moved = runner.moved();
          const outputs = runner.step(what, nowMs);
          if (moved !== undefined) expect(moved.step(what, nowMs)).toBe(outputs);
        }
        expect(moved?.swarm.dump()).toEqual(runner.swarm.dump());
      }),
      { numRuns: 300 },
    );
  });

  // What it watches decides, not which list it was told last: it once asked all at once that it had spread in time.
  test("is not hurried by who leaves elsewhere, whether it was restored or not", () => {
    const members = peers.map((person) => memberOf(person, [1, 1, 0]));
    const runner = new Runner(Swarm.create(options, { records: [], members }), Random.fromSeed(1));
    runner.start();
    const observed = new Set(runner.swarm.neighborsOf(own.agent));
    for (const person of peers.filter(({ agent: id }) => observed.has(id))) {
      runner.step({ type: "connected", peer: person.agent, member: memberOf(person, [1, 1, 0]) }, 10);
    }
    // It did not run for long: everyone gets a new chance, soon but not all at once.
    runner.step({ type: "wake" }, 60_000);
    const moved = runner.moved();
    const elsewhere = peers.find(({ agent: id }) => !observed.has(id));
    if (elsewhere === undefined) throw new Error("everyone is observed");
    const left = memberOf(elsewhere, [1, 1, 1], { status: "left" });
    const goodbye: SwarmInput = {
      type: "rumor",
      from: peerOf(0).agent,
      rumor: { type: "members", members: [left] },
    };
    expect(moved.step(goodbye, 60_001)).toBe(runner.step(goodbye, 60_001));
    expect(moved.swarm.dump()).toEqual(runner.swarm.dump());
  });

  test("goes on from its dump in the midst of deaths, stalls and partitions", () => {
    const names = Array.from({ length: 15 }, (_, index) => `n${index}`);
    const play = (moveEverySteps: number): World => {
      const world = World.formed(names, {
        cutVoteAfterMs: 3_000,
        stalledVoteAfterMs: 5_000,
        voteLifetimeMs: 9_000,
      });
      world.moveEverySteps = moveEverySteps;
      world.publish("n0", "first");
      world.gossips = false;
      world.publish("n0", "second");
      world.kill("n3");
      world.run(500);
      world.kill("n4");
      world.pause("n5");
      world.run(9_000);
      const isApart = new Set(["n6", "n7", "n8", "n9"]);
      world.passes = (from, to) => isApart.has(from) === isApart.has(to);
      world.gossips = true;
      world.run(15_000);
      world.passes = () => true;
      world.resume("n5");
      world.boot("n3");
      world.run(6_000);
      return world;
    };
    const plain = play(0);
    expect(plain.told("swarm.dead").length).toBeGreaterThan(20);
    for (const moveEverySteps of [7, 31]) {
      const moved = play(moveEverySteps);
      expect(moved.lines).toEqual(plain.lines);
      expect(moved.sent).toEqual(plain.sent);
    }
  });

  test("keeps every queue within its bound, and never accuses itself", () => {
    fc.assert(
      fc.property(steps, fc.nat(), (happenings, seed) => {
        const members = peers.map((person) => memberOf(person, [1, 1, 0]));
        const runner = new Runner(Swarm.create(options, { records: [], members }), Random.fromSeed(seed));
        runner.start();
        let nowMs = 0;
        for (const { afterMs, what } of happenings) {
          nowMs += afterMs;
          runner.step(what, nowMs);
          const { queues } = runner.swarm.inspect({ monoMs: nowMs, wallMs: 0 });
          for (const { length, bound } of queues) expect(length).toBeLessThanOrEqual(bound);
          for (const statement of runner.toSign) {
            if (statement.type === "vote") expect(statement.subject).not.toBe(own.agent);
          }
          // Whatever was due is done, or a body would spin.
          const isHandled = what.type !== "sign" && what.type !== "leave" && what.type !== "announce";
          if (isHandled) expect(runner.swarm.deadline).toBeGreaterThan(nowMs);
        }
      }),
      { numRuns: 150 },
    );
  });
});
