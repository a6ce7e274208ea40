import type { ResourcePromise } from "../fragment.ts";
import { promisesOf } from "../fragment.ts";
import { matchesAnyGlob } from "../glob.ts";
import { type Grant, type Mode, modes } from "../grant.ts";
import type { AuthorId } from "../ids.ts";
import { type Rejection, reject } from "../rejection.ts";
import { parseResourceId, type ResourceId } from "../resourceId.ts";
import type { Root } from "../root.ts";
import type { VerifiedFragment, VerifiedPolicy } from "../verify.ts";
import { belowFloor, type Floors } from "../version.ts";
import type { ClaimRules } from "./types.ts";

/** A claim that the owner's grants let through: at which rank, and in which mode. */
export interface GrantedClaim {
  readonly type: "granted";
  readonly rank: number;
  readonly mode: Mode;
}

/** A claim that does not get through, and why. */
export interface RefusedClaim {
  readonly type: "refused";
  readonly reason: "noGrant" | "protected" | "outsideGrant" | "unknownType" | "missingPower";
  readonly detail: string;
}

/**
 * Judges one claim by the author's own scopes, the owner's grants, and what no grant can reach.
 * Of several grants that fit, the highest rank counts; of equal ranks, the strongest mode.
 */
export function judgeClaim(
  author: AuthorId,
  scopes: readonly string[],
  resource: ResourceId,
  promise: ResourcePromise,
  rules: ClaimRules,
): GrantedClaim | RefusedClaim {
  const grants = rules.grants.filter((grant) => grant.author === author);
  if (grants.length === 0) return refuse("noGrant", "the owner has not accepted this author");
  if (matchesAnyGlob(rules.protectedGlobs ?? [], resource)) {
    return refuse("protected", "belongs to the agent itself: no grant reaches it");
  }
  if (scopes.length > 0 && !matchesAnyGlob(scopes, resource)) {
    return refuse("outsideGrant", "outside the scopes that the author's root names");
  }
  const reaching = grants.filter((grant) => matchesAnyGlob(grant.scope, resource));
  if (reaching.length === 0) return refuse("outsideGrant", "outside the scope that the owner granted");
  const kind = parseResourceId(resource)?.kind ?? "";
  const needed = rules.requires(kind, promise);
  if (needed === undefined)
    return refuse("unknownType", `this agent does not know the resource type ${kind}`);
  const able = reaching.filter((grant) => needed.every((power) => grant.powers.includes(power)));
  const [best] = able.toSorted(compareGrants);
  if (best !== undefined) return { type: "granted", rank: best.rank, mode: best.mode };
  return refuse("missingPower", `needs the power ${needed.join(", ")}, which the owner did not grant`);
}

/**
 * Why this device refuses a verified document as it arrives, or undefined: for telling people, and for the log.
 * A refused document is stored and relayed all the same; what is in force only the view says.
 */
export function refusalOf(
  policy: VerifiedPolicy,
  rules: ClaimRules,
  floors: Floors,
  root?: Root,
): Rejection | undefined {
  switch (policy.type) {
    case "root":
    case "report":
    case "owner":
    case "heartbeat":
      return undefined;
    case "directive":
      return oldGeneration(policy.directive, floors);
    case "manifest":
      return oldGeneration(policy.manifest, floors);
    case "fragment":
      return oldGeneration(policy.fragment, floors) ?? refusedClaimOf(policy, rules, root?.scopes ?? []);
    default:
      return unreachable(policy);
  }
}

/** Strongest first: by rank, then by mode. */
function compareGrants(left: Grant, right: Grant): number {
  return right.rank - left.rank || modes.indexOf(left.mode) - modes.indexOf(right.mode);
}

function oldGeneration(document: Parameters<typeof versionText>[0], floors: Floors): Rejection | undefined {
  if (!belowFloor(floors, document.author, document.stream, document)) return undefined;
  return reject("olderGeneration", `${versionText(document)} is older than what was active here`);
}

function versionText(
  document: Pick<VerifiedFragment["fragment"], "author" | "stream" | "epoch" | "generation">,
): string {
  return `generation ${document.generation} of epoch ${document.epoch} of ${document.stream}`;
}

function refusedClaimOf(
  policy: VerifiedFragment,
  rules: ClaimRules,
  scopes: readonly string[],
): Rejection | undefined {
  for (const [resource, promise] of promisesOf(policy.fragment)) {
    const judged = judgeClaim(policy.author, scopes, resource, promise, rules);
    if (judged.type === "refused" && judged.reason !== "unknownType") {
      return reject(judged.reason, `${resource}: ${judged.detail}`);
    }
  }
  return undefined;
}

function refuse(reason: RefusedClaim["reason"], detail: string): RefusedClaim {
  return { type: "refused", reason, detail };
}

function unreachable(policy: never): never {
  throw new Error(`Not a document of policy: ${JSON.stringify(policy)}`);
}
