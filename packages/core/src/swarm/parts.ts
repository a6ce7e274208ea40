import type { AgentId, Crypto } from "@antibody/policy";
import type { Digests } from "../contract/messages.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import type { Incarnation } from "../contract/statements.ts";
import type { Turn } from "../contract/turn.ts";
import type { Settings } from "../settings.ts";
import { Absence } from "./absence.ts";
import { Accusing } from "./accusing.ts";
import { Asking } from "./asking.ts";
import { Deaths } from "./deaths.ts";
import type { Directory, Founding } from "./directory.ts";
import { Evicting } from "./evicting.ts";
import type { Evictions } from "./evictions.ts";
import { Helping } from "./helping.ts";
import { Links } from "./links.ts";
import { Membership } from "./membership.ts";
import { Missing } from "./missing.ts";
import { Observers } from "./observers.ts";
import type { Identity, Own } from "./own.ts";
import { Probing } from "./probing.ts";
import { Reconcile } from "./reconcile.ts";
import { Reporting } from "./reporting.ts";
import type { Roster } from "./roster.ts";
import { SecondLooks } from "./secondLooks.ts";
import { Votes } from "./votes.ts";
import { Wayfinding } from "./wayfinding.ts";

/** What a swarm's part of a mind is made of. */
export interface SwarmOptions extends Identity {
  readonly settings: Settings;
  readonly crypto: Crypto;
  /** Where members stand on the rings. The minds of a simulator share one; absent: made from the members. */
  readonly roster?: Roster;
  /** The directory that all minds of a simulator begin with; absent: an empty one. */
  readonly founding?: Founding;
}

/** The parts of a swarm, each with a state of its own. */
export interface SwarmParts {
  readonly agent: AgentId;
  readonly settings: Settings;
  readonly own: Own;
  readonly absence: Absence;
  readonly directory: Directory;
  readonly evictions: Evictions;
  readonly evicting: Evicting;
  readonly observers: Observers;
  readonly links: Links;
  readonly votes: Votes;
  readonly asking: Asking;
  readonly probing: Probing;
  readonly helping: Helping;
  readonly missing: Missing;
  readonly secondLooks: SecondLooks;
  readonly wayfinding: Wayfinding;
  readonly reporting: Reporting;
  readonly deaths: Deaths;
  readonly membership: Membership;
  readonly accusing: Accusing;
  readonly reconcile: Reconcile;
}

/** States of the parts, as they dump them. */
export interface PartsDump {
  readonly own: Snapshot;
  readonly absence: Snapshot;
  readonly directory: Snapshot;
  readonly evictions: Snapshot;
  readonly links: Snapshot;
  readonly votes: Snapshot;
  readonly asking: Snapshot;
  readonly probing: Snapshot;
  readonly helping: Snapshot;
  readonly missing: Snapshot;
  readonly secondLooks: Snapshot;
  readonly wayfinding: Snapshot;
  readonly reporting: Snapshot;
  readonly deaths: Snapshot;
  readonly reconcile: Snapshot;
}

/** Puts the parts together. `digests` answers with what the whole mind holds. */
export function composeParts(
  { agent, swarm, certificate, settings }: SwarmOptions,
  own: Own,
  directory: Directory,
  evictions: Evictions,
  digests: (turn: Turn) => Digests,
  dump: PartsDump | undefined,
): SwarmParts {
  const observers = new Observers(directory, settings);
  const links = new Links(directory, settings, dump?.links);
  const votes = new Votes({ agent, swarm, boot: own.boot }, settings, dump?.votes);
  // Probes carry accusations, and what is accused depends on what probing finds: the knot is tied here.
  const accusationOf = (peer: AgentId): Incarnation | undefined => accusing.accusationOf(peer);
  const asking = new Asking({ digests, accusationOf }, dump?.asking);
  const probing = new Probing({ agent, settings, directory, observers, links, asking }, dump?.probing);
  const deaths = new Deaths(
    { agent, directory, observers, asking, links, probing, votes, settings },
    dump?.deaths,
  );
  const missing = new Missing({ agent, settings, directory, observers, probing }, dump?.missing);
  const secondLooks = new SecondLooks({ settings, directory, links, probing, missing }, dump?.secondLooks);
  const wayfinding = new Wayfinding({ agent, directory, observers, links, probing }, dump?.wayfinding);
  const reporting = new Reporting(
    { agent, swarm, settings, own, directory, observers, probing, missing },
    dump?.reporting,
  );
  const evicting = new Evicting({ agent, swarm, certificate, directory, links, evictions });
  const membership = new Membership({
    agent,
    own,
    directory,
    links,
    probing,
    votes,
    deaths,
    missing,
    evicting,
  });
  const shared = {
    agent,
    settings,
    own,
    absence: new Absence(own, dump?.absence),
    directory,
    evictions,
    evicting,
    observers,
    links,
    asking,
    probing,
    votes,
    deaths,
    missing,
    secondLooks,
    wayfinding,
    reporting,
    membership,
  };
  const accusing: Accusing = new Accusing(shared);
  const helping = new Helping({ links, asking, probing, settings }, dump?.helping);
  const reconcile = new Reconcile({ settings, directory, evictions, links, asking }, dump?.reconcile);
  return { ...shared, accusing, helping, reconcile };
}

export function dumpParts(parts: SwarmParts): PartsDump {
  return {
    own: parts.own.dump(),
    absence: parts.absence.dump(),
    directory: parts.directory.dump(),
    evictions: parts.evictions.dump(),
    links: parts.links.dump(),
    votes: parts.votes.dump(),
    asking: parts.asking.dump(),
    probing: parts.probing.dump(),
    helping: parts.helping.dump(),
    missing: parts.missing.dump(),
    secondLooks: parts.secondLooks.dump(),
    wayfinding: parts.wayfinding.dump(),
    reporting: parts.reporting.dump(),
    deaths: parts.deaths.dump(),
    reconcile: parts.reconcile.dump(),
  };
}
