import {
  type ActionId,
  type Input,
  type JointPart,
  type Observation,
  type Output,
  type Random,
  RareMap,
  type ResourceContext,
  type ResourceType,
} from "@antibody/core";
import type { ResourceId, ResourcePromise } from "@antibody/policy";
import type { DeviceTimes } from "./times.ts";

/** The damage that a fighting process does: always the same. */
const fightSeed = 4;

type ActOutput = Extract<Output, { readonly type: "act" }>;

interface Resource {
  promise: ResourcePromise;
  state: Observation;
  /** Changes wake the agent. False while no process of the agent watches. */
  events: boolean;
}

/** What a device waits for. */
export type DeviceNote =
  | { readonly type: "look"; readonly resource: ResourceId }
  | { readonly type: "acted"; readonly action: ActionId }
  | { readonly type: "fought"; readonly resource: ResourceId };

/** What a device asks of the world. */
export interface DeviceHost {
  /** Gives the agent's mind an input, now. */
  input(input: Input): void;
  /** Calls `due` with the note after some time, unless the agent's process is gone by then. */
  after(delayUs: number, note: DeviceNote): void;
}

const usualSpeed: readonly never[] = [];

/** One fake device: resources as their types model them, repairs that take time, damage. */
export class Device {
  readonly #types: ReadonlyMap<string, ResourceType>;
  readonly #context: ResourceContext;
  readonly #random: Random;
  readonly #usualTimes: DeviceTimes;
  /** What makes it slower for now, the latest last. */
  #slowness: readonly Partial<DeviceTimes>[] = usualSpeed;
  /** How long things take now. */
  times: DeviceTimes;
  #host: DeviceHost | undefined;
  #resources: RareMap<ResourceId, Resource> = RareMap.of();
  /** These three are empty nearly always, and an empty map takes 180 bytes. */
  #running: Map<ActionId, ActOutput> | undefined;
  /** Resources that something else keeps changing, and how soon after a repair. */
  #fights: Map<ResourceId, number> | undefined;
  /** Resources whose promises cannot be kept where they have this text in them. */
  #defects: Map<ResourceId, string> | undefined;

  constructor(
    types: ReadonlyMap<string, ResourceType>,
    context: ResourceContext,
    times: DeviceTimes,
    random: Random,
  ) {
    this.#types = types;
    this.#context = context;
    this.#usualTimes = times;
    this.times = times;
    this.#random = random;
  }

  /** Puts the device into a world, once. */
  attach(host: DeviceHost): void {
    this.#host = host;
  }

  watch(resource: ResourceId, promise: ResourcePromise, events: boolean): void {
    const known = this.#resources.get(resource);
    const state = known?.state ?? this.#typeOf(resource).fake.initial(promise, this.#context);
    this.#resources = this.#resources.with(resource, { promise, state, events });
  }

  unwatch(resource: ResourceId): void {
    const known = this.#resources.get(resource);
    if (known !== undefined) known.events = false;
  }

  observe(resource: ResourceId): void {
    this.#after(this.times.observeUs, { type: "look", resource });
  }

  act(output: ActOutput): void {
    const { action } = output;
    this.#running ??= new Map();
    this.#running.set(action, output);
    const { actUsMin, actUsMax } = this.times;
    // Of two faults one may have set the one, the other the other.
    const delayUs = this.#random.between(actUsMin, Math.max(actUsMin, actUsMax));
    this.#after(delayUs, { type: "acted", action });
  }

