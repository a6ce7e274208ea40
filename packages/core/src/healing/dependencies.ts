import { compareText, type ResourceId } from "@antibody/policy";
import { RareMap } from "../keeping/rare.ts";

/** Who waits for which resource to be kept before it may be repaired. A resource waits for one at a time. */
export class Waiting {
  #waitsFor: RareMap<ResourceId, ResourceId> = RareMap.of();
  #waiting: RareMap<ResourceId, Set<ResourceId>> = RareMap.of();

  constructor(entries: readonly (readonly [ResourceId, ResourceId])[] = []) {
    for (const [resource, dependency] of entries) this.wait(resource, dependency);
  }

  get size(): number {
    return this.#waitsFor.size;
  }

  wait(resource: ResourceId, dependency: ResourceId): void {
    if (this.#waitsFor.get(resource) === dependency) return;
    this.forget(resource);
    this.#waitsFor = this.#waitsFor.with(resource, dependency);
    const waiting = this.#waiting.get(dependency) ?? new Set();
    this.#waiting = this.#waiting.with(dependency, waiting.add(resource));
  }

  forget(resource: ResourceId): void {
    const dependency = this.#waitsFor.get(resource);
    if (dependency === undefined) return;
    this.#waitsFor.delete(resource);
    const waiting = this.#waiting.get(dependency);
    waiting?.delete(resource);
    if (waiting?.size === 0) this.#waiting.delete(dependency);
  }

  /** Those that wait for a resource, in the order of their ids; they wait no more. */
  release(dependency: ResourceId): readonly ResourceId[] {
    const released = [...(this.#waiting.get(dependency) ?? [])].sort(compareText);
    for (const resource of released) this.forget(resource);
    return released;
  }

  /** For dumps: who waits for whom, in the order of ids. */
  entries(): (readonly [ResourceId, ResourceId])[] {
    return [...this.#waitsFor].sort(([left], [right]) => compareText(left, right));
  }
}

/**
 * The resources whose dependencies lead back to themselves, each with the way around, for people. They could
 * only wait for ever. Visits every dependency once, without recursion.
 */
export function findCircles(
  afterOf: ReadonlyMap<ResourceId, readonly ResourceId[]>,
): ReadonlyMap<ResourceId, readonly ResourceId[]> {
  const circles = new Map<ResourceId, readonly ResourceId[]>();
  const finished = new Set<ResourceId>();
  for (const root of afterOf.keys()) {
    const path: { readonly resource: ResourceId; next: number }[] = [];
    const onPath = new Map<ResourceId, number>();
    const enter = (resource: ResourceId): void => {
      onPath.set(resource, path.length);
      path.push({ resource, next: 0 });
    };
    if (!finished.has(root)) enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const dependency = afterOf.get(top.resource)?.[top.next];
      top.next += 1;
      if (dependency === undefined) {
        finished.add(top.resource);
        onPath.delete(top.resource);
        path.pop();
        continue;
      }
      const start = onPath.get(dependency);
      if (start !== undefined) {
        const circle = path.slice(start).map(({ resource }) => resource);
        for (const resource of circle) circles.set(resource, [...circle, dependency]);
      } else if (!finished.has(dependency)) enter(dependency);
    }
  }
  return circles;
}
