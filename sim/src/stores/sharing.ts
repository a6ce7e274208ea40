import { isDeepStrictEqual } from "node:util";
import type { SharedKind, Sharing } from "@antibody/core";

/** Values of one kind that are remembered: what most of a swarm holds now, and what it goes through on the way. */
const rememberedMax = 16;

/**
 * What the minds of a world hold alike, once for all of them. The last values of each kind are remembered, the one that
 * was found last in front.
 */
export class WorldSharing implements Sharing {
  readonly #known = new Map<SharedKind, object[]>();

  of<Value extends object>(kind: SharedKind, value: Value): Value {
    const known = (this.#known.get(kind) ?? []) as Value[];
    this.#known.set(kind, known);
    const place = known.findIndex((each) => isDeepStrictEqual(each, value));
    const shared = place < 0 ? value : (known[place] as Value);
    if (place >= 0) known.splice(place, 1);
    else if (known.length === rememberedMax) known.pop();
    known.unshift(shared);
    return shared;
  }
}
