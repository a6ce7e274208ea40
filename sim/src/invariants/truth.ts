import type { SimAgent } from "../world/agent.ts";
import type { World } from "../world/world.ts";

/** An invariant that did not hold. */
export interface Violation {
  readonly invariant: string;
  /** Name of the agent at which it showed; absent where it is about all of them. */
  readonly agent?: string;
  /** Virtual time. */
  readonly atMs: number;
  readonly detail: string;
}

/** How things are in the world, against which what agents hold is checked. */
export class Truth {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  get nowMs(): number {
    return this.#world.nowUs / 1_000;
  }

  /** Whether the agent's process runs and is not paused. */
  isAlive(agent: SimAgent): boolean {
    return agent.isRunning && !agent.isPaused;
  }

  /** Whether nobody has turned the agent: what a liar holds, and what is held of it, is nobody's promise. */
  isHonest(agent: SimAgent): boolean {
    return agent.corruption === undefined;
  }

  /**
   * Since when both run and reach each other, in virtual milliseconds; infinite when they do not, or one of them loses
   * more of its packets than is bearable.
   */
  joinedSinceMs(observer: SimAgent, subject: SimAgent): number {
    const { links } = this.#world.network;
    if (!links.joins(observer.index, subject.index)) return Number.POSITIVE_INFINITY;
    const bearableUs = Math.max(links.bearableSinceUs(observer.index), links.bearableSinceUs(subject.index));
    const runningUs = Math.max(observer.runningSinceUs, subject.runningSinceUs);
    return Math.max(runningUs, bearableUs, this.#world.linksChangedUs) / 1_000;
  }
}
