import type { ResourceId } from "@antibody/policy";
import type { Keeper } from "./keepers.ts";
import { keyOf, type Tree } from "./tree.ts";

/** A keeper, and what it waits for. */
export interface Contender extends Keeper {
  readonly after: readonly ResourceId[];
}

/** How repairs go on from a state, where that is not to an end at which all is kept. */
export interface Counterexample {
  readonly from: Tree;
  /** Repairs, in their order, until the state comes back; or until none is possible any more. */
  readonly steps: readonly ResourceId[];
  /** How many of the last steps come again and again; 0 where it is stuck. */
  readonly roundLength: number;
}

/** States looked at from one beginning. A guess: what people write together has tens; beyond it nothing is claimed. */
const statesMax = 5_000;

interface State {
  readonly tree: Tree;
  readonly steps: readonly ResourceId[];
  readonly seen: readonly string[];
}

/**
 * Follows every order of repairs from a state, breadth first, so that what is found is shortest. Undefined where all of
 * them end with everything kept, or where that is not found out within `statesMax`.
 */
export function explore(
  contenders: readonly Contender[],
  from: Tree,
  isStuckWrong: boolean,
): Counterexample | undefined {
  const done = new Set<string>();
  const queue: State[] = [{ tree: from, steps: [], seen: [keyOf(from)] }];
  for (let index = 0; index < queue.length && index < statesMax; index += 1) {
    const state = queue[index] as State;
    const moves = movesFrom(contenders, state.tree);
    if (moves.length === 0 && isStuckWrong && contenders.some((each) => !each.isKept(state.tree)))
      return { from, steps: state.steps, roundLength: 0 };
    for (const { resource, tree } of moves) {
      const key = keyOf(tree);
      const before = state.seen.indexOf(key);
      const steps = [...state.steps, resource];
      if (before >= 0) return { from, steps, roundLength: state.seen.length - before };
      // Other ways to a state lead on as the first one does, but for a round that goes through the way itself.
      const edge = `${state.seen.at(-1)} ${key}`;
      if (done.has(edge)) continue;
      done.add(edge);
      queue.push({ tree, steps, seen: [...state.seen, key] });
    }
  }
  return undefined;
}

/** What may be repaired next, and what comes of it. A repair that fails changes nothing. */
function movesFrom(
  contenders: readonly Contender[],
  tree: Tree,
): readonly { readonly resource: ResourceId; readonly tree: Tree }[] {
  const kept = new Set(contenders.filter((each) => each.isKept(tree)).map(({ resource }) => resource));
  const isFree = ({ after }: Contender): boolean =>
    after.every((each) => kept.has(each) || contenders.every(({ resource }) => resource !== each));
  return contenders.flatMap((each) => {
    if (kept.has(each.resource) || !isFree(each)) return [];
    const next = each.repair(tree);
    return next === undefined ? [] : [{ resource: each.resource, tree: next }];
  });
}
