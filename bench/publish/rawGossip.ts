import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { type Run, waitFor } from "../run.ts";
import type { Arrivals } from "./agents.ts";
import type { Order } from "./rawOrders.ts";

const repeats = 30;
const warmups = 5;
const restMs = 500;
const arriveWithinMs = 20_000;
/** Several heartbeats of a second: meshes have formed. */
const meshMs = 8_000;
/** As agents link: up to 12 all with all, above that with both neighbors on each of 5 rings. */
const fullMeshMax = 12;
const rings = 5;
const startedAtOnce = 8;

/** One process of bare gossipsub, and what it has told. */
interface Node {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  readonly arrivedMs: Map<number, number>;
  address: string;
  dialed: number;
}

/** The messages of a bundle over bare gossipsub, from its first order to the last process that tells of the last. */
export async function measureRawGossip(
  run: Run,
  count: number,
  messageBytes: readonly number[],
): Promise<Arrivals> {
  const nodes: Node[] = [];
  const end = (): void => {
    for (const { child } of nodes) child.kill("SIGKILL");
  };
  run.signal.addEventListener("abort", end, { once: true });
  try {
    run.say(`forming ${count} processes of bare gossipsub`);
    for (let index = 0; index < count; index += startedAtOnce) {
      const batch = Array.from({ length: Math.min(startedAtOnce, count - index) }, startNode);
      nodes.push(...batch);
      run.signal.throwIfAborted();
      await waitFor(run, "bare nodes to listen", () => batch.every(({ address }) => address !== ""));
    }
    await link(run, nodes);
    await wait(meshMs, undefined, { signal: run.signal });
    return await publishAll(run, nodes, messageBytes);
  } finally {
    run.signal.removeEventListener("abort", end);
    end();
    await Promise.all(nodes.map(({ child }) => ended(child)));
  }
}

function startNode(): Node {
  const child = spawn(process.execPath, [join(import.meta.dirname, "rawProcess.ts")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const node: Node = { child, arrivedMs: new Map(), address: "", dialed: 0 };
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line === "dialed") node.dialed += 1;
    else if (line.startsWith("/")) node.address = line;
    else node.arrivedMs.set(Number(line), performance.now());
  });
  return node;
}

async function link(run: Run, nodes: readonly Node[]): Promise<void> {
  const links = new Set(linksOf(nodes.length).map(([left, right]) => `${left} ${right}`));
  const wanted = new Map<Node, number>();
  for (const text of links) {
    const [from, to] = text.split(" ").map((index) => nodes[Number(index)]);
    if (from === undefined || to === undefined) continue;
    wanted.set(from, (wanted.get(from) ?? 0) + 1);
    order(from, { type: "dial", address: to.address });
  }
  await waitFor(run, "bare nodes to connect", () =>
    nodes.every((node) => node.dialed === (wanted.get(node) ?? 0)),
  );
}

function linksOf(count: number): readonly (readonly [number, number])[] {
  const all = Array.from({ length: count }, (_, index) => index);
  if (count <= fullMeshMax) {
    return all.flatMap((left) => all.filter((right) => right > left).map((right) => [left, right] as const));
  }
  return Array.from({ length: rings }, () => shuffled(all)).flatMap((ring) =>
    ring.map((left, index) => {
      const right = ring[(index + 1) % count] ?? 0;
      return left < right ? ([left, right] as const) : ([right, left] as const);
    }),
  );
}

function shuffled(values: readonly number[]): readonly number[] {
  return values
    .map((value) => ({ value, key: Math.random() }))
    .sort((left, right) => left.key - right.key)
    .map(({ value }) => value);
}

async function publishAll(
  run: Run,
  nodes: readonly Node[],
  messageBytes: readonly number[],
): Promise<Arrivals> {
  const lastMs: number[] = [];
  const eachMs: number[] = [];
  let missed = 0;
  for (let repeat = 0; repeat < warmups + repeats; repeat += 1) {
    const numbers = messageBytes.map((_, index) => repeat * messageBytes.length + index);
    const publisher = nodes[repeat % nodes.length];
    if (publisher === undefined) throw new Error("a bare swarm has nodes");
    const others = nodes.filter((node) => node !== publisher);
    const startedMs = performance.now();
    const messages = messageBytes.map((bytes, index) => ({ number: numbers[index] ?? 0, bytes }));
    order(publisher, { type: "publish", messages });
    const arrived = await waitFor(
      run,
      "bare messages to arrive",
      () => others.every(({ arrivedMs }) => numbers.every((number) => arrivedMs.has(number))),
      arriveWithinMs,
    ).then(
      () => true,
      () => run.signal.throwIfAborted(),
    );
    if (repeat < warmups) continue;
    if (repeat % 5 === 0) run.say(`${repeat - warmups + 1} of ${repeats} bare bundles published`);
    if (arrived === true) {
      const took = others.map(
        ({ arrivedMs }) =>
          Math.max(...numbers.map((number) => arrivedMs.get(number) ?? startedMs)) - startedMs,
      );
      eachMs.push(...took);
      lastMs.push(Math.max(...took));
    } else missed += 1;
    await wait(restMs, undefined, { signal: run.signal });
  }
  return { lastMs, eachMs, missed };
}

function order(node: Node, words: Order): void {
  node.child.stdin.write(`${JSON.stringify(words)}\n`);
}

async function ended(child: Node["child"]): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}
