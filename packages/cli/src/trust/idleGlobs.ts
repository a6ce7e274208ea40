import { compareText, matchesGlob } from "@antibody/policy";

/** A glob that matches no resource of those that are there. */
export interface IdleGlob {
  readonly glob: string;
  /** What is there and differs least from it; absent where nothing is. */
  readonly nearest?: string;
}

/** Resources that a glob is compared with. A guess: more than people look through for a mistake in writing. */
const comparedMax = 512;
/** Characters of a glob and of a resource that are compared: paths that people write are shorter. */
const comparedCharactersMax = 128;

/** Which of these globs match none of these resources, in their order. */
export function idleGlobs(globs: readonly string[], resources: Iterable<string>): readonly IdleGlob[] {
  const there = [...new Set(resources)].toSorted(compareText);
  return [...new Set(globs)]
    .filter((glob) => !there.some((resource) => matchesGlob(glob, resource)))
    .map((glob) => {
      const nearest = nearestTo(glob, there.slice(0, comparedMax));
      return nearest === undefined ? { glob } : { glob, nearest };
    });
}

/** In words: `file:/ect/** matches nothing that is promised here; nearest is file:/etc/motd`. */
export function idleGlobText({ glob, nearest }: IdleGlob, among: string): string {
  return `${glob} matches nothing ${among}${nearest === undefined ? "" : `; nearest is ${nearest}`}`;
}

function nearestTo(glob: string, resources: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const resource of resources) {
    const edits = editsBetween(glob, resource);
    if (edits >= least) continue;
    nearest = resource;
    least = edits;
  }
  return nearest;
}

/**
 * Characters that must be put in, left out or replaced until the glob matches (Wagner and Fischer, 1974), where a star
 * costs nothing, whatever it stands for.
 */
function editsBetween(glob: string, resource: string): number {
  const text = [...resource.slice(0, comparedCharactersMax)];
  let before = [0, ...text.map((_character, index) => index + 1)];
  for (const token of glob.slice(0, comparedCharactersMax).replaceAll(/\*+/g, "*")) {
    const isStar = token === "*";
    const row = [(before[0] ?? 0) + (isStar ? 0 : 1)];
    for (const [index, character] of text.entries()) {
      const [here = 0, above = 0, beside = 0] = [before[index], before[index + 1], row[index]];
      const replaced = here + (character === token ? 0 : 1);
      row.push(isStar ? Math.min(above, beside) : Math.min(replaced, above + 1, beside + 1));
    }
    before = row;
  }
  return before.at(-1) ?? 0;
}
