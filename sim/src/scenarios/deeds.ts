import { Random } from "@antibody/core";
import type { VerifiedPolicy } from "@antibody/policy";
import type { SimAgent } from "../world/agent.ts";
import type { World } from "../world/world.ts";
import type { Publisher } from "./publisher.ts";
import type { Deed, Selection } from "./scenario.ts";

/** Does to a world what the steps of a scenario say. Whom they concern is drawn from a stream of its own. */
export class Deeds {
  /** The names of those whom each selection came to mean, by the very object: a step is done once. */
  readonly drawn: Map<Selection, readonly string[]> = new Map();
  readonly #world: World;
  readonly #publisher: Publisher | undefined;
  readonly #random: Random;
  readonly #seed: number;
  /** What is damaged on a device does not depend on who else is chosen, or damaged. */
  readonly #damages = new Map<SimAgent, Random>();
  readonly #named = new Map<string, readonly SimAgent[]>();
  /** Whom the last deed concerned. */
  selected: readonly SimAgent[] = [];
  readonly #generations = new Map<number, readonly VerifiedPolicy[]>();

  constructor(world: World, publisher: Publisher | undefined, seed: number) {
    this.#world = world;
    this.#publisher = publisher;
    this.#random = Random.fromSeed(seed + 1);
    this.#seed = seed;
  }

  /** The first process of an agent, and its owner's grant for the scenario's author. */
  start(agent: SimAgent): void {
    this.#world.startProcess(agent);
    if (this.#publisher === undefined) return;
    const command = { type: "grant", grant: this.#publisher.grant } as const;
    this.#world.give(agent, { type: "command", id: "grant", command });
  }

  do(deed: Deed): void {
    const world = this.#world;
    switch (deed.type) {
      case "publish":
        this.#publish(deed.generation, this.#select(deed.to));
        return;
      case "kill":
      case "powerOff":
        for (const agent of this.#select(deed.who)) world.endProcess(agent, deed.type);
        return;
      case "restart":
        for (const agent of this.#select(deed.who)) {
          if (agent.mind === undefined) world.startProcess(agent);
        }
        return;
      case "pause":
        for (const agent of this.#select(deed.who)) world.pauseProcess(agent);
        return;
      case "resume":
        for (const agent of this.#select(deed.who)) world.resumeProcess(agent);
        return;
      case "partition":
        world.partition(this.#select(deed.who));
        return;
      case "cut":
        world.cut(this.#select(deed.from), this.#select(deed.to));
        return;
      case "heal":
        world.heal();
        return;
      case "damage":
        this.#damage(this.#select(deed.who), deed.resources);
        return;
      default:
        throw new Error(`unknown deed ${deed satisfies never}`);
    }
  }

  #select(selection: Selection): readonly SimAgent[] {
    this.selected = this.#choose(selection);
    this.drawn.set(
      selection,
      this.selected.map(({ name }) => name),
    );
    return this.selected;
  }

  #choose(selection: Selection): readonly SimAgent[] {
    const { agents } = this.#world;
    if ("named" in selection) {
      const named = this.#named.get(selection.named);
      if (named === undefined) throw new Error(`No step before has named ${selection.named}`);
      return named;
    }
    if ("all" in selection) return agents;
    if ("names" in selection) return agents.filter(({ name }) => selection.names.includes(name));
    const count =
      "count" in selection ? selection.count : Math.round((agents.length * selection.percent) / 100);
    const running = agents.filter((agent) => agent.mind !== undefined && !agent.isPaused);
    const chosen = this.#random.sample(running, count).sort((left, right) => left.index - right.index);
    if (selection.as !== undefined) this.#named.set(selection.as, chosen);
    return chosen;
  }

  #publish(generation: number, to: readonly SimAgent[]): void {
    if (this.#publisher === undefined) throw new Error("A scenario that publishes needs a bundle");
    const policies = this.#generations.get(generation) ?? this.#publisher.publish(generation);
    this.#generations.set(generation, policies);
    for (const agent of to) {
      for (const policy of policies) this.#world.give(agent, { type: "policy", policy, from: "owner" });
    }
  }

  #damage(agents: readonly SimAgent[], count: number): void {
    for (const agent of agents) {
      const random = this.#damages.get(agent) ?? Random.fromSeed(this.#seed + 2 + agent.index * 2 ** 32);
      this.#damages.set(agent, random);
      for (const resource of random.sample(agent.device.resources(), count)) {
        agent.device.damage(resource, random.word());
      }
    }
  }
}
