import { Latencies } from "../measuring/latencies.ts";
import { ChangeLog } from "./changeLog.ts";
import { Holders, type Truth } from "./holders.ts";
import type { ProcessCode, Recording } from "./recording.ts";

/** Above so many agents pairs are not remembered: a bit each would take more than 128 MB. */
const rememberedAgentsMax = 32_768;

/** Who holds whom dead, against who is: the counts over time, and how long verdicts took. */
export class HeldDead {
  readonly isKept: boolean;
  readonly #holders: Holders;
  readonly #held: ChangeLog;
  readonly #mistaken: ChangeLog;
  readonly #ends = new Latencies();
  readonly #pauses = new Latencies();
  readonly #processes: ProcessCode[];
  /** Subjects whose count has changed since it was recorded. */
  readonly #changed = new Set<number>();
  #running = 0;
  #gone = 0;

  constructor(agents: number, changesMax: number) {
    this.isKept = agents <= rememberedAgentsMax;
    this.#holders = new Holders(this.isKept ? agents : 0);
    this.#held = new ChangeLog(agents, 0, changesMax);
    this.#mistaken = new ChangeLog(agents, 0, changesMax);
    this.#processes = new Array<ProcessCode>(agents).fill("absent");
  }

  get fullSinceMs(): number {
    return Math.min(this.#held.fullSinceMs, this.#mistaken.fullSinceMs);
  }

  /** An observer holds a subject dead from now on; `tookMs` is finite where the subject is silent. */
  hold(nowMs: number, observer: number, subject: number, tookMs: number): void {
    const process = this.#processes[subject] as ProcessCode;
    if (this.isKept && !this.#holders.hold(observer, subject)) return;
    if (isGone(process)) this.#ends.add(tookMs);
    else if (process === "paused") this.#pauses.add(tookMs);
    if (this.isKept) this.#recount(nowMs, observer, subject);
  }

  release(nowMs: number, observer: number, subject: number): void {
    if (this.isKept && this.#holders.release(observer, subject)) this.#recount(nowMs, observer, subject);
  }

  /** How an agent's process stands from now on. */
  stands(nowMs: number, agent: number, process: ProcessCode): void {
    const before = this.#processes[agent] as ProcessCode;
    this.#processes[agent] = process;
    this.#running += Number(process === "running") - Number(before === "running");
    this.#gone += Number(isGone(process)) - Number(isGone(before));
    if (!this.isKept) return;
    const changed = (subject: number): void => void this.#changed.add(subject);
    if (isGone(process)) this.#holders.forget(agent, changed);
    this.#holders.setCounts(agent, process === "running", changed);
    this.#holders.setTruth(agent, truthOf(process));
    this.#judge(nowMs, agent);
  }

  /** Records every count that has changed, and judges every view. */
  settle(nowMs: number): void {
    if (!this.isKept) return;
    for (const subject of [...this.#changed].sort((left, right) => left - right)) {
      this.#held.set(nowMs, subject, this.#holders.count[subject] as number);
    }
    this.#changed.clear();
    for (let agent = 0; agent < this.#processes.length; agent += 1) this.#judge(nowMs, agent);
  }

  recorded(): Pick<Recording, "held" | "mistaken" | "endDetections" | "pauseDetections"> {
    return {
      held: this.#held.changes(),
      mistaken: this.#mistaken.changes(),
      endDetections: this.#ends.detections(this.#missing()),
      pauseDetections: this.#pauses.detections(0),
    };
  }

  /** The first verdict and the last are recorded when they fall, those between at the next look. */
  #recount(nowMs: number, observer: number, subject: number): void {
    const count = this.#holders.count[subject] as number;
    const isRunning = this.#processes[subject] === "running";
    const isEdge = count <= 1 || count >= this.#running - Number(isRunning);
    if (isEdge) this.#held.set(nowMs, subject, count);
    else this.#changed.add(subject);
    this.#judge(nowMs, observer);
  }

  /** Whether an agent's view is what is true. */
  #judge(nowMs: number, agent: number): void {
    const isMistaken =
      this.#processes[agent] === "running" &&
      ((this.#holders.rightly[agent] as number) < this.#gone || (this.#holders.wrongly[agent] as number) > 0);
    this.#mistaken.set(nowMs, agent, Number(isMistaken));
  }

  /** Verdicts that the running agents owe on those who are gone. */
  #missing(): number {
    let missing = 0;
    if (!this.isKept) return missing;
    this.#processes.forEach((process, agent) => {
      if (process === "running") missing += this.#gone - (this.#holders.rightly[agent] as number);
    });
    return missing;
  }
}

function isGone(process: ProcessCode): boolean {
  return process === "killed" || process === "powerless";
}

function truthOf(process: ProcessCode): Truth {
  if (isGone(process)) return "gone";
  return process === "absent" ? "absent" : "there";
}
