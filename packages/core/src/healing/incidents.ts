import {
  type AgentId,
  type Crypto,
  makeId,
  type PromiseInForce,
  type ResourceId,
  type StreamState,
  utf8,
} from "@antibody/policy";
import type { Incident, PeersGlance } from "../contract/inspection.ts";
import type { ActionId, JournalRecord } from "../contract/output.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import type { Turn } from "../contract/turn.ts";
import { finishedList } from "../keeping/rare.ts";
import { keep, recall } from "../keeping/snapshot.ts";
import { incidentsKeptMax } from "../limits.ts";
import { shownPromise } from "../resources/parts/private.ts";
import type { ResourceState } from "./state.ts";

/** Two documents that their author should never both have signed. */
type Proof = NonNullable<StreamState["proof"]>;

/** Where incidents stand in the journal. */
const incidentPrefix = "incident/";

/** How the swarm looks just now. */
export interface GlancedPeers {
  glance(): PeersGlance;
}

/** What incidents are made of beside the case itself. */
interface IncidentsOptions {
  readonly agent: AgentId;
  readonly crypto: Pick<Crypto, "sha256">;
  readonly peers: GlancedPeers;
}

/** The cases that were given to a human, oldest first, at most `incidentsKeptMax`. They survive a restart. */
export class Incidents {
  readonly #agent: AgentId;
  readonly #crypto: Pick<Crypto, "sha256">;
  readonly #peers: GlancedPeers;
  #incidents: readonly Incident[];
  /** Resources with a case that is not mended: every look that finds a promise kept asks for it. */
  #open: ReadonlySet<ResourceId>;

  constructor(options: IncidentsOptions, incidents: readonly Incident[]) {
    this.#agent = options.agent;
    this.#crypto = options.crypto;
    this.#peers = options.peers;
    this.#incidents = finishedList(incidents);
    this.#open = openIn(incidents);
  }

  static create(options: IncidentsOptions, records: readonly JournalRecord[]): Incidents {
    const found = records
      .filter(({ key }) => key.startsWith(incidentPrefix))
      .map(({ value }) => recall<Incident>(value))
      .sort((left, right) => left.wallMs - right.wallMs || (left.id < right.id ? -1 : 1));
    return new Incidents(options, found.slice(-incidentsKeptMax));
  }

  dump(): Snapshot {
    return keep(this.#incidents);
  }

  list(): readonly Incident[] {
    return this.#incidents;
  }

  /** Writes down the case of a resource that could not be repaired; `action` is the last attempt. */
  open(state: ResourceState, claim: PromiseInForce, action: ActionId, cause: string, turn: Turn): Incident {
    const digest = this.#crypto.sha256(utf8(`${this.#agent}\n${state.resource}\n${action}`));
    const incident: Incident = {
      v: 1,
      id: makeId("incident", digest),
      resource: state.resource,
      wallMs: turn.now.wallMs,
      cause,
      promise: shownPromise(claim.promise),
      author: claim.author,
      fragment: claim.fragment,
      fragmentName: claim.fragmentName,
      observed: state.observation ?? null,
      drift: state.drift?.summary ?? state.plan?.summary ?? "",
      attempts: state.attempts,
      peers: this.#peers.glance(),
      next: `antibody why ${state.resource}`,
    };
    this.#keep(incident, turn);
    return incident;
  }

  /** Writes down that an author has signed what cannot both be true; once for each proof. */
  openDispute(resource: ResourceId, { author, stream }: StreamState, proof: Proof, turn: Turn): void {
    const id = makeId("incident", this.#crypto.sha256(utf8(`${this.#agent}\n${author}\n${proof.join()}`)));
    if (this.#incidents.some((incident) => incident.id === id)) return;
    const incident: Incident = {
      ...{ v: 1, id, resource, wallMs: turn.now.wallMs },
      cause: "its author signed two bodies for one version: nothing of it is enforced or undone",
      ...{ promise: null, author, fragment: proof[0], fragmentName: stream },
      observed: { proof },
      ...{ drift: "", attempts: [] },
      next: "antibody trust list",
    };
    this.#keep(incident, turn);
  }

  /** Resources with a case that is not mended. */
  openResources(): readonly ResourceId[] {
    return [...this.#open];
  }

  #keep(incident: Incident, turn: Turn): void {
    const records: JournalRecord[] = [{ key: `${incidentPrefix}${incident.id}`, value: keep(incident) }];
    const kept = [...this.#incidents, incident];
    for (const { id } of kept.slice(0, -incidentsKeptMax)) {
      records.push({ key: `${incidentPrefix}${id}`, value: null });
    }
    this.#incidents = kept.slice(-incidentsKeptMax);
    this.#open = openIn(this.#incidents);
    turn.emit({ type: "persist", durability: "batched", records });
  }

  /** Says of the open cases of a resource that it is kept again. */
  mend(resource: ResourceId, turn: Turn): void {
    if (!this.#open.has(resource)) return;
    const records: JournalRecord[] = [];
    this.#incidents = this.#incidents.map((incident) => {
      if (incident.resource !== resource || incident.mendedWallMs !== undefined) return incident;
      const mended = { ...incident, mendedWallMs: turn.now.wallMs };
      records.push({ key: `${incidentPrefix}${incident.id}`, value: keep(mended) });
      return mended;
    });
    this.#open = openIn(this.#incidents);
    turn.emit({ type: "persist", durability: "batched", records });
  }
}

/** One for the many agents of a simulator that never had a case. */
const nothingOpen: ReadonlySet<ResourceId> = new Set();

function openIn(incidents: readonly Incident[]): ReadonlySet<ResourceId> {
  if (incidents.length === 0) return nothingOpen;
  return new Set(incidents.filter((each) => each.mendedWallMs === undefined).map((each) => each.resource));
}
