import { type Input, incarnationKey, type JournalRecord, type Output, voteKey } from "@antibody/core";
import { expect, test } from "vitest";
import { unwrittenRecordsMax } from "../../src/mind/barrier.ts";
import { Driver } from "../../src/mind/driver.ts";
import { motd, peer, ScriptedMind, StandingClock, settle, writtenPorts } from "./script.ts";

/** An agent whose disk can be filled; each input is answered by the outputs that were last set. */
class FullDisk {
  full = true;
  outputs: readonly Output[] = [];
  readonly said: string[] = [];
  readonly written = new Map<string, unknown>();
  /** What the journal holds already, so that it takes no room. */
  readonly durable = new Set<string>();
  readonly clock = new StandingClock();
  readonly #driver: Driver;

  constructor() {
    const ports = writtenPorts(this.said);
    this.#driver = new Driver({
      mind: new ScriptedMind((input: Input) => {
        if (input.type === "outcome") this.said.push(`outcome ${JSON.stringify(input.result)}`);
        return input.type === "wake" || input.type === "command" ? this.outputs : [];
      }),
      clock: this.clock,
      ports: {
        ...ports,
        journal: {
          persist: (durability, records) => {
            if (records.every(({ key }) => this.durable.has(key))) return;
            if (this.full) throw Object.assign(new Error("database or disk is full"), { errcode: 13 });
            ports.journal.persist(durability, records);
            for (const { key, value } of records) this.written.set(key, value);
          },
        },
      },
      recorder: { record: () => undefined },
      onStopped: () => this.said.push("stopped"),
      onBroken: (error) => this.said.push(`broken: ${error instanceof Error ? error.message : ""}`),
    });
  }

  /** One step whose outputs are these; what was said of it. */
  async step(...outputs: readonly Output[]): Promise<readonly string[]> {
    const before = this.said.length;
    this.outputs = outputs;
    this.#driver.feed({ type: "wake" });
    await settle();
    return this.said.slice(before);
  }

  async freed(): Promise<readonly string[]> {
    const before = this.said.length;
    this.full = false;
    this.outputs = [];
    this.clock.advanceTo(this.clock.alarmMs);
    await settle();
    return this.said.slice(before);
  }

  command(...outputs: readonly Output[]): Promise<unknown> {
    this.outputs = outputs;
    return this.#driver.command({ type: "resume", target: "*" });
  }
}

const sync = (...records: readonly JournalRecord[]): Output => ({
  type: "persist",
  durability: "sync",
  records,
});
const batched = (...records: readonly JournalRecord[]): Output => ({
  type: "persist",
  durability: "batched",
  records,
});
const floor: JournalRecord = { key: "floor/a/home", value: { v: 1, epoch: 0, generation: 2 } };
const boot: JournalRecord = { key: incarnationKey, value: { v: 1, boot: 2 } };
const vote: JournalRecord = { key: voteKey, value: { v: 1 } };
const plan = { verb: "write", idempotent: true, timeoutMs: 1_000 } as never;
const watch: Output = { type: "watch", resource: motd, promise: {} as never, events: true };
const unwatch: Output = { type: "unwatch", resource: motd };
const act = (action: `${number}-${number}`): Output => ({
  type: "act",
  action,
  resource: motd,
  promise: {} as never,
  plan,
});
const signEntry = { type: "sign", statement: { type: "entry" } } as Output;
const signVote = { type: "sign", statement: { type: "vote" } } as Output;
const signSighting = { type: "sign", statement: { type: "sighting" } } as Output;
const unwritten =
  'tell agent.stateUnwritten {"code":"ENOSPC","message":"database or disk is full","recordsCount":1,"next":"antibody doctor"}';
const notBegun =
  'outcome {"type":"failed","code":"ENOSPC","detail":"not begun: what it stands on cannot be written to the state directory (database or disk is full)","begun":false}';

test("a full disk ends no agent: it looks, talks and routes on, and says what is unwritten once", async () => {
  const disk = new FullDisk();
  const others: readonly Output[] = [
    { type: "observe", resource: motd },
    { type: "hangUp", peer },
    { type: "serve", capabilities: [] },
  ];
  expect(await disk.step(sync(floor), ...others)).toEqual([
    `observe ${motd}`,
    `hangUp ${peer}`,
    "serve 0",
    unwritten,
  ]);
  expect(await disk.step(sync(floor), ...others)).toHaveLength(3);
  expect(await disk.freed()).toEqual([
    `persist sync ${floor.key}`,
    'tell agent.stateWritten {"afterMs":5000}',
  ]);
  expect(disk.written).toEqual(new Map([[floor.key, floor.value]]));
});

