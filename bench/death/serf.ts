import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { type Figures, quantile, spread } from "../figures.ts";
import { type Unpacked, unpack } from "../peers/debian.ts";
import { agentNames, type Run, waitFor } from "../run.ts";

const victims = 5;
const knowWithinMs = 120_000;
/** After all know all, so that what was learnt last has spread. */
const settleMs = 5_000;
const startedAtOnce = 10;

/** One Serf agent as a process, and what its log told of others: failures and joins, with their times. */
interface SerfAgent {
  readonly name: string;
  readonly address: string;
  readonly child: ChildProcessByStdio<null, Readable, null>;
  readonly failed: { readonly name: string; readonly atMs: number }[];
  readonly joined: Set<string>;
}

/** The same measurement of Debian's Serf with its defaults for a LAN, each agent a process on loopback. */
export async function serfDeaths(run: Run, count: number): Promise<Figures> {
  const unpacked = await unpack(run, "serf");
  const names = agentNames(count);
  const ports = await freePorts(2 * count);
  const agents = new Map<string, SerfAgent>();
  const start = (index: number): void => {
    const name = names[index] ?? "";
    const join = agents.get(names[index === 0 ? 1 : 0] ?? "")?.address;
    agents.set(name, startAgent(unpacked, name, [ports[2 * index] ?? 0, ports[2 * index + 1] ?? 0], join));
  };
  const end = (): void => {
    for (const { child } of agents.values()) child.kill("SIGKILL");
  };
  run.signal.addEventListener("abort", end, { once: true });
  try {
    run.say(`serf: forming a swarm of ${count} agents`);
    for (let index = 0; index < count; index += 1) {
      start(index);
      if (index % startedAtOnce === 0) await wait(500, undefined, { signal: run.signal });
    }
    await allKnowAll(run, agents, names);
    return await killSome(run, agents, names, start, unpacked.version);
  } finally {
    run.signal.removeEventListener("abort", end);
    end();
    await Promise.all([...agents.values()].map(({ child }) => ended(child)));
  }
}

async function killSome(
  run: Run,
  agents: ReadonlyMap<string, SerfAgent>,
  names: readonly string[],
  start: (index: number) => void,
  version: string,
): Promise<Figures> {
  const last: number[] = [];
  const each: number[] = [];
  const killed = new Set<string>();
  for (let index = 1; index <= victims; index += 1) {
    await wait(settleMs, undefined, { signal: run.signal });
    const name = names[index % names.length] ?? "";
    run.say(`serf: killing ${name}, ${index} of ${victims}`);
    const tookMs = await kill(run, agents, name);
    killed.add(name);
    last.push(Math.max(...tookMs));
    each.push(...tookMs);
    for (const { joined } of agents.values()) joined.delete(name);
    start(index % names.length);
    await allKnowAll(run, agents, names);
  }
  const told = [...agents.values()].flatMap(({ failed }) => failed);
  return {
    version,
    ...spread("allKnow", last),
    eachKnowsP50Ms: quantile(each, 0.5),
    eachKnowsP99Ms: quantile(each, 0.99),
    falseDeaths: told.filter(({ name }) => !killed.has(name)).length,
  };
}

async function kill(
  run: Run,
  agents: ReadonlyMap<string, SerfAgent>,
  name: string,
): Promise<readonly number[]> {
  const startedMs = performance.now();
  agents.get(name)?.child.kill("SIGKILL");
  const survivors = [...agents.values()].filter((agent) => agent.name !== name);
  const knows = (): (number | undefined)[] =>
    survivors.map(({ failed }) => failed.find((line) => line.name === name && line.atMs >= startedMs)?.atMs);
  await waitFor(
    run,
    `all of serf to know of ${name}`,
    () => knows().every((atMs) => atMs !== undefined),
    knowWithinMs,
  );
  return knows().map((atMs) => (atMs ?? startedMs) - startedMs);
}

async function allKnowAll(
  run: Run,
  agents: ReadonlyMap<string, SerfAgent>,
  names: readonly string[],
): Promise<void> {
  await waitFor(run, "serf to know all of serf", () =>
    [...agents.values()].every(({ joined }) => names.every((name) => joined.has(name))),
  );
}

function startAgent(
  { program, env }: Unpacked,
  name: string,
  [port, rpcPort]: readonly [number, number],
  join: string | undefined,
): SerfAgent {
  const address = `127.0.0.1:${port}`;
  const words = [
    "agent",
    `-node=${name}`,
    `-bind=${address}`,
    `-rpc-addr=127.0.0.1:${rpcPort}`,
    "-profile=lan",
  ];
  const child = spawn(
    program("usr/bin/serf"),
    [...words, ...(join === undefined ? [] : [`-retry-join=${join}`])],
    {
      env,
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  const agent: SerfAgent = { name, address, child, failed: [], joined: new Set([name]) };
  createInterface({ input: child.stdout }).on("line", (line) => {
    const event = /serf: EventMember(Join|Failed|Update): (\S+)/.exec(line);
    if (event?.[1] === "Join") agent.joined.add(event[2] ?? "");
    if (event?.[1] === "Failed") agent.failed.push({ name: event[2] ?? "", atMs: performance.now() });
  });
  return agent;
}

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(
    servers.map((server) => new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return address === null || typeof address === "string" ? 0 : address.port;
  });
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

async function ended(child: SerfAgent["child"]): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}
