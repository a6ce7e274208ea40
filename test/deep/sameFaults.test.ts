import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { MemberView } from "@antibody/core";
import { afterEach, describe, expect, it } from "vitest";
import { Running } from "../../sim/src/running.ts";
import type { Scenario } from "../../sim/src/scenarios/scenario.ts";
import type { Deed } from "../../sim/src/scenarios/step.ts";
import { createCoreMind } from "../../sim/src/world/coreMind.ts";
import { allHold, eventually, form, makeAuthor, makeColony, type TestColony } from "../harness/colonies.ts";
import { Namespaces, whyNoRouters } from "../harness/namespaces.ts";

/** As the simulator names its agents, so that verdicts can be compared by name. */
const names = ["agent-0", "agent-1", "agent-2", "agent-3", "agent-4", "agent-5"] as const;
const victim = "agent-4";
const others = names.filter((name) => name !== victim);
/** The side of each partition that is not named is the rest. */
const sides = [
  ["agent-0", "agent-1"],
  ["agent-2", "agent-3"],
] as const;

/** Above what it takes until a silent peer is held dead by a quorum, on a machine with other work too. */
const faultMs = 40_000;
const simulatedRestMs = 15_000;

/** Who holds what of whom, where it is not "reachable": `agent-0: agent-4 dead`. */
type Verdicts = readonly string[];

interface BadLink {
  readonly what: string;
  begin(hosts: Namespaces): void;
  end(hosts: Namespaces): void;
  /** The same in the simulator; nothing where it has no such fault, and all must be as in a good network. */
  readonly simulated: readonly Deed[];
  /** What is held in the end. Undefined where it comes and goes: then nobody may be held dead, at any time. */
  readonly verdicts: Verdicts | undefined;
  /** Of the policy that is published meanwhile; a kilobyte where nothing is said. */
  readonly publishedBytes?: number;
}

const toVictim = others.map((name) => `${name}: ${victim} dead`);
const fromVictim = others.map((name) => `${victim}: ${name} unreachable`);
const beyond = (side: readonly string[]): Verdicts =>
  side.flatMap((name) =>
    names.filter((other) => !side.includes(other)).map((other) => `${name}: ${other} unreachable`),
  );
const everyone = { all: true } as const;
const cutWay = (from: readonly string[], to: readonly string[]): Deed => {
  return { type: "cut", from: { names: from }, to: { names: to } };
};

const links: readonly BadLink[] = [
  {
    what: "one hears nothing, and is heard",
    begin: (hosts) => hosts.cutOneWay(victim, "in"),
    end: (hosts) => hosts.cutOneWay(victim, "open"),
    simulated: [cutWay(others, [victim])],
    verdicts: [...toVictim, ...fromVictim],
  },
  {
    what: "one hears, and is not heard",
    begin: (hosts) => hosts.cutOneWay(victim, "out"),
    end: (hosts) => hosts.cutOneWay(victim, "open"),
    simulated: [cutWay([victim], others)],
    verdicts: [...toVictim, ...fromVictim],
  },
  {
    what: "one whose interface is down, so that it cannot even send",
    begin: (hosts) => hosts.take(victim, "down"),
    end: (hosts) => hosts.take(victim, "up"),
    simulated: [{ type: "partition", sides: [{ names: [victim] }] }],
    verdicts: [...toVictim, ...fromVictim],
  },
  {
    what: "three parts that hear nothing of each other",
    begin: (hosts) => hosts.partition(...sides),
    end: (hosts) => hosts.heal(),
    simulated: [{ type: "partition", sides: sides.map((side) => ({ names: side })) }],
    verdicts: [...sides, ["agent-4", "agent-5"]].flatMap(beyond),
  },
  ...[5, 15, 30].map(
    (percent): BadLink => ({
      what: `${percent} of a hundred packets are lost`,
      begin: (hosts) => hosts.lose(percent),
      end: (hosts) => hosts.lose(0),
      // There a packet may be lost at both of its ends.
      simulated: [{ type: "loss", who: everyone, lossPerMillion: percent * 5_000 }],
      verdicts: percent < 30 ? [] : undefined,
    }),
  ),
  {
    what: "64 kbit/s to one of them",
    begin: (hosts) => hosts.narrow(victim, 64),
    end: (hosts) => hosts.narrow(victim),
    simulated: [],
    verdicts: [],
  },
  {
    // Some seconds of what passes, from each of its peers: its probes wait behind that.
    what: "64 kbit/s to one of them, and much to hear",
    begin: (hosts) => hosts.narrow(victim, 64),
    end: (hosts) => hosts.narrow(victim),
    simulated: [],
    verdicts: undefined,
    publishedBytes: 30_000,
  },
  {
    what: "packets of two are late, twice, and overtake each other",
    begin: (hosts) => {
      for (const host of [victim, "agent-5"])
        hosts.worsen(host, { delayMs: 50, jitterMs: 100, duplicatePercent: 10 });
    },
    end: (hosts) => {
      for (const host of [victim, "agent-5"]) hosts.worsen(host, "good");
    },
    simulated: [{ type: "latency", who: { names: [victim, "agent-5"] }, addedUs: 50_000, jitterUs: 100_000 }],
    verdicts: [],
  },
];

