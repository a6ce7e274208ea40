import {
  type AgentId,
  type Crypto,
  parseResourceId,
  type ResourceId,
  type ResourcePromise,
  type View,
} from "@antibody/policy";
import type { Input } from "../contract/input.ts";
import type { Inspection, ResourcePhase } from "../contract/inspection.ts";
import type { Observation } from "../contract/resource.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import type { MonotonicMs } from "../contract/time.ts";
import type { Turn } from "../contract/turn.ts";
import { Deadlines } from "../keeping/deadlines.ts";
import { sameJson } from "../keeping/json.ts";
import { finished, nothing, RareMap } from "../keeping/rare.ts";
import { keep, recall } from "../keeping/snapshot.ts";
import { capabilitiesMax, membersMax } from "../limits.ts";
import { routeType } from "../resources/route.ts";
import type { Settings } from "../settings.ts";
import { backendViews, inPreference, type Outlier, rendezvousRank, usable } from "./backends.ts";
import { Capabilities, type CapabilitiesDump } from "./capabilities.ts";

/** What routing needs for life. */
export interface RoutingOptions {
  readonly agent: AgentId;
  readonly crypto: Pick<Crypto, "sha256">;
  readonly settings: Pick<Settings, "ejectAfterFailures" | "ejectMs">;
}

/** What routing asks of the swarm. */
export interface RoutingPeers {
  readonly agent: AgentId;
  /** Reachable peers that announce a capability, in any order. */
  providersOf(capability: string): readonly AgentId[];
}

/** What a refresh found out. */
export interface RoutingChange {
  /** Names of the capabilities that peers shall hear of, in the order of resource ids. */
  readonly announced: readonly string[];
  /** What healing shall learn of capabilities, in the same order. */
  readonly observations: readonly { readonly resource: ResourceId; readonly observation: Observation }[];
}

/** A route promised here. */
interface RouteState {
  readonly resource: ResourceId;
  readonly capability: string;
  readonly promise: ResourcePromise;
  /** Candidates as this agent prefers them. */
  preferred: readonly AgentId[];
  /** What the body was told; undefined before the first time. */
  told: readonly AgentId[] | undefined;
  outliers: ReadonlyMap<AgentId, Outlier>;
}

/** Version of the shape of a dump. */
const dumpVersion = 1;

/** Ejections in a row beyond which they get no longer: a minute at the default. Envoy caps at 300 s. */
const ejectionsCountedMax = 30;

interface RoutingDump {
  readonly v: typeof dumpVersion;
  readonly capabilities: CapabilitiesDump;
  readonly routes: readonly (Omit<RouteState, "outliers"> & { readonly outliers: readonly Outlier[] })[];
}

/**
 * Capabilities and routes: what this device promises to peers, and where calls of local programs go. Real
 * traffic decides first (a backend that fails is ejected for a while), membership second.
 */
export class Routing {
  readonly #options: RoutingOptions;
  readonly #capabilities: Capabilities;
  #routes: ReadonlyMap<ResourceId, RouteState>;
  /** Ends of ejections; keys `<agent>/<resource>`. */
  #deadlines: Deadlines = Deadlines.of();
  #ranks: RareMap<AgentId, string> = RareMap.of();

