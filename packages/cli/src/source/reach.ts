import type { Inspection } from "@antibody/core";
import {
  type AuthorId,
  type CheckDocuments,
  type Grant,
  matchesAnyGlob,
  promisesOf,
  type ResourceId,
  type SourceDocument,
} from "@antibody/policy";
import { idleGlobs, idleGlobText } from "../trust/idleGlobs.ts";
import { refusalBy } from "../trust/plan.ts";

/** Who is to publish a policy file, as far as it is known. */
export interface Publisher {
  readonly author?: AuthorId;
  /** Globs of the author's own root; empty where it limits itself to nothing. */
  readonly scopes: readonly string[];
}

/** Promises of a document that the author's own root has no scope for: no device would keep them. */
export function outsideScopes(scopes: readonly string[], document: SourceDocument): readonly ResourceId[] {
  if (scopes.length === 0) return [];
  return promisesOf(document).flatMap(([resource]) => (matchesAnyGlob(scopes, resource) ? [] : [resource]));
}

/** The same for a whole file, told where they stand. */
export function checkScopes(scopes: readonly string[]): CheckDocuments {
  return (documents) =>
    documents.flatMap((document, index) =>
      outsideScopes(scopes, document).map((resource) => ({
        document: index,
        resource,
        path: [],
        message: "outside the scopes of this author",
        hint: `its root names ${scopes.join(", ")}`,
      })),
    );
}

/** What the author's own scopes and, where an agent runs here, its owner's grant have to say of the file. */
export function reachWarnings(
  documents: readonly SourceDocument[],
  { author, scopes }: Publisher,
  inspection: Inspection | undefined,
): readonly string[] {
  const promised = documents.flatMap((document) => promisesOf(document).map(([resource]) => resource));
  const claimed = new Set<ResourceId>([...promised, ...claimsHere(inspection, author)]);
  const ofScopes = idleGlobs(scopes, claimed).map((idle) =>
    idleGlobText(idle, "of what this author promises"),
  );
  const grant = inspection?.grants.find((each) => each.author === author);
  return grant === undefined ? ofScopes : [...ofScopes, ...grantWarnings(grant, new Set(promised), claimed)];
}

function grantWarnings(
  grant: Grant,
  promised: ReadonlySet<ResourceId>,
  claimed: ReadonlySet<ResourceId>,
): readonly string[] {
  const refused = [...promised].flatMap((resource) => {
    const refusal = refusalBy(grant, resource);
    return refusal === undefined
      ? []
      : [`${resource}: held on this device, by its owner's grant: ${refusal}`];
  });
  const idle = idleGlobs(grant.scope, claimed).map((each) =>
    idleGlobText(each, "here of what this author promises, though it is granted"),
  );
  return [...refused, ...idle];
}

/** What the agent holds of the author, in force or not, of any stream. */
function claimsHere(inspection: Inspection | undefined, author: AuthorId | undefined): readonly ResourceId[] {
  if (inspection === undefined || author === undefined) return [];
  return [
    ...inspection.resources.filter((view) => view.author === author && view.promise !== undefined),
    ...inspection.heldClaims.filter((claim) => claim.author === author),
  ].map(({ resource }) => resource);
}
