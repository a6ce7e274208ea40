/** Why the owner of something differs from the promised one, or undefined. A promise of the user alone takes any group. */
export function ownerDifference(promised: string | undefined, seen: string): string | undefined {
  if (promised === undefined || promised === seen) return undefined;
  if (!promised.includes(":") && seen.split(":")[0] === promised) return undefined;
  return `owner is ${seen}, promised ${promised}`;
}

/** Why the mode differs, or undefined. */
export function modeDifference(promised: string | undefined, seen: string): string | undefined {
  return promised === undefined || promised === seen ? undefined : `mode is ${seen}, promised ${promised}`;
}

/** What the owner is after the promised one was set: a promise of the user alone leaves the group. */
export function ownerAfter(promised: string | undefined, seen: string): string {
  if (promised === undefined) return seen;
  return promised.includes(":") ? promised : `${promised}:${seen.split(":")[1] ?? promised}`;
}
