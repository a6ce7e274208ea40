import { compareText } from "../bytes.ts";
import type { AuthorId, FragmentId } from "../ids.ts";
import type { Root } from "../root.ts";
import type { VerifiedFragment, VerifiedManifest, VerifiedPolicy, VerifiedRoot } from "../verify.ts";

/** All of one author's documents, each once, sorted by id. */
export interface AuthorDocuments {
  readonly author: AuthorId;
  readonly roots: readonly VerifiedRoot[];
  readonly manifests: readonly VerifiedManifest[];
  readonly fragments: readonly VerifiedFragment[];
}

/** Two documents that their author should never both have signed. */
export type Proof = readonly [FragmentId, FragmentId];

/** The author's newest root in the set, or the proof that it made two of one number. */
export interface RootState {
  readonly root?: Root;
  readonly proof?: Proof;
}

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
      },
    ]),
  );
  for (const policy of sorted) {
    const own = documents.get(policy.author);
    if (policy.type === "root") own?.roots.push(policy);
    else if (policy.type === "manifest") own?.manifests.push(policy);
    else if (policy.type === "fragment") own?.fragments.push(policy);
  }
  return [...documents.values()];
}

/** The newest root of an author. */
export function newestRoot(roots: readonly VerifiedRoot[]): RootState {
  const byNumber = new Map<number, VerifiedRoot>();
  let newest: VerifiedRoot | undefined;
  for (const candidate of roots) {
    const other = byNumber.get(candidate.root.number);
    if (other !== undefined) return { proof: [other.id, candidate.id] };
    byNumber.set(candidate.root.number, candidate);
    if (newest === undefined || candidate.root.number > newest.root.number) newest = candidate;
  }
  return newest === undefined ? {} : { root: newest.root };
}