function verdictsOf(name: string, members: readonly MemberView[]): Verdicts {
  return members
    .filter((member) => member.name !== name && member.verdict !== "reachable")
    .map((member) => `${name}: ${member.name} ${member.verdict}`);
}

/** What the simulator comes to: what is held, who was held dead at any time, and who says that it is cut off. */
interface Model {
  readonly verdicts: Verdicts;
  readonly deaths: Verdicts;
  readonly cutOff: readonly string[];
}

function simulate(deeds: readonly Deed[]): Model {
  const scenario: Scenario = {
    name: "bad-link",
    title: "What real agents are put through, too",
    agents: names.length,
    durationMs: simulatedRestMs + faultMs,
    startSpreadMs: 0,
    steps: deeds.map((deed) => ({ ...deed, atMs: simulatedRestMs })),
    expectations: [],
  };
  const deaths: string[] = [];
  const running = new Running(scenario, names.length, 1, createCoreMind, (agent, event) => {
    if (event.name === "swarm.dead") deaths.push(`${agent.name}: ${String(event.fields["name"])} dead`);
  });
  while (!running.advance(10_000));
  const verdicts = running.world.agents.flatMap((agent) =>
    verdictsOf(agent.name, running.world.inspect(agent)?.members ?? []),
  );
  const cutOff = running.world.agents.filter((agent) => running.world.inspect(agent)?.cutOff === true);
  return { verdicts: verdicts.sort(), deaths: deaths.sort(), cutOff: cutOff.map(({ name }) => name) };
}

/** Who was held dead by whom at any time, as the logs of those who run tell it. */
function deathsIn({ colony }: TestColony): Verdicts {
  return colony.living
    .flatMap((agent) => agent.events("swarm.dead").map(({ name }) => `${agent.name}: ${String(name)} dead`))
    .sort();
}

async function cutOffIn({ colony }: TestColony): Promise<readonly string[]> {
  const found: string[] = [];
  for (const agent of colony.agents) if ((await agent.inspect()).cutOff) found.push(agent.name);
  return found.sort();
}

async function verdictsIn({ colony }: TestColony, except?: string): Promise<Verdicts> {
  const all: string[] = [];
  for (const agent of colony.living.filter(({ name }) => name !== except))
    all.push(...verdictsOf(agent.name, (await agent.inspect()).members));
  return all.sort();
}

async function publish({ colony }: TestColony, keyFile: string, publishedBytes: number): Promise<void> {
  const file = join(colony.directory, "long.yaml");
  const promise = `{ content: "${"x".repeat(publishedBytes)}" }`;
  writeFileSync(file, `stream: long\nname: long\npromises:\n  file:/long: ${promise}\n`);
  await colony.command("agent-0", "publish", file, "--author", keyFile);
}

