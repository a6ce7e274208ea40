/** What every start says of what it finds in force: a line of it that a power cut takes is written again. */
export function isSaidAgain(event: string): boolean {
  return event === "policy.activated";
}
