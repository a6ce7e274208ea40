import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { type Run, waitFor } from "../run.ts";
import type { Order } from "./rawOrders.ts";

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

/** A swarm of bare gossipsub. */
export interface RawSwarm {
  /** Of all members. */
  readonly pids: readonly number[];
  /**
   * Publishes messages of so many bytes from one member: of each other the time until it had told of all of them;
   * undefined when not all had in time.
   */
  publish(from: number, messageBytes: readonly number[]): Promise<readonly number[] | undefined>;
}

/** With the settings that agents have, or as the library comes. */
export type RawKind = "tuned" | "library";

const programs: Readonly<Record<RawKind, string>> = {
  tuned: "rawProcess.ts",
  library: "libraryProcess.ts",
};

/** Forms a swarm of bare gossipsub. A process has a message when it has told of it. */
export async function withRawGossip<Value>(
  run: Run,
  count: number,
  kind: RawKind,
  use: (swarm: RawSwarm) => Promise<Value>,
): Promise<Value> {
  const nodes: Node[] = [];
  const end = (): void => {
    for (const { child } of nodes) child.kill("SIGKILL");
  };
  run.signal.addEventListener("abort", end, { once: true });
  try {
    run.say(`forming ${count} processes of bare gossipsub, ${kind}`);
    for (let index = 0; index < count; index += startedAtOnce) {
      const batch = Array.from({ length: Math.min(startedAtOnce, count - index) }, () => startNode(kind));
      nodes.push(...batch);
      run.signal.throwIfAborted();
      await waitFor(run, "bare nodes to listen", () => batch.every(({ address }) => address !== ""));
    }
    await link(run, nodes);
    await wait(meshMs, undefined, { signal: run.signal });
    let number = 0;
    return await use({
      pids: nodes.flatMap(({ child: { pid } }) => (pid === undefined ? [] : [pid])),
      publish: (from, messageBytes) => {
        const messages = messageBytes.map((bytes) => {
          number += 1;
          return { number, bytes };
        });
        return publishOne(run, nodes, from, messages);
      },
    });
  } finally {
    run.signal.removeEventListener("abort", end);
    end();
    await Promise.all(nodes.map(({ child }) => ended(child)));
  }
}

function startNode(kind: RawKind): Node {
  const child = spawn(process.execPath, [join(import.meta.dirname, programs[kind])], {
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

async function publishOne(
  run: Run,
  nodes: readonly Node[],
  to: number,
  messages: Extract<Order, { readonly type: "publish" }>["messages"],
): Promise<readonly number[] | undefined> {
  const publisher = nodes[to % nodes.length];
  if (publisher === undefined) throw new Error("a bare swarm has nodes");
  const others = nodes.filter((node) => node !== publisher);
  const startedMs = performance.now();
  order(publisher, { type: "publish", messages });
  const lastMs = ({ arrivedMs }: Node): number =>
    Math.max(...messages.map(({ number }) => arrivedMs.get(number) ?? Number.POSITIVE_INFINITY));
  const arrived = await waitFor(
    run,
    "bare messages to arrive",
    () => others.every((node) => lastMs(node) < Number.POSITIVE_INFINITY),
    arriveWithinMs,
  ).then(
    () => true,
    () => run.signal.throwIfAborted(),
  );
  return arrived === true ? others.map((node) => lastMs(node) - startedMs) : undefined;
}

function order(node: Node, words: Order): void {
  node.child.stdin.write(`${JSON.stringify(words)}\n`);
}

async function ended(child: Node["child"]): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}
