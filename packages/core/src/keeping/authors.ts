import {
  type AgentId,
  type AuthorId,
  compareText,
  type FragmentId,
  type OwnerStand,
  type StreamState,
  type View,
} from "@antibody/policy";
import type { Grants } from "./grants.ts";
import type { PolicySet } from "./policySet.ts";

/** An author whose root is held: who brought it, and where its roots stand. */
export interface AuthorView {
  readonly author: AuthorId;
  /** The peer that brought its first root, or the owner; absent where a build that kept no record took it. */
  readonly introducedBy?: AgentId | "owner";
  readonly isAccepted: boolean;
  /** Of the newest root. */
  readonly rootNumber: number;
  readonly epoch: number;
  readonly keyCount: number;
  readonly threshold: number;
  /** Globs that it limits itself to; empty: to nothing. */
  readonly scopes: readonly string[];
  /** It has made two roots of one number: nothing of it is enforced or undone until the owner follows one of them. */
  readonly isForked: boolean;
  /** Its manifests and fragments in force here: what a rotation carries over, so that they stay so. */
  readonly inForce: readonly FragmentId[];
}

/** The owner's key that this device obeys, and what it has said for all devices. */
export interface OwnerView {
  /** In hexadecimal. */
  readonly key: string;
  readonly stands: readonly OwnerStand[];
}

/** Every author whose root is held, in their order. */
export function authorViews(set: PolicySet, grants: Grants, view: View): readonly AuthorView[] {
  const { roots, quota } = set;
  return [...roots.authors()].sort(compareText).flatMap((author): readonly AuthorView[] => {
    const { proof, newest } = roots.stateOf(author);
    const [root] = newest;
    if (root === undefined) return [];
    const introducedBy = quota.introducerOf(author);
    return [
      {
        author,
        ...(introducedBy === undefined ? {} : { introducedBy }),
        isAccepted: grants.has(author),
        rootNumber: root.number,
        epoch: root.epoch,
        keyCount: root.keys.length,
        threshold: root.threshold,
        scopes: root.scopes,
        isForked: proof !== undefined,
        inForce: view.streams.flatMap((state) => (state.author === author ? inForceIn(state, set) : [])),
      },
    ];
  });
}

function inForceIn({ active, held }: StreamState, set: PolicySet): readonly FragmentId[] {
  const manifest = active === undefined || held !== undefined ? undefined : set.get(active.manifest);
  return manifest?.type === "manifest" ? [manifest.id, ...manifest.manifest.fragments] : [];
}
