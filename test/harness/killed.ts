import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { OwnerCommand, Random } from "@antibody/core";
import type { ResourceId } from "@antibody/policy";
import type { AgentProcess } from "../../packages/cli/src/demo/agent-process.ts";
import { supervisedPid, supervisedPids } from "../../packages/cli/src/demo/supervised.ts";
import { authorOf, bundleOf, documentOf, grantOf } from "../../packages/policy/test/support.ts";
import { eventually, type TestColony } from "./colonies.ts";

const filesCount = 24;
const workers = ["still", "changing"] as const;
const author = authorOf("killed");
const damage = "damaged\n";
/** From what fails because the agent is gone until its end is told. */
const killedWithinMs = 10_000;
/** Read by `dieAtWrite.ts` in the agent, and by nothing that it starts. */
const dieAtVariable = "ANTIBODY_DIE_AT";

/** What an agent is started with that is to be killed at a write of its journal. */
export const diesAtWrites: readonly string[] = ["--import", join(import.meta.dirname, "dieAtWrite.ts")];

/** What is under way when the agent is killed, and for how long at most before. */
export const moments = {
  repairs: 60,
  activation: 80,
  orders: 60,
  start: 900,
} as const;
export type Moment = keyof typeof moments;

/**
 * One agent that is killed again and again, and what must be true of it whenever it comes back. It knows what the
 * agent has acknowledged, or let be seen: none of that may ever be gone.
 */
export class KilledAgent {
  readonly #test: TestColony;
  readonly #name: string;
  readonly #random: Random;
  #offered = 0;
  #floor = 0;
  /** Pauses as they were acknowledged; an order that no answer came to may hold or not. */
  readonly #pauses = new Map<string, "held" | "free" | "unknown">();

  constructor(test: TestColony, name: string, random: Random) {
    this.#test = test;
    this.#name = name;
    this.#random = random;
  }

  /** Grants the author, and brings the first generation into force. */
  async begin(): Promise<void> {
    const grant = grantOf(author.author, { powers: ["process", "command"] });
    const reply = await this.#agent.client.command({ type: "grant", grant });
    if (reply.type !== "ok") throw new Error(reply.message);
    await this.#agent.client.offer(author.rootBytes);
    await this.#offer(1);
    await this.#converged();
  }