  cancel(action: ActionId): void {
    if (this.#running?.delete(action) !== true) return;
    this.#input({ type: "outcome", action, result: { type: "canceled" } });
  }

  /** The time of a note has come. */
  due(note: DeviceNote): void {
    switch (note.type) {
      case "look":
        this.#look(note.resource);
        return;
      case "acted":
        this.#acted(note.action);
        return;
      case "fought":
        if (this.#fights?.has(note.resource) === true) this.damage(note.resource, fightSeed);
        return;
      default:
        throw new Error(`unknown note ${note satisfies never}`);
    }
  }

  /** Resources that a promise has named, in the order in which it did. */
  resources(): readonly ResourceId[] {
    return [...this.#resources.keys()];
  }

  /** Those of them that a repair could mend, were they damaged: of a probe it is told that it fails, and no more. */
  mendable(): readonly ResourceId[] {
    return this.resources().filter((resource) => {
      const known = this.#resources.get(resource);
      if (known === undefined) return false;
      const type = this.#typeOf(resource);
      // Odd, because every second damage of what nothing repairs is its own recovery.
      const damaged = type.fake.damaged(known.promise, known.state, 1, this.#context);
      const drift = type.diff(known.promise, damaged, this.#context);
      return drift === undefined || type.plan(known.promise, damaged, drift) !== undefined;
    });
  }

  /** How a resource is on the device; undefined before a promise has named it. */
  stateOf(resource: ResourceId): Observation | undefined {
    return this.#resources.get(resource)?.state;
  }

  /** What runs on the device ends with its agent: for one resource after the other. */
  endChildren(): void {
    for (const [resource, known] of this.#resources) {
      if (resource.startsWith("process:")) known.state = { type: "stopped" };
    }
  }

  /** Damages a resource that a promise has named. */
  damage(resource: ResourceId, seed: number): void {
    const known = this.#resources.get(resource);
    if (known === undefined) return;
    const { fake } = this.#typeOf(resource);
    known.state = fake.damaged(known.promise, known.state, seed, this.#context);
    this.#changed(resource, known);
  }

  /** Things take as long as these say, until `speedUp` is told the same object. */
  slowDown(times: Partial<DeviceTimes>): void {
    this.#slowness = [...this.#slowness, times];
    this.#retime();
  }

  speedUp(times: Partial<DeviceTimes>): void {
    this.#slowness = this.#slowness.filter((slower) => slower !== times);
    this.#retime();
  }

  /** From now on something on the device undoes every repair of a resource, so long after it. */
  fight(resource: ResourceId, afterUs: number): void {
    this.#fights ??= new Map();
    this.#fights.set(resource, afterUs);
    this.#after(afterUs, { type: "fought", resource });
  }

  /** From now on no promise of a resource that has the text in it can be kept. */
  breakPromises(resource: ResourceId, text: string): void {
    this.#defects ??= new Map();
    this.#defects.set(resource, text);
  }

  /** Nothing fights for the resource any more. */
  leave(resource: ResourceId): void {
    this.#fights?.delete(resource);
  }

  /** The power fails in the middle of every repair under way: what it was changing is neither old nor new. */
  tear(seed: number): void {
    for (const { resource } of this.#running?.values() ?? []) this.damage(resource, seed);
  }

  /** The agent's process is gone: nobody watches, no action goes on. What is on the device stays. */
  processEnded(): void {
    this.#running = undefined;
    for (const resource of this.#resources.values()) resource.events = false;
  }

  #look(resource: ResourceId): void {
    const known = this.#resources.get(resource);
    if (known === undefined) throw new Error(`${resource} is observed and was never watched`);
    this.#input({ type: "observed", resource, observation: known.state });
  }

  /** An action's time is over: what it repairs is repaired, unless it was canceled. */
  #acted(action: ActionId): void {
    const output = this.#running?.get(action);
    if (output === undefined) return;
    this.#running?.delete(action);
    if (this.#running?.size === 0) this.#running = undefined;
    const parts = output.plan.joint ?? [output];
    if (parts.some((part) => this.#isDefect(part))) {
      const result = { type: "failed", code: "EDEFECT", detail: "this device cannot keep it" } as const;
      this.#input({ type: "outcome", action, result });
      return;
    }
    for (const part of parts) this.#repair(part);
    const result = { type: "done", detail: output.plan.verb } as const;
    this.#input({ type: "outcome", action, result });
  }

  #isDefect({ resource, promise }: JointPart): boolean {
    const defect = this.#defects?.get(resource);
    return defect !== undefined && JSON.stringify(promise).includes(defect);
  }

  #repair({ resource, promise, plan }: JointPart): void {
    const known = this.#resources.get(resource);
    if (known === undefined) return;
    const { fake } = this.#typeOf(resource);
    known.state = fake.repaired(promise, known.state, plan, this.#context);
    this.#changed(resource, known);
    const foughtUs = this.#fights?.get(resource);
    if (foughtUs !== undefined) this.#after(foughtUs, { type: "fought", resource });
  }

  #retime(): void {
    let times = this.#usualTimes;
    for (const slower of this.#slowness) times = { ...times, ...slower };
    this.times = times;
  }

  #changed(resource: ResourceId, known: Resource): void {
    if (known.events) this.#after(this.times.watchUs, { type: "look", resource });
  }

  #after(delayUs: number, note: DeviceNote): void {
    if (this.#host === undefined) throw new Error("A device outside of every world");
    this.#host.after(delayUs, note);
  }

  #input(input: Input): void {
    if (this.#host === undefined) throw new Error("A device outside of every world");
    this.#host.input(input);
  }

  #typeOf(resource: ResourceId): ResourceType {
    const kind = resource.slice(0, resource.indexOf(":"));
    const type = this.#types.get(kind);
    if (type === undefined) throw new Error(`No resource type ${kind}`);
    return type;
  }
}
