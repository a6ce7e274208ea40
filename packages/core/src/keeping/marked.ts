/**
 * Few keys in one list, each behind its mark and before what belongs to it, in records of so many places. A key is looked
 * at only where its mark is the same: ten ids lie apart in memory, and to look at them all takes as long as the rest of
 * a step.
 */
export type Marked<Part> = readonly (number | Part)[];

/** A small number that equal keys have in common, and others nearly never: of a text the three characters before its last. */
export function markOf(key: unknown): number {
  if (typeof key !== "string" || key.length < 4) return 0;
  const last = key.length - 1;
  return key.charCodeAt(last - 1) + 97 * (key.charCodeAt(last - 2) + 97 * key.charCodeAt(last - 3));
}

/** Where the record of a key begins; -1 where there is none. */
export function placeOf(key: unknown, marked: Marked<unknown>, places: number): number {
  const mark = markOf(key);
  for (let at = 0; at < marked.length; at += places) {
    if (marked[at] === mark && marked[at + 1] === key) return at;
  }
  return -1;
}

/** One place of each record, in their order. */
export function placesOf<Part>(marked: Marked<Part>, places: number, place: number): Part[] {
  return marked.filter((_, at) => at % places === place) as Part[];
}
