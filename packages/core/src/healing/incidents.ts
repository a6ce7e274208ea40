import { type AgentId, type Crypto, makeId, type PromiseInForce, utf8 } from "@antibody/policy";
import type { Incident } from "../contract/inspection.ts";
import type { ActionId, JournalRecord } from "../contract/output.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import type { Turn } from "../contract/turn.ts";
import { keep, recall } from "../keeping/snapshot.ts";
import { incidentsKeptMax } from "../limits.ts";
import type { ResourceState } from "./state.ts";

/** Where incidents stand in the journal. */
const incidentPrefix = "incident/";

/** The cases that were given to a human, oldest first, at most `incidentsKeptMax`. They survive a restart. */
export class Incidents {
  readonly #agent: AgentId;
  readonly #crypto: Pick<Crypto, "sha256">;
  #incidents: readonly Incident[];

  constructor(agent: AgentId, crypto: Pick<Crypto, "sha256">, incidents: readonly Incident[]) {
    this.#agent = agent;
    this.#crypto = crypto;
    this.#incidents = incidents;
  }

  static create(
    agent: AgentId,
    crypto: Pick<Crypto, "sha256">,
    records: readonly JournalRecord[],
  ): Incidents {
    const found = records
      .filter(({ key }) => key.startsWith(incidentPrefix))
      .map(({ value }) => recall<Incident>(value))
      .sort((left, right) => left.wallMs - right.wallMs || (left.id < right.id ? -1 : 1));
    return new Incidents(agent, crypto, found.slice(-incidentsKeptMax));
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
      promise: claim.promise,
      author: claim.author,
      fragment: claim.fragment,
      fragmentName: claim.fragmentName,
      observed: state.observation ?? null,
      drift: state.drift?.summary ?? state.plan?.summary ?? "",
      attempts: state.attempts,
      next: `antibody why ${state.resource}`,
    };
    const records: JournalRecord[] = [{ key: `${incidentPrefix}${incident.id}`, value: keep(incident) }];
    const kept = [...this.#incidents, incident];
    for (const { id } of kept.slice(0, -incidentsKeptMax)) {
      records.push({ key: `${incidentPrefix}${id}`, value: null });
    }
    this.#incidents = kept.slice(-incidentsKeptMax);
    turn.emit({ type: "persist", durability: "batched", records });
    return incident;
  }
}
