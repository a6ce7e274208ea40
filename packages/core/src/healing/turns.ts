import { compareText, type ResourceId } from "@antibody/policy";
import { rolesMax } from "../limits.ts";
import { readRolePromise } from "../resources/role.ts";
import type { Disturbance } from "../roles/disturbing.ts";
import type { Parts } from "./parts.ts";

/** What repairs want of roles that they disturb, in the order of roles. */
export function disturbances(parts: Parts): readonly Disturbance[] {
  if (parts.asking.size === 0) return [];
  const runsByRole = new Map<ResourceId, boolean>();
  for (const [resource, roles] of parts.asking) {
    const state = parts.states.get(resource);
    const runs = state?.action !== undefined || state?.verification !== undefined;
    for (const role of roles) runsByRole.set(role, runs || runsByRole.get(role) === true);
  }
  return [...runsByRole]
    .sort(([left], [right]) => compareText(left, right))
    .slice(0, rolesMax)
    .map(([role, runs]) => ({ role, runs, ceiling: ceilingOf(parts, role) }));
}

/** Takes up which roles may be disturbed; what waited is decided on again where that changed. */
export function allow(
  parts: Parts,
  turns: ReadonlySet<ResourceId>,
  because: ReadonlyMap<ResourceId, string>,
): void {
  const isSame =
    turns.size === parts.turns.size &&
    [...turns].every((role) => parts.turns.has(role)) &&
    because.size === parts.turnsBecause.size &&
    [...because].every(([role, why]) => parts.turnsBecause.get(role) === why);
  if (isSame) return;
  parts.turns = turns;
  parts.turnsBecause = because;
  for (const [resource] of parts.asking) parts.reconsider = parts.reconsider.with(resource);
}

function ceilingOf(parts: Parts, role: ResourceId): number | undefined {
  const claim = parts.states.get(role)?.claim;
  return claim === undefined ? undefined : readRolePromise(claim.promise).disturbedMax;
}