  private constructor(options: RoutingOptions, dump: RoutingDump) {
    this.#options = options;
    this.#capabilities = new Capabilities(dump.capabilities);
    this.#routes = new Map(
      dump.routes.map((route) => [
        route.resource,
        { ...route, outliers: new Map(route.outliers.map((outlier) => [outlier.agent, outlier])) },
      ]),
    );
    for (const { resource, outliers } of dump.routes) {
      for (const { agent, untilMs } of outliers) {
        if (untilMs !== undefined) this.#deadlines = this.#deadlines.with(`${agent}/${resource}`, untilMs);
      }
    }
  }

  static create(options: RoutingOptions): Routing {
    return new Routing(options, {
      v: dumpVersion,
      capabilities: { states: nothing, served: nothing },
      routes: nothing,
    });
  }

  /** Routing as `dump` left it. Throws when the dump is of another version. */
  static restore(options: RoutingOptions, snapshot: Snapshot): Routing {
    const dump = recall<RoutingDump>(snapshot);
    if (dump.v !== dumpVersion)
      throw new Error(`routing of version ${dump.v}, this build reads ${dumpVersion}`);
    return new Routing(options, dump);
  }

  dump(): Snapshot {
    const dump: RoutingDump = {
      v: dumpVersion,
      capabilities: this.#capabilities.dump(),
      routes: [...this.#routes.values()].map((route) => ({
        ...route,
        outliers: [...route.outliers.values()],
      })),
    };
    return keep(dump);
  }

  /** When an ejection ends at the earliest; NEVER when nothing is ejected. */
  get deadline(): MonotonicMs {
    return this.#deadlines.earliest();
  }

  inspect(): Pick<Inspection, "routes" | "capabilities"> {
    return {
      capabilities: this.#capabilities.inspect(),
      routes: [...this.#routes.values()].map(({ resource, capability, preferred, outliers }) => ({
        resource,
        capability,
        backends: backendViews(this.#options.agent, preferred, outliers),
      })),
    };
  }

  /** Takes up a new desired state. To be followed by `refresh`. */
  desire(view: View): void {
    this.#capabilities.desire(view);
    const routes = new Map<ResourceId, RouteState>();
    for (const [resource, { promise }] of view.promises) {
      const { kind, name } = parseResourceId(resource) ?? { kind: "", name: "" };
      if (kind !== routeType.kind || routeType.check(name, promise).length > 0) continue;
      const known = this.#routes.get(resource);
      routes.set(resource, {
        resource,
        capability: name,
        promise,
        preferred: known?.preferred ?? [],
        // A listener that is opened anew is told its backends anew.
        told: known !== undefined && sameJson(known.promise, promise) ? known.told : undefined,
        outliers: known?.outliers ?? new Map(),
      });
    }
    for (const [resource, route] of this.#routes) {
      if (!routes.has(resource))
        for (const agent of route.outliers.keys()) this.#deadlines.delete(`${agent}/${resource}`);
    }
    this.#routes = finished(routes);
  }

  /** Whether anything here may be another when other peers are there. */
  get goesByPeers(): boolean {
    return this.#routes.size > 0;
  }

  /**
   * Holds capabilities against the phases of what they hang on, and routes against the peers that are there. At most
   * `placesMax` capabilities are announced.
   */
  refresh(
    peers: RoutingPeers,
    phaseOf: (resource: ResourceId) => ResourcePhase | undefined,
    turn: Turn,
    placesMax: number = capabilitiesMax,
  ): RoutingChange {
    const observations = this.#capabilities.refresh(phaseOf, turn, placesMax);
    const announced = this.#capabilities.announced();
    for (const route of this.#routes.values()) {
      const own = announced.includes(route.capability) ? [peers.agent] : [];
      const others = peers.providersOf(route.capability).filter((agent) => agent !== peers.agent);
      this.#setCandidates(route, [...own, ...others]);
      this.#tell(route, turn);
    }
    return { announced, observations };
  }

  /** Takes in what real traffic showed of a backend, and ends ejections that are due. */
  handle(input: Extract<Input, { readonly type: "routed" | "wake" }>, turn: Turn): void {
    switch (input.type) {
      case "routed": {
        const route = this.#routes.get(input.resource);
        if (route === undefined || !route.preferred.includes(input.backend)) return;
        if (input.result === "answered") this.#restore(route, input.backend, "answered", turn);
        else this.#countFailure(route, input.backend, turn);
        this.#tell(route, turn);
        return;
      }
      case "wake":
        for (;;) {
          const key = this.#deadlines.takeDue(turn.now.monoMs);
          if (key === undefined) return;
          const slash = key.indexOf("/");
          const route = this.#routes.get(key.slice(slash + 1) as ResourceId);
          if (route === undefined) continue;
          this.#restore(route, key.slice(0, slash) as AgentId, "expired", turn);
          this.#tell(route, turn);
        }
      default:
        throw new Error(`unknown input ${input satisfies never}`);
    }
  }

  #setCandidates(route: RouteState, candidates: readonly AgentId[]): void {
    const preferred = inPreference(this.#options.agent, candidates, (backend) => this.#rankOf(backend));
    route.preferred = preferred;
    if (route.outliers.size === 0) return;
    const present = new Set(preferred);
    // What left the swarm and comes back starts afresh.
    for (const agent of route.outliers.keys()) {
      if (!present.has(agent)) this.#deadlines.delete(`${agent}/${route.resource}`);
    }
    route.outliers = new Map([...route.outliers].filter(([agent]) => present.has(agent)));
  }

  #countFailure(route: RouteState, agent: AgentId, turn: Turn): void {
    const { ejectAfterFailures, ejectMs } = this.#options.settings;
    const known = route.outliers.get(agent);
    const failures = (known?.failures ?? 0) + 1;
    const isEjected = known?.untilMs !== undefined;
    if (isEjected || failures < ejectAfterFailures) {
      setOutlier(route, { agent, failures, ejections: known?.ejections ?? 0, untilMs: known?.untilMs });
      return;
    }
    const ejections = Math.min((known?.ejections ?? 0) + 1, ejectionsCountedMax);
    const forMs = ejectMs * ejections;
    const untilMs = turn.now.monoMs + forMs;
    setOutlier(route, { agent, failures, ejections, untilMs });
    this.#deadlines = this.#deadlines.with(`${agent}/${route.resource}`, untilMs);
    turn.tell("route.ejected", "warn", { resource: route.resource, backend: agent, failures, forMs });
  }

  #restore(route: RouteState, agent: AgentId, cause: "answered" | "expired", turn: Turn): void {
    const outlier = route.outliers.get(agent);
    if (outlier === undefined) return;
    this.#deadlines.delete(`${agent}/${route.resource}`);
    if (cause === "answered") {
      const outliers = new Map(route.outliers);
      outliers.delete(agent);
      route.outliers = outliers;
    } else {
      // One more failure ejects it again, for longer; only an answer wipes the slate.
      const failures = Math.max(0, this.#options.settings.ejectAfterFailures - 1);
      setOutlier(route, { ...outlier, failures, untilMs: undefined });
    }
    if (outlier.untilMs === undefined) return;
    turn.tell("route.restored", "info", { resource: route.resource, backend: agent, cause });
  }

  #tell(route: RouteState, turn: Turn): void {
    const backends = usable(route.preferred, route.outliers);
    if (route.told !== undefined && sameJson(route.told, backends)) return;
    route.told = backends;
    turn.emit({ type: "route", resource: route.resource, backends });
  }

  /** The rank is computed once for each peer that was ever a candidate, which members of the swarm alone are. */
  #rankOf(backend: AgentId): string {
    const known = this.#ranks.get(backend);
    if (known !== undefined) return known;
    const rank = rendezvousRank(this.#options.crypto, this.#options.agent, backend);
    if (this.#ranks.size >= membersMax) this.#ranks.clear();
    this.#ranks = this.#ranks.with(backend, rank);
    return rank;
  }
}

function setOutlier(route: RouteState, outlier: Outlier): void {
  route.outliers = new Map(route.outliers).set(outlier.agent, outlier);
}
