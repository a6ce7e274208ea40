import type { Input, Output } from "@antibody/core";
import { expect, test } from "vitest";
import { Driver, type DriverOptions } from "../../src/mind/driver.ts";
import { inputQueueMax } from "../../src/mind/inputQueue.ts";
import { motd, peer, ScriptedMind, StandingClock, settle, signedStatement, writtenPorts } from "./script.ts";

interface Bench {
  readonly driver: Driver;
  readonly mind: ScriptedMind;
  readonly clock: StandingClock;
  /** What ports, recorder and driver were asked, in order. */
  readonly said: string[];
}

function bench(
  answer: (input: Input, count: number) => readonly Output[],
  change: (said: string[], driver: () => Driver) => Partial<DriverOptions["ports"]> = () => ({}),
): Bench {
  const said: string[] = [];
  const mind = new ScriptedMind(answer);
  const clock = new StandingClock();
  const driver: Driver = new Driver({
    mind,
    clock,
    ports: writtenPorts(
      said,
      change(said, () => driver),
    ),
    recorder: {
      record: (input, _now, outputs) =>
        void said.push(`> ${input.type}${outputs === undefined ? " threw" : ""}`),
    },
    onStopped: () => said.push("stopped"),
    onBroken: (error) => said.push(`broken: ${error instanceof Error ? error.message : ""}`),
  });
  return { driver, mind, clock, said };
}

const wake: Input = { type: "wake" };
const disconnected: Input = { type: "disconnected", peer };
const observe: Output = { type: "observe", resource: motd };
const hangUp: Output = { type: "hangUp", peer };

test("outputs run in order, and a step's outputs before the next step", async () => {
  const { driver, said } = bench((input) => {
    if (input.type === "wake") {
      const records = [{ key: "floor/a", value: { v: 1 } }];
      return [{ type: "persist", durability: "sync", records }, observe, hangUp];
    }
    return [{ type: "serve", capabilities: [] }];
  });
  driver.feed(wake);
  driver.feed(disconnected);
  expect(said).toEqual([]);
  await settle();
  expect(said).toEqual([
    "> wake",
    "persist sync floor/a",
    `observe ${motd}`,
    `hangUp ${peer}`,
    "> disconnected",
    "serve 0",
  ]);
});

test("an input fed while an output is carried out waits for the rest of the step", async () => {
  const { driver, said } = bench(
    (input) => (input.type === "wake" ? [observe, hangUp] : []),
    (said, driver) => ({
      device: {
        ...writtenPorts(said).device,
        observe: (resource) => {
          said.push(`observe ${resource}`);
          driver().feed({ type: "observed", resource, observation: {} });
        },
      },
    }),
  );
  driver.feed(wake);
  await settle();
  expect(said).toEqual(["> wake", `observe ${motd}`, `hangUp ${peer}`, "> observed"]);
});

test("what is published is on its way before the disk is waited for, and no step comes between", async () => {
  const { driver, said } = bench(
    (input) => {
      if (input.type !== "wake") return [hangUp];
      const records = [{ key: "floor/a", value: { v: 1 } }];
      const publish = { type: "publishPolicy", bytes: new Uint8Array(3) } as const;
      return [publish, { type: "persist", durability: "sync", records }, observe];
    },
    (said) => ({
      network: {
        ...writtenPorts(said).network,
        publishPolicy: () => queueMicrotask(() => void Promise.resolve().then(() => said.push("sent"))),
      },
    }),
  );
  driver.feed(wake);
  driver.feed(disconnected);
  await driver.idle();
  expect(said).toEqual([
    "> wake",
    "sent",
    "persist sync floor/a",
    `observe ${motd}`,
    "> disconnected",
    `hangUp ${peer}`,
  ]);
});

test("what was signed comes back before whatever waits, in the order of signing", async () => {
  const entry = { type: "sign", statement: { type: "entry" } } as Output;
  const vote = { type: "sign", statement: { type: "vote" } } as Output;
  const { driver, mind, said } = bench((input) => (input.type === "wake" ? [entry, vote, hangUp] : []));
  driver.feed(wake);
  driver.feed(disconnected);
  await settle();
  expect(said).toEqual([
    "> wake",
    "sign entry",
    "sign vote",
    `hangUp ${peer}`,
    "> signed",
    "> signed",
    "> disconnected",
  ]);
  expect(mind.seen[1]?.input).toEqual({ type: "signed", statement: signedStatement });
});

test("a command is answered by the mind's reply to it", async () => {
  const { driver } = bench((input) =>
    input.type === "command"
      ? [{ type: "reply", id: input.id, result: { type: "ok", detail: input.command.type } }]
      : [],
  );
  const replies = await Promise.all([
    driver.command({ type: "resume", target: "*" }),
    driver.command({ type: "step", target: motd }),
  ]);
  expect(replies).toEqual([
    { type: "ok", detail: "resume" },
    { type: "ok", detail: "step" },
  ]);
});

