import type { AgentId, Crypto, SwarmId } from "@antibody/policy";
import type { PolicyHolding } from "../contract/knowledge.ts";
import type { Digests } from "../contract/messages.ts";
import { type Sharing, sharesNothing } from "../contract/sharing.ts";
import type { Snapshot } from "../contract/snapshot.ts";
import type { Incarnation, Member, VerifiedCertificate } from "../contract/statements.ts";
import type { MonotonicMs } from "../contract/time.ts";
import type { Turn } from "../contract/turn.ts";
import type { Settings } from "../settings.ts";
import { Asking } from "./asking.ts";
import { Accusing } from "./deaths/accusing.ts";
import { Deaths } from "./deaths/deaths.ts";
import { Votes } from "./deaths/votes.ts";
import { Links } from "./links.ts";
import { Absence } from "./members/absence.ts";
import type { Directory, Founding } from "./members/directory.ts";
import { Evicting } from "./members/evicting.ts";
import type { Evictions } from "./members/evictions.ts";
import { Membership } from "./members/membership.ts";
import type { Identity, Own } from "./members/own.ts";
import { Roster } from "./members/roster.ts";
import { Missing } from "./missing/missing.ts";
import { Reporting } from "./missing/reporting.ts";
import { SecondLooks } from "./missing/secondLooks.ts";
import { Wayfinding } from "./missing/wayfinding.ts";
import { Helping } from "./observing/helping.ts";
import { Observers } from "./observing/observers.ts";
import { Probing } from "./observing/probing.ts";
import { Reconcile } from "./reconciling/reconcile.ts";

/** What a swarm's part of a mind is made of. */
export interface SwarmOptions extends Identity {
  readonly settings: Settings;
  readonly crypto: Crypto;
  /** Where members stand on the rings. The minds of a simulator share one; absent: made from the members. */
  readonly roster?: Roster;
  /** The directory that all minds of a simulator begin with; absent: an empty one. */
  readonly founding?: Founding;
  /** Where the minds of a simulator find what another has made already; absent: nowhere. */
  readonly sharing?: Sharing;
}

/**
 * The parts of a swarm, each with a state of its own. Each stands on those that were made before it, and is given all of
 * them at once: it names what it needs by an interface of its own, and holds no list of its own.
 */
export class SwarmParts {
  readonly agent: AgentId;
  readonly swarm: SwarmId;
  readonly certificate: VerifiedCertificate;
  readonly settings: Settings;
  readonly sharing: Sharing;
  /** What anti-entropy compares of policy, as of the last input. */
  policy: PolicyHolding | undefined;
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

  constructor(
    { agent, swarm, certificate, settings, sharing = sharesNothing }: SwarmOptions,
    own: Own,
    directory: Directory,
    evictions: Evictions,
    dump: PartsDump | undefined,
  ) {
    this.agent = agent;
    this.swarm = swarm;
    this.certificate = certificate;
    this.settings = settings;
    this.sharing = sharing;
    this.policy = undefined;
    this.own = own;
    this.absence = new Absence(own, dump?.absence);
    this.directory = directory;
    this.evictions = evictions;
    this.observers = new Observers(directory, settings);
    this.links = new Links(directory, this.observers, settings, dump?.links);
    this.votes = new Votes({ agent, swarm, boot: own.boot }, settings, dump?.votes);
    this.asking = new Asking(this, dump?.asking);
    this.probing = new Probing(this, dump?.probing);
    this.deaths = new Deaths(this, dump?.deaths);
    this.missing = new Missing(this, dump?.missing);
    this.secondLooks = new SecondLooks(this, dump?.secondLooks);
    this.wayfinding = new Wayfinding(this, dump?.wayfinding);
    this.reporting = new Reporting(this, dump?.reporting);
    this.evicting = new Evicting(this);
    this.membership = new Membership(this);
    this.accusing = new Accusing(this);
    this.helping = new Helping(this, dump?.helping);
    this.reconcile = new Reconcile(this, dump?.reconcile);
  }

  /** Digests of what the whole mind holds. */
  digests(turn: Turn): Digests {
    if (this.policy === undefined) throw new Error("no policy to compare before the first input");
    return this.reconcile.digests(this.policy, turn);
  }

  /** Probes carry accusations, and what is accused depends on what probing finds: the knot is tied here. */
  accusationOf(peer: AgentId): Incarnation | undefined {
    return this.accusing.accusationOf(peer);
  }

  /** The earliest deadline of all parts but probing. */
  get restDeadline(): MonotonicMs {
    return Math.min(
      this.helping.deadline,
      this.votes.deadline,
      this.links.deadline,
      this.deaths.deadline,
      this.reconcile.deadline,
      this.missing.deadline,
      this.secondLooks.deadline,
      this.wayfinding.deadline,
      this.reporting.deadline,
      this.absence.deadline,
    );
  }
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

/** The roster that was given, with the agent itself and the members in it. */
export function rosterOf(
  { roster, certificate, settings, crypto }: SwarmOptions,
  members: readonly Member[],
): Roster {
  const certificates = [certificate, ...members.map((member) => member.certificate)];
  return roster === undefined
    ? Roster.of(certificates, settings.ringCount, crypto)
    : roster.with(certificates);
}