test("a repair waits where its promise, or its own intent, is unwritten; every other is begun", async () => {
  const disk = new FullDisk();
  // The agent starts: nothing but its own counter is unwritten, and promises are those of the journal.
  await disk.step(sync(boot), watch);
  expect(await disk.step(act("1-1"))).toEqual(["act 1-1"]);
  // An intent that must survive.
  expect(await disk.step(sync({ key: "intent/1-2", value: 1 }), act("1-2"))).toEqual([notBegun]);
  expect(await disk.step(act("1-3"))).toEqual(["act 1-3"]);
  // A newer generation changes the promise.
  await disk.step(sync(floor), watch);
  expect(await disk.step(act("1-4"))).toEqual([notBegun]);
  await disk.freed();
  expect(await disk.step(act("1-5"))).toEqual(["act 1-5"]);
});

test("a start on a full disk repairs by the policy that the journal holds", async () => {
  const disk = new FullDisk();
  disk.durable.add(floor.key);
  await disk.step(sync(boot), sync(floor), watch);
  expect(await disk.step(act("1-1"))).toEqual(["act 1-1"]);
});

test("what an unwritten generation withdraws is not undone before it is written", async () => {
  const disk = new FullDisk();
  await disk.step(sync(floor), unwatch);
  expect(await disk.step(act("1-1"))).toEqual([notBegun]);
});

test("nothing is signed under an unwritten counter; then the newest entry is, once", async () => {
  const disk = new FullDisk();
  expect(await disk.step(sync(boot), signEntry, signVote)).toEqual([unwritten]);
  expect(await disk.step(signEntry)).toEqual([]);
  expect((await disk.freed()).filter((line) => line.startsWith("sign"))).toEqual(["sign entry"]);
  expect(await disk.step(signVote)).toEqual(["sign vote"]);
});

test("a sighting stands on the boot counter alone", async () => {
  const disk = new FullDisk();
  expect(await disk.step(sync(vote), signSighting)).toEqual(["sign sighting", unwritten]);
  const rebooted = new FullDisk();
  expect(await rebooted.step(sync(boot), signSighting)).toEqual([unwritten]);
  expect((await rebooted.freed()).filter((line) => line.startsWith("sign"))).toEqual([]);
});

test("an unwritten vote is not signed, then or later; the agent's own entry is", async () => {
  const disk = new FullDisk();
  expect(await disk.step(sync(vote), signVote, signEntry)).toEqual(["sign entry", unwritten]);
  expect((await disk.freed()).filter((line) => line.startsWith("sign"))).toEqual([]);
});

test("an owner whose order could not be written is told so", async () => {
  const disk = new FullDisk();
  const reply: Output = { type: "reply", id: "c1", result: { type: "ok", detail: null } };
  expect(await disk.command(sync(floor), reply)).toMatchObject({
    type: "refused",
    message:
      "it holds from now on, but could not be written (database or disk is full): a restart would forget it",
    next: "antibody doctor",
  });
});

test("the newest value of a key is written, in whatever way it came", async () => {
  const disk = new FullDisk();
  await disk.step(sync({ key: "policy/1", value: 1 }, { key: "policy/2", value: 2 }));
  await disk.step(batched({ key: "policy/1", value: null }));
  await disk.step(sync({ key: "policy/2", value: 3 }));
  await disk.freed();
  expect(disk.written).toEqual(
    new Map([
      ["policy/1", null],
      ["policy/2", 3],
    ]),
  );
});

test("the next sync is a try too: nobody waits for the clock", async () => {
  const disk = new FullDisk();
  await disk.step(sync(floor));
  disk.full = false;
  expect(await disk.step(sync(vote), signVote)).toEqual([
    `persist sync ${voteKey}`,
    `persist sync ${floor.key}`,
    "sign vote",
    'tell agent.stateWritten {"afterMs":0}',
  ]);
});

test("more unwritten records than a mind can hold are a broken agent", async () => {
  const disk = new FullDisk();
  const many = Array.from({ length: unwrittenRecordsMax + 1 }, (_, index) => ({
    key: `a/${index}`,
    value: 1,
  }));
  expect((await disk.step(sync(...many))).at(-1)).toMatch(/^broken: more than 65536 records/);
});
