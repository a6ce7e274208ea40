import {
  type AuthorId,
  authorStreamsMax,
  compareVersions,
  type StreamName,
  type StreamState,
  streamKey,
  type VerifiedPolicy,
  type Version,
  type View,
} from "@antibody/policy";
import type { JournalRecord } from "../contract/output.ts";
import { isRival, takesPartIn, versionOf } from "./heads.ts";
import type { PolicySet } from "./policySet.ts";
import { deletionOf, recordOf } from "./records.ts";

/** A generation that a new view puts in force, and the old one did not. */
export type Activated = StreamState & { readonly active: NonNullable<StreamState["active"]> };

/** What becomes active between two views, or changes in whether the owner accepts it. */
export function activatedBetween(before: View, after: View): readonly Activated[] {
  const known = new Map(before.streams.map((state) => [streamKey(state.author, state.stream), state]));
  return after.streams.flatMap((state): readonly Activated[] => {
    const last = known.get(streamKey(state.author, state.stream));
    const { active } = state;
    if (active === undefined || state.held === "equivocation") return [];
    const isSame = active.manifest === last?.active?.manifest && isAccepted(last) === isAccepted(state);
    return isSame ? [] : [{ ...state, active }];
  });
}

/** Whether the owner has accepted the author of a stream. */
export function isAccepted({ held }: StreamState): boolean {
  return held !== "noGrant" && held !== "unknownAuthor";
}

/** What a generation cannot be in force without: itself, and its author's roots. */
export function inForceOf(
  { author, stream, active: { version } }: Activated,
  set: PolicySet,
): readonly VerifiedPolicy[] {
  return [...set.values()].filter((policy) => takesPartIn(policy, author, stream, version));
}

/** Floor, author's roots and the whole generation, with what it makes useless: one write. */
export function activationRecords(
  { author, stream, active: { version } }: Activated,
  inForce: readonly VerifiedPolicy[],
  outdated: readonly VerifiedPolicy[],
): readonly JournalRecord[] {
  return [
    { key: `floor/${streamKey(author, stream)}`, value: { v: 1, ...version } },
    ...inForce.map(recordOf),
    ...outdated.map(deletionOf),
  ];
}

function isOfVersion(left: StreamVersion, right: StreamVersion): boolean {
  return left.stream === right.stream && compareVersions(left, right) === 0;
}

type StreamVersion = Version & { readonly stream: StreamName };

/**
 * A fragment changes the view only when it completes a generation, or is the second body of one version:
 * projecting for each would cost n². Of strangers nothing is in force, so that only the first of each stream is
 * shown at once, and its first complete generation: they must not make this agent work for every document.
 */
export function mayChangeView(
  policy: VerifiedPolicy,
  view: View,
  set: PolicySet,
  isGranted: (author: AuthorId) => boolean,
): boolean {
  // Whom the owner accepts has changed, if it is the owner's word at all.
  if (policy.type === "owner") return true;
  const made = versionOf(policy);
  if (!isGranted(policy.author)) {
    const shown = view.streams.filter(({ author }) => author === policy.author);
    const own = shown.find(({ stream }) => stream === made?.stream);
    if (made === undefined || own?.active !== undefined) return false;
    if (own === undefined) return shown.length < authorStreamsMax;
  }
  if (policy.type !== "fragment") return true;
  for (const other of set.values()) {
    if (other.author !== policy.author) continue;
    if (other.type === "manifest" && other.manifest.fragments.includes(policy.id)) {
      if (other.manifest.fragments.every((id) => set.has(id))) return true;
      // Its version has a manifest that does not name it.
    } else if (other.type === "manifest" && isOfVersion(policy.fragment, other.manifest)) return true;
    else if (other.type === "fragment" && isRival(policy.fragment, other.fragment)) return true;
  }
  return false;
}