const reason = whyNoRouters();
const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

describe.skipIf(reason !== undefined)("six agents on bad links come to the verdicts of the simulator", () => {
  it.each(links)("$what", async ({ begin, end, simulated, verdicts, publishedBytes = 1_000 }) => {
    const expected = verdicts === undefined ? undefined : [...verdicts].sort();
    const model = simulate(simulated);
    if (expected !== undefined) expect(model.verdicts).toEqual(expected);

    const hosts = new Namespaces(names);
    ends.push(() => hosts.end());
    const test = makeColony({ namespaces: hosts });
    ends.push(() => test.end());
    await form(test, names);
    const { keyFile } = await makeAuthor(test, "agent-0");
    const isInForce = (): readonly boolean[] =>
      test.colony.agents.map((agent) => agent.events("policy.activated").length > 0);
    begin(hosts);
    await publish(test, keyFile, publishedBytes);
    // Not until they agree: what comes too soon, or comes and goes, is a difference as well.
    await sleep(faultMs);
    if (expected !== undefined) {
      expect(await verdictsIn(test)).toEqual(expected);
      expect(await cutOffIn(test)).toEqual(model.cutOff);
    }
    if (expected === undefined || expected.length === 0) expect(isInForce()).not.toContain(false);
    expect(deathsIn(test)).toEqual(model.deaths);
    end(hosts);
    await eventually("one view", () => allHold(test.colony.agents, names, "reachable"));
    await eventually("what was published to be in force everywhere", () => !isInForce().includes(false));
  });
});

describe("six agents of which some end, or stand still, come to the verdicts of the simulator", () => {
  async function formed(): Promise<TestColony> {
    const test = makeColony();
    ends.push(() => test.end());
    await form(test, names);
    return test;
  }

  it("two are killed at once", async () => {
    const killed = ["agent-1", victim];
    const expected = names
      .filter((name) => !killed.includes(name))
      .flatMap((name) => killed.map((other) => `${name}: ${other} dead`));
    const model = simulate([{ type: "kill", who: { names: killed } }]);
    expect(model).toMatchObject({ verdicts: expected, deaths: expected, cutOff: [] });
    const test = await formed();
    for (const name of killed) test.colony.agent(name).kill("SIGKILL");
    await eventually("all to know", () =>
      allHold(
        test.colony.living.filter(({ name }) => !killed.includes(name)),
        killed,
        "dead",
      ),
    );
    expect(await verdictsIn(test)).toEqual(expected);
    expect(deathsIn(test)).toEqual(expected);
    for (const name of killed) await test.colony.start(name);
    await eventually("one view", () => allHold(test.colony.agents, names, "reachable"));
  });

  it("one is stopped for longer than it may stand still", async () => {
    const model = simulate([{ type: "pause", who: { names: [victim] } }]);
    expect(model.verdicts).toEqual(toVictim);
    expect(model.deaths).toEqual(toVictim);
    const test = await formed();
    test.colony.agent(victim).kill("SIGSTOP");
    await sleep(faultMs);
    expect(await verdictsIn(test, victim)).toEqual(toVictim);
    expect(deathsIn(test)).toEqual(toVictim);
    test.colony.agent(victim).kill("SIGCONT");
    await eventually("one view", () => allHold(test.colony.agents, names, "reachable"));
  });

  it("all are restarted, one after the other: nobody is held dead", async () => {
    const test = await formed();
    const deaths: string[] = [];
    for (const name of names) {
      deaths.push(...deathsIn(test));
      await test.colony.agent(name).end();
      await test.colony.start(name);
      await eventually(`${name} to be back`, () => allHold(test.colony.agents, names, "reachable"));
    }
    expect([...deaths, ...deathsIn(test)]).toEqual([]);
  });
});
