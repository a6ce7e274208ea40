/** Characters kept of what a program wrote. A guess: the last lines say what failed. */
export const outputCharactersMax = 1_024;
/** Characters of it in a line for people. A guess: a wide terminal. */
const lineCharactersMax = 160;

/** The last line of what a program or an attempt reported, since programs say last why they failed. */
export function lastLineOf(output: string): string {
  return (output.trimEnd().split("\n").at(-1) ?? "").slice(0, lineCharactersMax);
}
