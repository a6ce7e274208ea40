import type { Event } from "@antibody/core";
import type { Scenario } from "../scenarios/scenario.ts";
import type { Selection, Step } from "../scenarios/step.ts";
import type { SimAgent } from "../world/agent.ts";
import type { World } from "../world/world.ts";

/** Watches a run and takes no part: it schedules nothing, draws nothing, and what it learns reaches no mind. */
export interface RunObserver {
  /** The world is made; nothing has happened yet. */
  began(world: World, scenario: Pick<Scenario, "title" | "durationMs">): void;
  /** An agent has told an event. */
  told(agent: SimAgent, event: Event): void;
  /** A step of the scenario was done. `drawn`: the names of those whom each selection came to mean. */
  stepped(step: Step, drawn: ReadonlyMap<Selection, readonly string[]>): void;
  /** Some virtual time has passed: a look at everyone costs no event of the world. */
  looked(): void;
  /** The run is over. */
  ended(): void;
}
