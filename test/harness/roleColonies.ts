import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, form, makeAuthor, type TestColony } from "./colonies.ts";

/** Devices that may hold the role, and how many shall. */
export const names = ["ant", "bee", "fly", "gnat", "moth"] as const;
export const count = 2;

/** How often it is looked who runs the workload. */
const watchEveryMs = 20;

/** Five agents as processes, two of which hold a role. Its workload says by a file of its own that it runs. */
export class RoleColony {
  readonly test: TestColony;
  /** Longest times so far in which nobody ran the workload, and in which more did than shall. */
  noneMsMax = 0;
  overlapMsMax = 0;
  #noneSinceMs: number | undefined;
  #overlapSinceMs: number | undefined;
  readonly #watch: NodeJS.Timeout;

  private constructor(test: TestColony) {
    this.test = test;
    this.#watch = setInterval(() => this.#look(), watchEveryMs);
  }

  /** Forms the colony and publishes the role; nobody need hold it yet. */
  static async form(test: TestColony): Promise<RoleColony> {
    await form(test, names);
    const author = await makeAuthor(test, names[0]);
    const file = join(test.colony.directory, "role.yaml");
    // The agent's id is what the marker in the environment of a child begins with.
    const command = `echo $$ > ${test.colony.directory}/runs-\${ANTIBODY_SUPERVISED%%/*}; exec sleep 86400`;
    const promises = {
      "role:web": { count, returnAfter: "1h" },
      "process:web": { command: ["/bin/sh", "-c", command], while: ["role:web"] },
    };
    writeFileSync(file, `stream: home\nname: web\npromises: ${JSON.stringify(promises)}\n`);
    await test.colony.command(names[0], "publish", file, "--author", author.keyFile);
    return new RoleColony(test);
  }

  /** Names of the devices on which the workload runs. */
  running(): readonly string[] {
    return names.filter((name) => this.#pidOf(name) !== undefined);
  }

  /** Waits until as many as shall run the workload, and none of these. */
  async settled(...without: readonly string[]): Promise<readonly string[]> {
    await eventually(`${count} but ${without.join(", ")} to run it`, () => {
      const running = this.running();
      return running.length === count && !running.some((name) => without.includes(name));
    });
    return this.running();
  }

  /** SIGKILL to agents, and to the group of the workload of each that runs one. Resolves when the agents are gone. */
  async kill(...victims: readonly string[]): Promise<void> {
    const agents = victims.map((name) => this.test.colony.agent(name));
    for (const agent of agents) {
      const pid = this.#pidOf(agent.name);
      agent.kill("SIGKILL");
      if (pid !== undefined) process.kill(-pid, "SIGKILL");
    }
    await eventually("the agents to be gone", () => agents.every((agent) => !agent.running));
  }

  /** Forgets what was measured: what comes is another time. */
  measureAnew(): void {
    this.noneMsMax = 0;
    this.overlapMsMax = 0;
    this.#noneSinceMs = undefined;
    this.#overlapSinceMs = undefined;
  }

  /** Forgets for how long too many have run it: from now on they reach each other. */
  forgiveOverlap(): void {
    this.overlapMsMax = 0;
    this.#overlapSinceMs = undefined;
  }

  async end(): Promise<void> {
    clearInterval(this.#watch);
    await this.test.end();
  }

  #look(): void {
    const nowMs = performance.now();
    const running = this.running().length;
    this.#noneSinceMs = running === 0 ? (this.#noneSinceMs ?? nowMs) : undefined;
    this.#overlapSinceMs = running > count ? (this.#overlapSinceMs ?? nowMs) : undefined;
    this.noneMsMax = Math.max(this.noneMsMax, nowMs - (this.#noneSinceMs ?? nowMs));
    this.overlapMsMax = Math.max(this.overlapMsMax, nowMs - (this.#overlapSinceMs ?? nowMs));
  }

  /** The workload of a device, while it lives. */
  #pidOf(name: string): number | undefined {
    const { id } = this.test.colony.agent(name);
    const pid = Number(readText(join(this.test.colony.directory, `runs-${id}`)));
    const stat = pid > 0 ? readText(`/proc/${pid}/stat`) : "";
    const state = stat.slice(stat.lastIndexOf(")") + 2)[0];
    return state === undefined || state === "Z" || !stat.includes("(sleep)") ? undefined : pid;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