  /** Kills the agent in the midst of something, starts it again, and returns what is wrong with it then. */
  async kill(moment: Moment): Promise<readonly string[]> {
    if (moment === "start") await this.#gone();
    const busy = this.#begin(moment);
    await eventually("the agent to run", () => this.#agent.running);
    await sleep(this.#random.below(moments[moment]));
    await this.#gone();
    await busy;
    const faults = await this.#faultsOfNextLife();
    return faults.map((fault) => `after a kill in ${moment}: ${fault}`);
  }

  /**
   * Starts the agent with much to do, and kills it at one write of its journal, counted from that start. Returns
   * what is wrong afterwards; undefined when it was done with all before it had written so often.
   */
  async killAtWrite(write: number, side: "before" | "after"): Promise<readonly string[] | undefined> {
    await this.#gone();
    await this.#damage();
    process.env[dieAtVariable] = `${write}:${side}`;
    const started = this.#test.colony.start(this.#name, "--sweep", "10m").finally(() => {
      delete process.env[dieAtVariable];
    });
    const work = async (): Promise<readonly string[]> => {
      await started;
      await this.#order();
      const before = await this.#pauseFaults();
      await this.#offer(this.#offered + 1);
      return [...before, ...(await this.#converged())];
    };
    const survived = await work().catch(async (error: unknown) => {
      // It was killed in the midst of it, and nothing else may go wrong.
      await eventually(`the kill that explains ${String(error)}`, () => !this.#agent.running, killedWithinMs);
      return undefined;
    });
    if (survived?.length === 0) return undefined;
    const faults = survived ?? (await this.#faultsOfNextLife());
    return faults.map((fault) => `after a kill ${side} write ${write}: ${fault}`);
  }

  get #agent(): AgentProcess {
    return this.#test.colony.agent(this.#name);
  }

  async #gone(): Promise<void> {
    this.#agent.kill("SIGKILL");
    await eventually("the agent to be gone", () => !this.#agent.running);
  }

  /** Starts it again, and finds what a kill must not have done. */
  async #faultsOfNextLife(): Promise<readonly string[]> {
    const torn = this.#tornFiles();
    await this.#test.colony.start(this.#name, "--sweep", "10m");
    const before = await this.#pauseFaults();
    // The rest of a generation that was cut short comes again, as by anti-entropy.
    await this.#offer(this.#offered);
    return [...torn, ...before, ...(await this.#converged())];
  }

  /** Starts what the kill is to interrupt. Failures are the kill's own doing. */
  #begin(moment: Moment): Promise<unknown> {
    switch (moment) {
      case "repairs":
        return this.#damage();
      case "activation":
        this.#offered += 1;
        return this.#offer(this.#offered).catch(() => undefined);
      case "orders":
        return this.#order().catch(() => undefined);
      case "start":
        return this.#test.colony.start(this.#name, "--sweep", "10m").catch(() => undefined);
      default:
        return moment satisfies never;
    }
  }

  async #damage(): Promise<void> {
    for (let index = 0; index < filesCount; index += 1) {
      const path = this.#pathOf(index);
      switch (this.#random.below(3)) {
        case 0:
          writeFileSync(path, damage);
          break;
        case 1:
          rmSync(path, { force: true });
          break;
        default:
          break;
      }
    }
    if (this.#random.below(2) === 0)
      for (const file of appliedFiles(this.#offered)) rmSync(this.#pathOf(file), { force: true });
    const worker = await supervisedPid(this.#agent, this.#random.pick(workers)).catch(() => undefined);
    if (worker !== undefined) process.kill(worker, "SIGKILL");
  }

  async #offer(generation: number): Promise<void> {
    this.#offered = generation;
    for (const bytes of bundleOf(author, generation, documentsOf(generation)).bytes)
      await this.#agent.client.offer(bytes);
  }

  async #order(): Promise<void> {
    for (let count = 0; count < 20; count += 1) {
      const target = fileOf(this.#random.below(3));
      const holds = this.#random.below(2) === 0;
      const command: OwnerCommand = holds
        ? { type: "pause", target, reason: "test", forMs: 3_600_000 }
        : { type: "resume", target };
      const known = this.#pauses.get(target);
      this.#pauses.set(target, "unknown");
      const reply = await this.#agent.client.command(command);
      if (reply.type === "ok") this.#pauses.set(target, holds ? "held" : "free");
      else if (known !== undefined) this.#pauses.set(target, known);
      else this.#pauses.delete(target);
    }
  }

  /** Files that are neither damaged, nor absent, nor whole, as the kill left them. */
  #tornFiles(): readonly string[] {
    return Array.from({ length: filesCount }, (_, index) => index).flatMap((index) => {
      const text = existsSync(this.#pathOf(index)) ? readFileSync(this.#pathOf(index), "utf8") : damage;
      if (text === damage) return [];
      const generation = Number.parseInt(text, 10);
      if (text !== contentOf(generation, index)) return [`file ${index} is torn: ${text.slice(0, 40)}`];
      // Whatever took effect was durable before.
      this.#floor = Math.max(this.#floor, generation);
      return [];
    });
  }

  async #pauseFaults(): Promise<readonly string[]> {
    const { pauses, streams } = await this.#agent.inspect();
    const active = streams[0]?.active?.version.generation ?? 0;
    const held = new Set<string>(pauses.map(({ target }) => target));
    const faults = [...this.#pauses].flatMap(([target, state]) => {
      if (state === "held" && !held.has(target)) return [`the pause of ${target} is forgotten`];
      return state === "free" && held.has(target) ? [`the end of the pause of ${target} is forgotten`] : [];
    });
    // From here on nobody knows which of them hold: the next kill may come between two of these.
    this.#pauses.clear();
    for (const target of held)
      await this.#agent.client.command({ type: "resume", target: target as ResourceId });
    return active < this.#floor
      ? [...faults, `generation ${active} is in force after ${this.#floor}`]
      : faults;
  }

  /** Waits until all is as promised, and returns what is not as it must be on the way or then. */
  async #converged(): Promise<readonly string[]> {
    const faults = new Set<string>();
    await eventually(`generation ${this.#offered} to be kept`, async () => {
      const children = await supervisedPids([this.#agent.id]);
      if (children.length > workers.length) faults.add(`${children.length} children of ${workers.length}`);
      const { resources, streams } = await this.#agent.inspect();
      const active = streams[0]?.active?.version.generation ?? 0;
      if (active < this.#floor) faults.add(`generation ${active} came into force after ${this.#floor}`);
      this.#floor = Math.max(this.#floor, active);
      if (active !== this.#offered || resources.some(({ phase }) => phase !== "kept")) return false;
      return resources.length === filesCount + workers.length + 1;
    });
    for (const worker of workers) await supervisedPid(this.#agent, worker);
    return [
      ...faults,
      ...this.#tornFiles(),
      ...this.#damagedFiles(),
      ...this.#doneTwice(),
      ...this.#leftovers(),
    ];
  }

  #damagedFiles(): readonly string[] {
    return Array.from({ length: filesCount }, (_, index) => index)
      .filter((index) => readFileSync(this.#pathOf(index), "utf8") !== contentOf(this.#offered, index))
      .map((index) => `file ${index} is kept, and is not as generation ${this.#offered} promises`);
  }

  /** Files that no part of the agent still needs. */
  #leftovers(): readonly string[] {
    const state = this.#test.colony.stateOf(this.#name);
    const root = join(this.#test.colony.rootOf(this.#name), "etc");
    return [
      ...readdirSync(root).filter((file) => file.startsWith(".antibody-")),
      ...readdirSync(state).filter((file) => /\.new$|broken|rebuilt/.test(file)),
      ...readdirSync(join(state, "processes")).filter((file) => file.endsWith(".new")),
      ...readdirSync(join(state, "once")),
    ].map((file) => `${file} is left over`);
  }

  /** What may not be done twice, and was. */
  #doneTwice(): readonly string[] {
    const [lines] = appliedFiles(this.#offered);
    const times = readFileSync(this.#pathOf(lines), "utf8").split("\n").length - 1;
    return times === 1 ? [] : [`the command of generation ${this.#offered} was done ${times} times`];
  }

  #pathOf(file: number | string): string {
    const name = typeof file === "number" ? `file-${file}` : file;
    return join(this.#test.colony.rootOf(this.#name), "etc", name);
  }
}

function fileOf(index: number): ResourceId {
  return `file:/etc/file-${index}` as ResourceId;
}

/** Long enough for more than one write, and told from any other by its first and last word. */
function contentOf(generation: number, index: number): string {
  return `${generation} ${"filler ".repeat(100)}${generation} ${index}\n`;
}

function documentsOf(generation: number): Parameters<typeof bundleOf>[2] {
  const half = filesCount / 2;
  const files = (part: number): ReturnType<typeof documentOf> =>
    documentOf(
      `files-${part}`,
      Object.fromEntries(
        Array.from({ length: half }, (_, offset) => {
          const index = part * half + offset;
          return [fileOf(index), { content: contentOf(generation, index) }];
        }),
      ),
    );
  const processes = documentOf("workers", {
    "process:still": { command: ["/bin/sleep", "86400"] },
    "process:changing": { command: ["/bin/sleep", String(86_400 + generation)] },
  });
  return [files(0), files(1), processes, documentOf("command", { "command:once": commandOf(generation) })];
}

/** Of one generation: a line each time its command was done, and what says that it is done. */
function appliedFiles(generation: number): readonly [lines: string, done: string] {
  return [`applied-${generation}`, `applied-${generation}.done`];
}

/** Two steps with time between, so that a kill falls in the midst of it. */
function commandOf(generation: number) {
  const [lines, done] = appliedFiles(generation);
  return {
    check: ["/bin/sh", "-c", `test -e etc/${done}`],
    apply: ["/bin/sh", "-c", `sleep 0.1; echo done >> etc/${lines}; sleep 0.1; : > etc/${done}`],
    timeout: "20s",
    every: "1s",
  };
}
