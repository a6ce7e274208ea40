import { type Inspection, resourceTypes } from "@antibody/core";
import {
  type AuthorId,
  type Grant,
  type Json,
  matchesAnyGlob,
  type Power,
  parseResourceId,
  type ResourceId,
  type ResourcePromise,
} from "@antibody/policy";
import { type IdleGlob, idleGlobs } from "./idleGlobs.ts";

/** One resource whose keeping a change of trust changes. */
export interface TrustEffect {
  readonly resource: string;
  /**
   * - `kept`: comes into force, or may. - `changed`: stays in force at another rank or in another mode.
   * - `refused`: stays out of force, see `detail`.
   * - `released`: is no longer kept and stays as it is. - `undone`: is no longer kept, and is removed or stopped.
   */
  readonly effect: "kept" | "changed" | "refused" | "released" | "undone";
  readonly detail: string;
}

/** What the owner is about to change. */
export interface TrustPlan {
  readonly author: string;
  /** Absent: the author is no longer accepted. */
  readonly after?: Grant;
  /** Absent: the author was not accepted before. */
  readonly before?: Grant;
  /** Resources that the agent knows of now; a later bundle can bring more, within the scope. */
  readonly effects: readonly TrustEffect[];
  /** Globs of the grant that match nothing of what the author claims here now; absent where it claims nothing. */
  readonly idleGlobs?: readonly IdleGlob[];
}

/** Works out what accepting an author under a grant, or no longer accepting it, would change on this device. */
export function trustPlan(inspection: Inspection, author: AuthorId, after: Grant | undefined): TrustPlan {
  const before = inspection.grants.find((grant) => grant.author === author);
  const inForce = inspection.resources.filter((view) => view.author === author && view.promise !== undefined);
  const held = inspection.heldClaims.filter((claim) => claim.author === author);
  const lost = inForce.filter((view) => after === undefined || refusalBy(after, view.resource) !== undefined);
  const kept = inForce.filter((view) => !lost.includes(view));
  const claimed = [...inForce, ...held].map(({ resource }) => resource);
  const idle = claimed.length === 0 ? [] : idleGlobs(after?.scope ?? [], claimed);
  return {
    author,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    effects: [
      ...lost.map((view) => lostEffect(view.resource, view.promise)),
      ...kept
        .filter((view) => view.rank !== after?.rank || view.mode !== after?.mode)
        .map(
          (view): TrustEffect => ({
            resource: view.resource,
            effect: "changed",
            detail: `rank ${view.rank}, ${view.mode} → rank ${after?.rank}, ${after?.mode}`,
          }),
        ),
      ...(after === undefined ? [] : held.map((claim) => gainedEffect(after, claim.resource))),
    ],
    ...(idle.length === 0 ? {} : { idleGlobs: idle }),
  };
}

function gainedEffect(grant: Grant, resource: ResourceId): TrustEffect {
  const refusal = refusalBy(grant, resource);
  if (refusal !== undefined) return { resource, effect: "refused", detail: refusal };
  return { resource, effect: "kept", detail: `rank ${grant.rank}, ${grant.mode}` };
}

function lostEffect(resource: ResourceId, promise: Json | undefined): TrustEffect {
  const plan = isPromise(promise) ? typeOf(resource)?.reverse(promise) : undefined;
  if (plan === undefined) return { resource, effect: "released", detail: "stays as it is" };
  return { resource, effect: "undone", detail: plan.summary };
}

function isPromise(promise: Json | undefined): promise is ResourcePromise {
  return typeof promise === "object" && promise !== null && !Array.isArray(promise);
}

/** Why a grant does not let a claim through, or undefined. */
export function refusalBy(grant: Grant, resource: ResourceId): string | undefined {
  if (!matchesAnyGlob(grant.scope, resource)) return "outside the scope";
  const missing = powersOf(resource).filter((power) => !grant.powers.includes(power));
  return missing.length === 0 ? undefined : `needs the power ${missing.join(", ")}`;
}

/** The powers that a promise of a resource needs. */
export function powersOf(resource: ResourceId): readonly Power[] {
  return typeOf(resource)?.powers({}) ?? [];
}

function typeOf(resource: ResourceId): (typeof resourceTypes)[number] | undefined {
  const kind = parseResourceId(resource)?.kind;
  return resourceTypes.find((type) => type.kind === kind);
}
