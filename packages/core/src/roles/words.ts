/** What a member says of one role, among its capabilities: no capability's name has a colon. */
export type RoleWord = "candidate" | "holder";

const holds = ":holds";

/** The word of a role's candidate, or holder, as its entry carries it. */
export function roleWord(name: string, word: RoleWord): string {
  return `role:${name}${word === "holder" ? holds : ""}`;
}

/** What a member whose entry carries these says of a role; undefined when it takes no part. */
export function wordOn(name: string, capabilities: readonly string[]): RoleWord | undefined {
  if (capabilities.includes(roleWord(name, "holder"))) return "holder";
  return capabilities.includes(roleWord(name, "candidate")) ? "candidate" : undefined;
}
