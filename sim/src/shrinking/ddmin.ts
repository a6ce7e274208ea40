/** Gives the index of the first candidate that still fails, or undefined when none does. */
export type FirstFailing<T> = (candidates: readonly (readonly T[])[]) => Promise<number | undefined>;

/**
 * A part of a list that still fails and of which no single item can be left out: the algorithm `ddmin` of Zeller and
 * Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (IEEE TSE 28(2), 2002), figure 5. The whole list
 * must fail. Candidates of one round are independent: they may be tried at once.
 */
export async function ddmin<T>(items: readonly T[], firstFailing: FirstFailing<T>): Promise<readonly T[]> {
  if ((await firstFailing([[]])) !== undefined) return [];
  let rest = items;
  let parts = 2;
  while (rest.length >= 2) {
    const subsets = split(rest, parts);
    // Of two parts each is the other's complement.
    const complements = parts === 2 ? [] : subsets.map((_, index) => without(subsets, index));
    const found = await firstFailing([...subsets, ...complements]);
    if (found === undefined) {
      if (parts >= rest.length) break;
      parts = Math.min(2 * parts, rest.length);
    } else if (found < subsets.length) {
      rest = subsets[found] ?? [];
      parts = 2;
    } else {
      rest = complements[found - subsets.length] ?? [];
      parts = Math.max(parts - 1, 2);
    }
  }
  return rest;
}

/** So many parts of nearly equal length. */
function split<T>(items: readonly T[], parts: number): readonly (readonly T[])[] {
  return Array.from({ length: parts }, (_, index) =>
    items.slice(Math.floor((index * items.length) / parts), Math.floor(((index + 1) * items.length) / parts)),
  );
}

function without<T>(subsets: readonly (readonly T[])[], left: number): readonly T[] {
  return subsets.flatMap((subset, index) => (index === left ? [] : subset));
}
