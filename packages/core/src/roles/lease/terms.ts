import { type AgentId, type Crypto, canonicalBytes, compareText, toHex } from "@antibody/policy";
import { durationMs } from "../../resources/parts/duration.ts";
import { leaseMsDefault, type RolePromise } from "../../resources/role.ts";
import { roleRank } from "../choosing.ts";

/** What a promise says of a leased role, the same for all who hold the promise. */
export interface Terms {
  /** Digest of the members and of the length: votes under other terms do not count. 16 hex digits. */
  readonly group: string;
  /** Who votes, and who may hold it: the most favored first (rendezvous ranks, choosing.ts). */
  readonly members: readonly AgentId[];
  /** A lease counts for this long from when its holder asked for it. */
  readonly leaseMs: number;
}

/** The terms of a role that is leased; undefined for one that is not. */
export function termsOf(
  role: string,
  { majority, lease }: RolePromise,
  crypto: Pick<Crypto, "sha256">,
): Terms | undefined {
  if (majority === undefined) return undefined;
  const leaseMs = lease === undefined ? leaseMsDefault : durationMs(lease);
  const group = toHex(crypto.sha256(canonicalBytes({ members: majority.toSorted(compareText), leaseMs })));
  const rankOf = (agent: AgentId): string => roleRank(crypto, role, agent);
  const members = majority.toSorted((left, right) => compareText(rankOf(right), rankOf(left)));
  return { group: group.slice(0, 16), members, leaseMs };
}

/** Votes that make a lease: any two such sets of voters have a member in common. */
export function votesNeeded({ members }: Terms): number {
  return Math.floor(members.length / 2) + 1;
}

/**
 * How long a vote binds its voter, on the voter's clock: longer than the lease that it makes, so that clocks which run
 * a tenth apart are safe. Quartz differs by a ten-thousandth.
 */
export function bindingMs({ leaseMs }: Terms): number {
  return leaseMs + Math.ceil(leaseMs / 10);
}

/** A holder asks again after this, so that one lost round costs nothing. */
export function renewAfterMs({ leaseMs }: Terms): number {
  return Math.ceil(leaseMs / 4);
}

/** So long before its lease ends a holder gives up, and stops what goes with the role. */
export function stopBeforeMs({ leaseMs }: Terms): number {
  return Math.ceil(leaseMs / 3);
}
