import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "@antibody/core";
import { serviceEnvironment } from "../../packages/cli/src/service/unit.ts";
import { authorOf, bundleOf, documentOf, grantOf } from "../../packages/policy/test/support.ts";
import { allHold, eventually, form, makeColony, type TestColony } from "./colonies.ts";
import { Namespaces } from "./namespaces.ts";

const author = authorOf("soaked");
const filesCount = 20;
/** Between two faults, at most. */
const calmMsMax = 2_500;
/** How long a stopped agent or a cut host stays so, at most: above what makes a peer dead, and below. */
const outageMsMax = 25_000;
/** Between two samples of an agent. */
export const sampleMs = 5_000;

/** One look into the process of an agent, after a full collection of garbage. */
export interface Sample {
  readonly atMs: number;
  readonly pid: number;
  /** What the heap holds that is still in use. */
  readonly heapBytes: number;
  /** What V8 has taken from the system for the heap. */
  readonly heapTotalBytes: number;
  /** Buffers, outside of the heap; all that is outside of it. */
  readonly bufferBytes: number;
  readonly externalBytes: number;
  /** Anonymous memory of the process (proc(5), smaps_rollup). */
  readonly anonymousBytes: number;
  readonly descriptors: number;
  /** What keeps the event loop alive, by kind: timers, sockets, watches. */
  readonly resources: Readonly<Record<string, number>>;
}

/**
 * A swarm under random faults from a seed. Some agents are killed and started again; the others (`steady`) live
 * through it all, and are looked into.
 */
export class Soak {
  readonly #test: TestColony;
  readonly #namespaces: Namespaces;
  readonly #names: readonly string[];
  readonly #steady: readonly string[];
  readonly #random: Random;
  readonly #outages = new Map<string, Promise<void>>();
  /** Processes that were killed, and left their samples. */
  readonly #killed: number[] = [];
  #generation = 0;
  /** How often each fault happened. */
  readonly faults = new Map<string, number>();

  constructor(agents: number, random: Random, lifeMs: number) {
    this.#names = Array.from({ length: agents }, (_, index) => `n${index}`);
    this.#steady = this.#names.slice(0, agents / 2);
    this.#namespaces = new Namespaces(this.#names);
    // As the executable runs: V8 otherwise lets the young generation grow with the load, and keeps it.
    const nodeFlags = ["--max-semi-space-size=1", "--expose-gc", "--import", sampler];
    // As the service runs: the C library otherwise keeps what was freed, 2 MB more each minute of faults.
    const within = ["env", ...Object.entries(serviceEnvironment).map(([name, value]) => `${name}=${value}`)];
    this.#test = makeColony({ namespaces: this.#namespaces, within, nodeFlags, lifeMs });
    this.#random = random;
  }

