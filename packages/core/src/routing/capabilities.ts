import {
  type Json,
  type PromiseInForce,
  parseResourceId,
  type ResourceId,
  type View,
} from "@antibody/policy";
import type { ResourcePhase } from "../contract/inspection.ts";
import type { Output } from "../contract/output.ts";
import type { Turn } from "../contract/turn.ts";
import { sameJson } from "../keeping/json.ts";
import { finished } from "../keeping/rare.ts";
import {
  type CapabilityObservation,
  capabilityType,
  readCapabilityPromise,
} from "../resources/capability.ts";

/** A capability promised here, and what was last said of it. Replaced, never changed. */
export interface CapabilityState {
  readonly claim: PromiseInForce;
  readonly name: string;
  readonly port: number;
  /** What healing was told last; undefined before the first time. */
  readonly told: CapabilityObservation | undefined;
}

/** What the mind observed of a capability. */
export interface CapabilitySeen {
  readonly resource: ResourceId;
  readonly observation: CapabilityObservation;
}

type Served = Extract<Output, { readonly type: "serve" }>["capabilities"];

/** For dumps. */
export interface CapabilitiesDump {
  readonly states: readonly CapabilityState[];
  readonly served: Served;
}

/** The capabilities that this device promises to its peers: announced only while what they hang on is kept. */
export class Capabilities {
  #states: ReadonlyMap<ResourceId, CapabilityState>;
  /** What the body was told to serve. */
  #served: Served;

  constructor(dump: CapabilitiesDump) {
    this.#states = new Map(dump.states.map((state) => [state.claim.resource, state]));
    this.#served = dump.served;
  }

  dump(): CapabilitiesDump {
    return { states: [...this.#states.values()], served: this.#served };
  }

  /** Takes up a new desired state. Of a promise that changed, everything is told again. */
  desire(view: View): void {
    const states = new Map<ResourceId, CapabilityState>();
    for (const [resource, claim] of view.promises) {
      const { kind, name } = parseResourceId(resource) ?? { kind: "", name: "" };
      if (kind !== capabilityType.kind || capabilityType.check(name, claim.promise).length > 0) continue;
      const known = this.#states.get(resource);
      const told =
        known !== undefined && sameJson(known.claim.promise, claim.promise) ? known.told : undefined;
      states.set(resource, { claim, name, port: readCapabilityPromise(claim.promise).port, told });
    }
    this.#states = finished(states);
  }

  /** Announces what may be announced, and says of which capability that is news. */
  refresh(
    phaseOf: (resource: ResourceId) => ResourcePhase | undefined,
    turn: Turn,
    placesMax: number,
  ): readonly CapabilitySeen[] {
    const news: CapabilitySeen[] = [];
    const states = new Map<ResourceId, CapabilityState>();
    for (const [resource, state] of this.#states) {
      // By its place among what is promised, never by what is announced already: with a while between the two,
      // one that makes room for another would take that room back, for ever.
      const because = states.size < placesMax ? withheldBecause(state, phaseOf) : tooManyFor(placesMax);
      const observation: CapabilityObservation =
        because === undefined ? { type: "announced" } : { type: "withheld", because };
      const isNews = state.told === undefined || !sameJson(state.told, observation);
      if (isNews) news.push({ resource, observation });
      states.set(resource, isNews ? { ...state, told: observation } : state);
    }
    this.#states = finished(states);
    this.#serve(turn);
    return news;
  }

  /** Names of what is announced, in the order of resource ids. */
  announced(): readonly string[] {
    return this.#served.map(({ name }) => name);
  }

  inspect(): readonly { readonly name: string; readonly port: number; readonly announced: boolean }[] {
    return [...this.#states.values()].map(({ name, port, told }) => ({
      name,
      port,
      announced: told?.type === "announced",
    }));
  }

  #serve(turn: Turn): void {
    const served = [...this.#states.values()]
      .filter(({ told }) => told?.type === "announced")
      .map(({ name, port }) => ({ name, port }));
    if (sameJson(served as Json, this.#served as Json)) return;
    this.#served = served;
    turn.emit({ type: "serve", capabilities: served });
  }
}

function tooManyFor(placesMax: number): string {
  return `more than ${placesMax} capabilities are promised here`;
}

function withheldBecause(
  { claim }: CapabilityState,
  phaseOf: (resource: ResourceId) => ResourcePhase | undefined,
): string | undefined {
  if (claim.mode !== "enforce") return `the grant's mode is ${claim.mode}`;
  if (phaseOf(claim.resource) === "held") return "the promise is held";
  for (const resource of readCapabilityPromise(claim.promise).while ?? []) {
    const phase = phaseOf(resource);
    if (phase !== "kept") return `${resource} is ${phase ?? "not promised here"}`;
  }
  return undefined;
}
