import type { Inspection, ResourcePhase, ResourceView } from "@antibody/core";
import type { Publisher } from "../scenarios/publisher.ts";

/** What an agent lacks that has no such generation in force, nor a later one. */
export function generationLack(
  { streams }: Pick<Inspection, "streams">,
  publisher: Publisher,
  generation: number,
): string | undefined {
  const state = streams.find(
    ({ author, stream }) => author === publisher.author && stream === publisher.stream,
  );
  const active = state?.active?.version.generation ?? 0;
  return active >= generation ? undefined : `generation ${active} is in force`;
}

/** What an agent lacks whose resource is in another phase. */
export function phaseLack(
  inspection: Pick<Inspection, "resources">,
  resource: string,
  phase: ResourcePhase,
): string | undefined {
  const view = viewOf(inspection, resource);
  if (view === undefined) return `${resource} is not promised`;
  return view.phase === phase ? undefined : `${resource} is ${view.phase}: ${view.why}`;
}

/** What an agent lacks that does not keep a resource, or keeps it by another bundle. */
export function keptAsLack(
  inspection: Pick<Inspection, "resources">,
  publisher: Publisher,
  resource: string,
): string | undefined {
  const view = viewOf(inspection, resource);
  if (view === undefined || view.author !== publisher.author)
    return `${resource} is not promised by ${publisher.stream}`;
  return view.phase === "kept" ? undefined : `${resource} is ${view.phase}: ${view.why}`;
}

/** What an agent lacks that does not hold back all that a bundle claims, or holds nothing of it. */
export function bundleLack(
  { heldClaims, resources }: Pick<Inspection, "heldClaims" | "resources">,
  publisher: Publisher,
): string | undefined {
  const isOfBundle = ({ author, stream }: { readonly author?: string; readonly stream?: string }): boolean =>
    author === publisher.author && stream === publisher.stream;
  const enforced = resources.find((view) => isOfBundle(view) && view.phase !== "held");
  if (enforced !== undefined) return `${enforced.resource} is ${enforced.phase}`;
  return heldClaims.some(isOfBundle) ? undefined : `nothing of ${publisher.stream} is held`;
}

function viewOf({ resources }: Pick<Inspection, "resources">, resource: string): ResourceView | undefined {
  return resources.find((view) => view.resource === resource);
}
