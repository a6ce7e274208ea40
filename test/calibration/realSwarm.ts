import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { promisify } from "node:util";
import { nodeCrypto } from "@antibody/agent/state";
import { parseResourceId, parseStreamName, sealBundle } from "@antibody/policy";
import type { AgentProcess, LoggedEvent } from "../../packages/cli/src/demo/agent-process.ts";
import { allHold, eventually, form, makeAuthor, readPlainKey, type TestColony } from "../harness/colonies.ts";
import { document } from "./modelSwarm.ts";
import { type SwarmFigures, type SwarmPlan, spreadOf } from "./swarmFigures.ts";

const run = promisify(execFile);

/** Flags of Node that put agents on the links of `slowLinks.ts`. */
export const slowLinksFlags = ["--import", join(import.meta.dirname, "slowLinks.ts")] as const;
/** What Yamux keeps to itself on each connection: a ping, and the answer to the other end's, this often. */
const keepAlive = { packets: 2, bytes: 60, everyMs: 30_000 } as const;
/** gossip offers a message for three heartbeats: after that a swarm is at rest. */
const lastWordMs = 5_000;

/**
 * Real agents on loopback, looked at from outside: their logs, and the kernel's counts of their sockets. Of what they
 * send at rest the pings of Yamux are taken off, which the model does not have.
 */
export async function runRealSwarm(test: TestColony, plan: SwarmPlan): Promise<SwarmFigures> {
  const { colony } = test;
  const names = Array.from({ length: plan.agents }, (_, index) => `agent-${index}`);
  await form(test, names);
  const publish = await makePublisher(test, names[0] ?? "");
  await publish(colony.agent(names[0] ?? ""), 0);
  await activated(colony.agents, 0);
  await pass(lastWordMs);

  const rest = await during(colony.agents, () => pass(plan.restWindowMs));

  const arrivals: (readonly number[])[] = [];
  const publishBytes: number[] = [];
  for (let generation = 1; generation <= plan.publishes; generation += 1) {
    const { bytes } = await during(colony.agents, async () => {
      const untilNext = pass(plan.publishEveryMs);
      const sinceMs = performance.now();
      await publish(colony.agent(names[generation % names.length] ?? ""), generation);
      const times = await activated(colony.agents, generation);
      arrivals.push(times.map((atMs) => atMs - sinceMs));
      await untilNext;
    });
    publishBytes.push(bytes);
  }

  const deaths: (readonly number[])[] = [];
  let falseDeaths = 0;
  for (let index = 1; index <= plan.kills; index += 1) {
    const subject = colony.agent(names[index] ?? "");
    const survivors = colony.living.filter(({ name }) => name !== subject.name);
    const sinceMs = performance.now();
    subject.kill("SIGKILL");
    await eventually("all survivors to know", () =>
      survivors.every((agent) => toldDead(agent, sinceMs).some((line) => line["name"] === subject.name)),
    );
    const told = survivors.flatMap((agent) => toldDead(agent, sinceMs));
    const ofSubject = told.filter((line) => line["name"] === subject.name);
    falseDeaths += told.length - ofSubject.length;
    deaths.push(ofSubject.map(({ atMs }) => atMs - sinceMs));
    await colony.start(subject.name);
    await eventually("everyone to reach everyone", () => allHold(colony.living, names, "reachable"));
  }

  const each = plan.agents * (plan.restWindowMs / 1_000);
  const pings = (rest.sockets * plan.restWindowMs) / keepAlive.everyMs;
  return {
    restMessages: (rest.packets - pings * keepAlive.packets) / each,
    restBytes: (rest.bytes - pings * keepAlive.bytes) / each,
    publishBytes: Math.min(...publishBytes) / plan.agents,
    arrivals: spreadOf(arrivals, plan.agents),
    deaths: spreadOf(deaths, plan.agents - 1),
    falseDeaths,
    connections: rest.sockets / plan.agents,
  };
}

function toldDead(agent: AgentProcess, sinceMs: number): readonly LoggedEvent[] {
  return agent.events("swarm.dead").filter(({ atMs }) => atMs >= sinceMs);
}

/** Waits until a generation is in force everywhere; when each agent's log told of it. */
async function activated(agents: readonly AgentProcess[], generation: number): Promise<readonly number[]> {
  const atOf = (agent: AgentProcess): number | undefined =>
    agent.lines.findLast((line) => line.event === "policy.activated" && line["generation"] === generation + 1)
      ?.atMs;
  await eventually("the bundle to arrive", () => agents.every((agent) => atOf(agent) !== undefined));
  return agents.map((agent) => atOf(agent) ?? Number.NaN);
}

async function makePublisher(
  test: TestColony,
  on: string,
): Promise<(to: AgentProcess, generation: number) => Promise<void>> {
  const { keyFile } = await makeAuthor(test, on);
  const author = await readPlainKey(keyFile);
  const stream = parseStreamName("home");
  const resource = parseResourceId("file:/etc/motd");
  if (stream === undefined || resource === undefined) throw new Error("names that are sound");
  return async (to, generation) => {
    const bundle = sealBundle({
      author: author.author,
      stream,
      epoch: author.root.epoch,
      generation: generation + 1,
      documents: [{ ...document, promises: { [resource.id]: { content: `generation ${generation}\n` } } }],
      signer: author.key,
      crypto: nodeCrypto(),
    });
    const first = generation === 0 ? author.roots : [];
    for (const bytes of [...first, ...bundle.fragments, bundle.manifest]) await to.client.offer(bytes);
  };
}

interface Counts {
  readonly packets: number;
  readonly bytes: number;
  readonly sockets: number;
}

/** What agents sent over TCP, in packets that carry data while something runs. */
async function during(agents: readonly AgentProcess[], work: () => Promise<void>): Promise<Counts> {
  const pids = agents.map(({ pid }) => pid);
  const socketsBefore = await socketsOf(pids);
  await work();
  const socketsAfter = await socketsOf(pids);
  let packets = 0;
  let bytes = 0;
  for (const [socket, counts] of socketsAfter) {
    const before = socketsBefore.get(socket);
    packets += counts.packets - (before?.packets ?? 0);
    bytes += counts.bytes - (before?.bytes ?? 0);
  }
  return { packets, bytes, sockets: socketsAfter.size };
}

async function socketsOf(
  pids: readonly number[],
): Promise<ReadonlyMap<string, { readonly packets: number; readonly bytes: number }>> {
  const { stdout } = await run("ss", ["-OHtnip", "state", "established"], { maxBuffer: 64 * 1_048_576 });
  const sockets = new Map<string, { readonly packets: number; readonly bytes: number }>();
  for (const line of stdout.split("\n")) {
    const pid = Number(/pid=(\d+),/.exec(line)?.[1]);
    if (!pids.includes(pid)) continue;
    const [, , local = "", peer = ""] = line.trim().split(/\s+/);
    const count = (name: string): number => Number(new RegExp(`\\b${name}:(\\d+)`).exec(line)?.[1] ?? 0);
    sockets.set(`${local} ${peer}`, { packets: count("data_segs_out"), bytes: count("bytes_sent") });
  }
  return sockets;
}
