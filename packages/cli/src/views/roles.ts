import { formatDuration, type Inspection, type LeaseView, type RoleView } from "@antibody/core";
import { shortId } from "@antibody/policy";
import { printable } from "../text/printable.ts";

/** Someone who holds a role, or would be next. */
interface RolePeer {
  readonly agent: string;
  readonly name: string;
}

/** A role as `status` and `why` tell of it. */
export interface RoleFields {
  readonly resource: string;
  /** How many shall hold it. */
  readonly count: number;
  readonly heldHere: boolean;
  readonly holders: readonly RolePeer[];
  /** Who would take it over, first one first. */
  readonly next: readonly RolePeer[];
  readonly takeoverMs: number;
  readonly overlapMs: number;
  /** Of a leased role. */
  readonly lease?: LeaseFields;
}

/** The lease of a role as this device sees it. */
interface LeaseFields {
  /** The fencing token of the lease that this device holds or has voted for. */
  readonly epoch: number;
  /** For whom this device has voted, and may not vote against now. */
  readonly boundTo?: RolePeer;
  readonly voters: readonly RolePeer[];
}

/** The roles that are promised on this device. */
export function rolesOf(inspection: Inspection): readonly RoleFields[] {
  return (inspection.roles ?? []).map((role) => roleFields(inspection, role));
}

function roleFields(inspection: Inspection, role: RoleView): RoleFields {
  const names = new Map(inspection.members.map(({ agent, name }) => [agent as string, name]));
  const peer = (agent: string): RolePeer => ({
    agent,
    name: agent === inspection.agent ? inspection.name : (names.get(agent) ?? shortId(agent)),
  });
  const { resource, count, heldHere, holders, next, takeoverMs, overlapMs, lease } = role;
  return {
    resource,
    count,
    heldHere,
    holders: holders.map(peer),
    next: next.map(peer),
    takeoverMs,
    overlapMs,
    ...(lease === undefined ? {} : { lease: leaseFields(lease, peer) }),
  };
}

function leaseFields({ epoch, boundTo, members }: LeaseView, peer: (agent: string) => RolePeer): LeaseFields {
  const bound = boundTo === undefined ? {} : { boundTo: peer(boundTo) };
  return { epoch, ...bound, voters: members.map(peer) };
}

/** One line: who holds a role, and who would be next. */
export function roleText(role: RoleFields): string {
  const by = role.holders.length === 0 ? "nobody" : namesOf(role.holders);
  if (role.lease !== undefined) return `${role.resource}: held by ${by}; ${leaseText(role.lease)}`;
  const next = role.next.length === 0 ? "nobody stands by" : `next ${namesOf(role.next.slice(0, 3))}`;
  return `${role.resource}: ${role.holders.length} of ${role.count} hold it: ${by}; ${next}`;
}

function leaseText({ epoch, boundTo, voters }: LeaseFields): string {
  const vote = boundTo === undefined ? "free" : `for ${namesOf([boundTo])}`;
  return `lease of epoch ${epoch}, vote here ${vote}; ${namesOf(voters)} vote`;
}

/** What a peer has to do with the roles that are promised on this device, one line for each. */
export function rolesOfPeer(inspection: Inspection, agent: string): readonly string[] {
  return rolesOf(inspection).flatMap(({ resource, holders, next, lease }): readonly string[] => {
    const isAmong = (peers: readonly RolePeer[]) => peers.some((peer) => peer.agent === agent);
    const parts = [
      ...(isAmong(holders) ? ["holds it"] : []),
      ...(isAmong(next) ? ["stands by"] : []),
      ...(isAmong(lease?.voters ?? []) ? ["votes on it"] : []),
      ...(lease?.boundTo?.agent === agent ? [`has this device's vote, epoch ${lease.epoch}`] : []),
    ];
    return parts.length === 0 ? [] : [`${resource}: ${parts.join(", ")}`];
  });
}

/** Who holds a role, who stands by in which order, and how long nobody or too many may hold it. */
export function roleRows(role: RoleFields): readonly (readonly [label: string, text: string])[] {
  const { lease } = role;
  if (lease !== undefined) return leasedRows(role, lease);
  return [
    ["held by", role.holders.length === 0 ? "nobody" : `${namesOf(role.holders)} (${role.count} shall)`],
    ["next", role.next.length === 0 ? "nobody stands by" : namesOf(role.next)],
    [
      "bounds",
      `nobody for at most ${formatDuration(role.takeoverMs)}, too many for at most ${formatDuration(role.overlapMs)} once they reach each other`,
    ],
  ];
}

function leasedRows(
  role: RoleFields,
  lease: LeaseFields,
): readonly (readonly [label: string, text: string])[] {
  const { boundTo, epoch, voters } = lease;
  const vote = boundTo === undefined ? "free" : `for ${namesOf([boundTo])}, epoch ${epoch}`;
  return [
    ["held by", role.holders.length === 0 ? "nobody" : namesOf(role.holders)],
    ["vote here", vote],
    ["voters", namesOf(voters)],
    ["bounds", `nobody for at most ${formatDuration(role.takeoverMs)}, never two leases at one time`],
  ];
}

function namesOf(peers: readonly RolePeer[]): string {
  return peers.map(({ name }) => printable(name)).join(", ");
}
