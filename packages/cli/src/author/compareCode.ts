/** Groups of the code that two people compare; 80 bits, so that another author cannot be made to fit. */
const groupCount = 4;
const groupCharacters = 4;

/**
 * A short code to compare an author by, on the phone or side by side: the beginning of its id, which is the digest
 * of its first root.
 */
export function compareCode(authorId: string): string {
  const digest = authorId.slice(authorId.indexOf("_") + 1);
  return Array.from({ length: groupCount }, (_none, group) =>
    digest.slice(group * groupCharacters, (group + 1) * groupCharacters),
  ).join("-");
}
