import { defaultSettings, type Event, type Settings } from "@antibody/core";
import { type RunOptions, runScenario, type Scenario } from "@antibody/sim";

/** What is chosen, where it is not the default. */
export type Choice = Partial<
  Pick<
    Settings,
    | "ringCount"
    | "observerCount"
    | "quorumVotes"
    | "lookIntervalMs"
    | "probeTimeoutMs"
    | "freshTimeoutMs"
    | "cutVoteAfterMs"
  >
>;

/** What a choice comes to. Times count from the fault to the last agent that is told. */
export interface ChoiceFigures {
  /** That liars alone reach the quorum of one member, where 10%, 20% and 33% of all lie. */
  readonly liars: readonly number[];
  /** One host is cut off: out of reach, and dead, to everyone; median and longest of the seeds. */
  readonly cutMs: Spread;
  readonly cutDeadMs: Spread;
  /** Three of ten processes are killed at once: dead to everyone. */
  readonly massacreMs: Spread;
  /** In a run with trouble and without any death: how often an agent held a living one dead. */
  readonly falseDeaths: number;
  /** And, in the part of it in which packets are lost and nothing else happens, out of reach. */
  readonly falseMisses: number;
  /** What an agent sends in a second at rest. */
  readonly restBytes: number;
}

interface Spread {
  readonly median: number;
  readonly max: number;
}

/** The rows of the tables in docs/swarm.md; the first is what the settings are. */
export const choices: readonly Choice[] = [
  {},
  { ringCount: 3, observerCount: 6, quorumVotes: 4 },
  { ringCount: 4, observerCount: 8, quorumVotes: 5 },
  { ringCount: 4, observerCount: 8, quorumVotes: 6 },
  { quorumVotes: 5 },
  { quorumVotes: 6 },
  { quorumVotes: 8 },
  { quorumVotes: 9 },
  { ringCount: 6, observerCount: 12, quorumVotes: 8 },
  { lookIntervalMs: 400 },
  { lookIntervalMs: 1_600 },
  { probeTimeoutMs: 250 },
  { probeTimeoutMs: 1_000 },
  { freshTimeoutMs: 500 },
  { freshTimeoutMs: 2_000 },
  { cutVoteAfterMs: 5_000 },
  { cutVoteAfterMs: 20_000 },
];

const agents = 60;
const faultMs = 20_000;
const base = { title: "", agents, startSpreadMs: 0, expectations: [] } as const;

const cut: Scenario = {
  ...base,
  name: "cut",
  durationMs: 60_000,
  steps: [{ atMs: faultMs, type: "partition", sides: [{ count: 1 }] }],
};
const massacre: Scenario = {
  ...base,
  name: "massacre",
  durationMs: 60_000,
  steps: [{ atMs: faultMs, type: "kill", who: { percent: 30 } }],
};
/** Nobody dies: a tenth loses four of ten packets; later a tenth stands still for 12 s, and a tenth is cut off for 8 s. */
const lossOnlyMs = 45_000;
const trouble: Scenario = {
  ...base,
  name: "trouble",
  durationMs: 90_000,
  steps: [
    { atMs: faultMs, type: "loss", who: { percent: 10 }, lossPerMillion: 400_000, forMs: 60_000 },
    { atMs: lossOnlyMs, type: "pause", who: { percent: 10 }, forMs: 12_000 },
    { atMs: 62_000, type: "partition", sides: [{ percent: 10 }] },
    { atMs: 70_000, type: "heal" },
  ],
};

/** Runs a choice with so many seeds, from 1. */
export async function figuresOf(choice: Choice, seeds: number): Promise<ChoiceFigures> {
  const [cuts, massacres, troubles] = [[], [], []] as [Told[], Told[], Told[]];
  for (let seed = 1; seed <= seeds; seed += 1) {
    cuts.push(await toldIn(cut, choice, seed));
    massacres.push(await toldIn(massacre, choice, seed));
    troubles.push(await toldIn(trouble, choice, seed));
  }
  const { observerCount, quorumVotes } = { ...defaultSettings, ...choice };
  return {
    liars: [0.1, 0.2, 0.33].map((share) => reachedByLiars(observerCount, quorumVotes, share)),
    cutMs: spreadOf(cuts, ({ missedMs }) => missedMs),
    cutDeadMs: spreadOf(cuts, ({ deadMs }) => deadMs),
    massacreMs: spreadOf(massacres, ({ deadMs }) => deadMs),
    falseDeaths: mean(troubles.map((told) => told.falseDeaths)),
    falseMisses: mean(troubles.map((told) => told.falseMisses)),
    restBytes: mean(cuts.map((told) => told.restBytes)),
  };
}

/** The chance that so many of the observers of one member are among liars, drawn each by itself. */
export function reachedByLiars(observers: number, quorum: number, share: number): number {
  let chance = 0;
  let ways = 1;
  for (let liars = 0; liars <= observers; liars += 1) {
    if (liars >= quorum) chance += ways * share ** liars * (1 - share) ** (observers - liars);
    ways = (ways * (observers - liars)) / (liars + 1);
  }
  return chance;
}

interface Told {
  /** To the last of those that were not gone; infinite where one was never told of one of them. */
  readonly missedMs: number;
  readonly deadMs: number;
  readonly falseDeaths: number;
  readonly falseMisses: number;
  readonly restBytes: number;
}

async function toldIn(scenario: Scenario, settings: Choice, seed: number): Promise<Told> {
  const gone = new Set<string>();
  const missed = new Map<string, number>();
  const dead = new Map<string, number>();
  const wrong = { falseDeaths: 0, falseMisses: 0 };
  let nowMs = (): number => 0;
  let idOf = (name: string): string => name;
  const observer: NonNullable<RunOptions["observer"]> = {
    began(world) {
      nowMs = () => world.nowUs / 1_000;
      idOf = (name) => world.agents.find((agent) => agent.name === name)?.id ?? name;
    },
    told(agent, { name, fields }: Event) {
      const isDeath = name === "swarm.dead";
      if (nowMs() < faultMs || gone.has(agent.id) || (!isDeath && name !== "swarm.unreachable")) return;
      const peer = String(fields["peer"]);
      if (gone.has(peer)) {
        const pair = `${agent.id} ${peer}`;
        for (const times of isDeath ? [dead, missed] : [missed])
          if (!times.has(pair)) times.set(pair, nowMs() - faultMs);
      } else if (isDeath) wrong.falseDeaths += 1;
      else if (nowMs() < lossOnlyMs) wrong.falseMisses += 1;
    },
    stepped({ type }, drawn) {
      const isEnd = scenario !== trouble && (type === "kill" || type === "partition");
      if (isEnd) for (const names of drawn.values()) for (const name of names) gone.add(idOf(name));
    },
    looked: () => undefined,
    ended: () => undefined,
  };
  const { swarm } = await runScenario({ scenario: { ...scenario, settings }, seed, observer });
  const pairs = gone.size * (agents - gone.size);
  const last = (times: ReadonlyMap<string, number>): number =>
    times.size < pairs ? Number.POSITIVE_INFINITY : Math.max(0, ...times.values());
  return {
    missedMs: last(missed),
    deadMs: last(dead),
    ...wrong,
    restBytes: swarm.traffic.rest.bytesPerSecond,
  };
}

function spreadOf(told: readonly Told[], of: (one: Told) => number): Spread {
  const sorted = told.map(of).sort((left, right) => left - right);
  return { median: sorted[Math.floor(sorted.length / 2)] ?? 0, max: sorted.at(-1) ?? 0 };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
