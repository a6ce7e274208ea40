import type { ResourceType } from "../contract/resource.ts";

/** Made once for each list: the minds of a simulator share theirs. */
const known = new WeakMap<readonly ResourceType[], ReadonlyMap<string, ResourceType>>();

/** Resource types by their kind. */
export function typesByKind(types: readonly ResourceType[]): ReadonlyMap<string, ResourceType> {
  const byKind = known.get(types) ?? new Map(types.map((type) => [type.kind, type]));
  known.set(types, byKind);
  return byKind;
}
