import { type AgentId, type AuthorId, compareText, type OwnerStand } from "@antibody/policy";
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
  /** It has made two roots of one number: nothing of it is enforced or undone until the owner follows one of them. */
  readonly isForked: boolean;
}

/** The owner's key that this device obeys, and what it has said for all devices. */
export interface OwnerView {
  /** In hexadecimal. */
  readonly key: string;
  readonly stands: readonly OwnerStand[];
}

/** Every author whose root is held, in their order. */
export function authorViews({ roots, quota }: PolicySet, grants: Grants): readonly AuthorView[] {
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
        isForked: proof !== undefined,
      },
    ];
  });
}