  async begin(): Promise<void> {
    await form(this.#test, this.#names);
    for (const { client } of this.#test.colony.agents) {
      await client.command({ type: "grant", grant: grantOf(author.author, { powers: ["process"] }) });
      await client.offer(author.rootBytes);
    }
    await this.#publish();
    await this.#oneView();
  }

  /** Does one thing after another until the time is over, then makes all whole again. */
  async run(forMs: number): Promise<void> {
    const endMs = performance.now() + forMs;
    while (performance.now() < endMs) {
      await sleep(this.#random.below(calmMsMax));
      await this.#fault();
    }
    await Promise.all(this.#outages.values());
    this.#namespaces.heal();
    for (const name of this.#names)
      if (!this.#test.colony.agent(name).running) await this.#test.colony.start(name);
    await this.#publish();
    await this.#oneView();
  }

  /** What was seen of an agent that lived through it. */
  samples(): ReadonlyMap<string, readonly Sample[]> {
    return new Map(this.#steady.map((name) => [name, samplesOf(this.#test.colony.agent(name).pid)]));
  }

  /** What agents wrote to their error streams: warnings of Node about listeners that pile up, among others. */
  warnings(): readonly string[] {
    return this.#test.colony.agents.flatMap(({ name, stderr }) =>
      stderr === "" ? [] : [`${name}: ${stderr}`],
    );
  }

  async end(): Promise<void> {
    const pids = [...this.#killed, ...this.#test.colony.agents.map(({ pid }) => pid)];
    for (const pid of pids) rmSync(sampleFile(pid), { force: true });
    await this.#test.end();
    this.#namespaces.end();
  }

  async #fault(): Promise<void> {
    const kind = this.#random.pick(["kill", "stop", "cut", "damage", "damage", "damage", "publish"] as const);
    const name = this.#random.pick(kind === "kill" ? this.#names.slice(this.#steady.length) : this.#names);
    const forMs = this.#random.below(outageMsMax);
    if (kind !== "damage" && kind !== "publish" && this.#outages.has(name)) return;
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
    switch (kind) {
      case "kill":
        this.#outage(name, this.#killFor(name, forMs));
        return;
      case "stop":
        this.#outage(name, this.#stopFor(name, forMs));
        return;
      case "cut":
        this.#outage(name, this.#cutFor(name, forMs));
        return;
      case "damage":
        this.#damage(name);
        return;
      case "publish":
        await this.#publish();
        return;
      default:
        kind satisfies never;
    }
  }

  #outage(name: string, over: Promise<void>): void {
    this.#outages.set(
      name,
      over.finally(() => this.#outages.delete(name)),
    );
  }

  async #killFor(name: string, forMs: number): Promise<void> {
    const agent = this.#test.colony.agent(name);
    this.#killed.push(agent.pid);
    agent.kill("SIGKILL");
    await eventually("the agent to be gone", () => !agent.running);
    await sleep(forMs);
    await this.#test.colony.start(name);
  }

  async #stopFor(name: string, forMs: number): Promise<void> {
    const agent = this.#test.colony.agent(name);
    agent.kill("SIGSTOP");
    await sleep(forMs);
    agent.kill("SIGCONT");
  }

  async #cutFor(name: string, forMs: number): Promise<void> {
    this.#namespaces.cut(name);
    await sleep(forMs);
    // All cables at once: what else is cut comes back early.
    this.#namespaces.heal();
  }

  #damage(name: string): void {
    const etc = join(this.#test.colony.rootOf(name), "etc");
    for (const file of readdirSync(etc))
      if (this.#random.below(2) === 0) writeFileSync(join(etc, file), "damaged\n");
  }

  /** By an agent that is whole, so that the answer comes. */
  async #publish(): Promise<void> {
    const whole = this.#steady.find((name) => !this.#outages.has(name));
    if (whole === undefined) return;
    this.#generation += 1;
    const { client } = this.#test.colony.agent(whole);
    for (const bytes of bundleOf(author, this.#generation, documentsOf(this.#generation)).bytes)
      await client.offer(bytes);
  }

  /** Every agent reaches every other, keeps the newest generation, and holds the same of everyone. */
  async #oneView(): Promise<void> {
    const { agents } = this.#test.colony;
    await eventually(
      "one view",
      async () => {
        if (!(await allHold(agents, this.#names, "reachable"))) return false;
        const views = await Promise.all(agents.map((agent) => agent.inspect()));
        const texts = views.map(({ agent, incarnation, members, streams, resources }) =>
          JSON.stringify([
            [{ agent, incarnation }, ...members]
              .map((member) => `${member.agent} ${member.incarnation}`)
              .toSorted((left, right) => (left < right ? -1 : 1)),
            streams.map(({ active }) => active?.version.generation),
            resources.map(({ resource, phase }) => [resource, phase]),
          ]),
        );
        const isNew = texts[0]?.includes(`[${this.#generation}]`) === true;
        const isKept = views.every(({ resources }) => resources.every(({ phase }) => phase === "kept"));
        return isNew && isKept && new Set(texts).size === 1;
      },
      180_000,
    );
  }
}

function documentsOf(generation: number): Parameters<typeof bundleOf>[2] {
  const files = Array.from({ length: filesCount }, (_, index) => [
    `file:/etc/file-${index}`,
    { content: `${generation} ${index}\n` },
  ]);
  return [
    documentOf("files", Object.fromEntries(files)),
    documentOf("worker", { "process:worker": { command: ["/bin/sleep", "86400"] } }),
  ];
}

function sampleFile(pid: number): string {
  return `/dev/shm/antibody-soak-${pid}`;
}

function samplesOf(pid: number): readonly Sample[] {
  return readFileSync(sampleFile(pid), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Sample);
}

/** A module that writes down, from within an agent, what a process holds. */
const sampler = `data:text/javascript,${encodeURIComponent(`
  import { appendFileSync, readFileSync, readdirSync } from "node:fs";
  setInterval(() => {
    globalThis.gc();
    const resources = {};
    for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
    const rollup = readFileSync("/proc/self/smaps_rollup", "utf8");
    appendFileSync("/dev/shm/antibody-soak-" + process.pid, JSON.stringify({
      atMs: performance.now(),
      pid: process.pid,
      heapBytes: process.memoryUsage().heapUsed,
      heapTotalBytes: process.memoryUsage().heapTotal,
      bufferBytes: process.memoryUsage().arrayBuffers,
      externalBytes: process.memoryUsage().external,
      anonymousBytes: 1024 * Number(/^Anonymous:\\s+(\\d+)/m.exec(rollup)[1]),
      descriptors: readdirSync("/proc/self/fd").length,
      resources,
    }) + "\\n");
  }, ${sampleMs}).unref();
`)}`;