test("commands beyond the bound, and those that the end overtakes, are refused", async () => {
  const { driver } = bench(() => []);
  const asked = Array.from({ length: 65 }, () => driver.command({ type: "resume", target: "*" }));
  expect(await asked[64]).toMatchObject({ type: "refused", next: "Try again in a moment." });
  driver.end();
  expect(await asked[0]).toMatchObject({ type: "refused", message: "the agent is stopping" });
  expect(await driver.command({ type: "stop" })).toMatchObject({ type: "refused" });
});

test("the mind is woken when it asked to be, and a late wake is told", async () => {
  const { driver, mind, clock, said } = bench((input) => {
    mind.wakeAt = input.type === "disconnected" ? 5_000 : Number.POSITIVE_INFINITY;
    return [];
  });
  driver.feed(disconnected);
  await settle();
  expect(clock.alarmMs).toBe(5_000);
  clock.advanceTo(4_999);
  await settle();
  expect(said).toEqual(["> disconnected"]);
  clock.advanceTo(5_000);
  await settle();
  expect(said).toEqual(["> disconnected", "> wake"]);
  expect(clock.alarmMs).toBe(Number.POSITIVE_INFINITY);
  driver.feed(disconnected);
  await settle();
  clock.advanceTo(5_000);
  driver.feed(disconnected);
  await settle();
  clock.advanceTo(5_700);
  await settle();
  expect(said).toContain('tell agent.late {"lateMs":700,"lateMsMax":700}');
  expect(driver.statistics().lateMsMax).toBe(700);
});

test("a mind that throws ends everything: the input is recorded, nothing is stepped any more", async () => {
  const { driver, said, clock } = bench((input) => {
    if (input.type === "disconnected") throw new Error("two members of one key");
    return [observe];
  });
  driver.feed(wake);
  driver.feed(disconnected);
  driver.feed(wake);
  await settle();
  driver.feed(wake);
  await settle();
  expect(said).toEqual([
    "> wake",
    `observe ${motd}`,
    "> disconnected threw",
    "broken: two members of one key",
  ]);
  expect(clock.alarmMs).toBe(Number.POSITIVE_INFINITY);
});

test("lost history is told, and told again when it is written", async () => {
  let full = true;
  const records = [{ key: "a", value: 1 }];
  const { driver, said } = bench(
    () => [{ type: "persist", durability: "batched", records }, observe],
    (said) => ({
      journal: {
        persist: () => {
          if (full) throw new Error("disk full");
          said.push("written");
        },
      },
    }),
  );
  driver.feed(wake);
  driver.feed(wake);
  await settle();
  const failed = 'tell agent.historyFailed {"message":"disk full"}';
  expect(said).toEqual(["> wake", failed, `observe ${motd}`, "> wake", `observe ${motd}`]);
  full = false;
  driver.feed(wake);
  await settle();
  expect(said.slice(5)).toEqual(["> wake", "written", "tell agent.historyWritten {}", `observe ${motd}`]);
});

test("when too many inputs wait, what is said again anyway is dropped, and nothing else", async () => {
  const { driver, mind, said } = bench(() => []);
  const rumor: Input = { type: "rumor", from: peer, rumor: { type: "deaths", deaths: [] } };
  for (let n = 0; n < inputQueueMax; n += 1) driver.feed(disconnected);
  driver.feed(rumor);
  driver.feed({ type: "outcome", action: "1-1", result: { type: "canceled" } });
  while (mind.seen.length < inputQueueMax + 1) await settle();
  expect(mind.seen.at(-1)?.input.type).toBe("outcome");
  expect(driver.statistics().droppedCount).toBe(1);
  expect(said.filter((line) => line.startsWith("tell"))).toEqual(['tell agent.overloaded {"dropped":1}']);
});

test("many inputs in a row leave the event loop its turn", async () => {
  const { driver, mind } = bench(() => []);
  for (let n = 0; n < 2_000; n += 1) driver.feed(disconnected);
  await new Promise((turned) => setImmediate(turned));
  expect(mind.seen.length).toBeLessThan(2_000);
  expect(mind.seen.length).toBeGreaterThan(0);
  while (mind.seen.length < 2_000) await settle();
});

test("the end that the mind announces is handed on", async () => {
  const { driver, said } = bench(() => [hangUp, { type: "stopped" }]);
  driver.feed(wake);
  await settle();
  expect(said).toEqual(["> wake", `hangUp ${peer}`, "stopped"]);
});
