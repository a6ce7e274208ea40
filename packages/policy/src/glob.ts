import { globCharactersMax } from "./limits.ts";

/**
 * Whether a text is a glob that grants and roots may carry: not empty, bounded, NFC, without control characters.
 * `*` stands for any run of characters but `/`, `**` for any run; everything else for itself.
 */
export function isGlob(text: string): boolean {
  if (text === "" || text.length > globCharactersMax || !text.isWellFormed()) return false;
  if (text !== text.normalize("NFC") || text.includes("***")) return false;
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) < 0x20 || text.charCodeAt(index) === 0x7f) return false;
  }
  return true;
}

/**
 * Whether a glob matches the whole of a resource id: `file:/etc/*` matches `file:/etc/motd` and not
 * `file:/etc/ssh/sshd_config`, `file:/etc/**` matches both, `**` matches every id.
 *
 * Time is bounded by the product of both lengths, whatever the glob: it follows all positions at once.
 */
export function matchesGlob(glob: string, resourceId: string): boolean {
  const star = glob.indexOf("*");
  if (star < 0) return glob === resourceId;
  // Most grants end in their only wildcard.
  if (star === glob.length - 2 && glob.endsWith("**")) return resourceId.startsWith(glob.slice(0, star));
  // What every match contains: most ids are told apart here, for a hundredth of the price.
  if (!glob.split("*").every((literal) => resourceId.includes(literal))) return false;
  const tokens = globTokens(glob);
  // reached[i]: the first i tokens match what has been read so far.
  let reached = closure(tokens.map((_, index) => index === 0).concat(tokens.length === 0), tokens);
  for (const character of resourceId) {
    const next = new Array<boolean>(tokens.length + 1).fill(false);
    for (let index = 0; index < tokens.length; index += 1) {
      if (reached[index] !== true) continue;
      const token = tokens[index];
      if (token === "**" || (token === "*" && character !== "/")) next[index] = true;
      else if (token === character) next[index + 1] = true;
    }
    reached = closure(next, tokens);
  }
  return reached[tokens.length] === true;
}

/** Whether any of the globs matches. */
export function matchesAnyGlob(globs: readonly string[], resourceId: string): boolean {
  return globs.some((glob) => matchesGlob(glob, resourceId));
}

/** A wildcard may stand for nothing: who reaches it has also passed it. */
function closure(reached: boolean[], tokens: readonly string[]): boolean[] {
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (reached[index] === true && (token === "*" || token === "**")) reached[index + 1] = true;
  }
  return reached;
}

function globTokens(glob: string): readonly string[] {
  const tokens: string[] = [];
  for (const character of glob) {
    if (character === "*" && tokens.at(-1) === "*") tokens[tokens.length - 1] = "**";
    else tokens.push(character);
  }
  return tokens;
}
