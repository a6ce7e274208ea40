import { compareText } from "../bytes.ts";
import { isLaterHeartbeat } from "../heartbeat.ts";
import type { AuthorId, FragmentId } from "../ids.ts";
import type {
  VerifiedFragment,
  VerifiedHeartbeat,
  VerifiedManifest,
  VerifiedPolicy,
  VerifiedRoot,
} from "../verify.ts";

/** All of one author's documents, each once, sorted by id. */
export interface AuthorDocuments {
  readonly author: AuthorId;
  readonly roots: readonly VerifiedRoot[];
  readonly manifests: readonly VerifiedManifest[];
  readonly fragments: readonly VerifiedFragment[];
  readonly heartbeats: readonly VerifiedHeartbeat[];
}

/** Two documents that their author should never both have signed. */
export type Proof = readonly [FragmentId, FragmentId];

/** Sorts a set by authors. Equal documents count once, whatever signatures they came with. */
export function groupByAuthor(set: Iterable<VerifiedPolicy>): readonly AuthorDocuments[] {
  const byId = new Map<FragmentId, VerifiedPolicy>();
  for (const policy of set) {
    const known = byId.get(policy.id);
    // Envelopes around one document may differ in length; the quota must not depend on which came first.
    if (known === undefined || policy.bytes.length < known.bytes.length) byId.set(policy.id, policy);
  }
  const sorted = [...byId.values()].sort((left, right) => compareText(left.id, right.id));
  const authors = [...new Set(sorted.map((policy) => policy.author))].sort(compareText);
  const documents = new Map(
    authors.map((author) => [
      author,
      {
        author,
        roots: [] as VerifiedRoot[],
        manifests: [] as VerifiedManifest[],
        fragments: [] as VerifiedFragment[],
        heartbeats: [] as VerifiedHeartbeat[],
      },
    ]),
  );
  for (const policy of sorted) {
    const own = documents.get(policy.author);
    if (policy.type === "root") own?.roots.push(policy);
    else if (policy.type === "manifest") own?.manifests.push(policy);
    else if (policy.type === "fragment") own?.fragments.push(policy);
    else if (policy.type === "heartbeat") own?.heartbeats.push(policy);
  }
  return [...documents.values()];
}

/** The latest of an author's heartbeats of one epoch: those of others were revoked, or are not valid yet. */
export function latestHeartbeat(
  heartbeats: readonly VerifiedHeartbeat[],
  epoch: number | undefined,
): VerifiedHeartbeat | undefined {
  let latest: VerifiedHeartbeat | undefined;
  for (const entry of heartbeats) {
    if (epoch !== undefined && entry.heartbeat.epoch !== epoch) continue;
    if (latest === undefined || isLaterHeartbeat(entry, latest)) latest = entry;
  }
  return latest;
}
