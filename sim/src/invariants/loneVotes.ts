import type { Inspection } from "@antibody/core";

/** A death that rests on one vote, of an observer that nothing came back to. As `why` says it. */
const oneSilence = /^1 votes?: 1 (?:cut|stalled)\b/;

/**
 * Nobody is held dead because one other met silence: that shows no more than a bad link between the two. One refusal
 * is evidence, since the subject's own host says that the process is gone. One line for each.
 */
export function loneVotes({ members }: Pick<Inspection, "members">): readonly string[] {
  const known = loneVotesIn.get(members);
  if (known !== undefined) return known;
  const problems = loneVotesOf(members);
  loneVotesIn.set(members, problems);
  return problems;
}

/** Agents that hold the same ones dead show one list: it is gone through once. */
const loneVotesIn = new WeakMap<Inspection["members"], readonly string[]>();

function loneVotesOf(members: Inspection["members"]): readonly string[] {
  return members
    .filter(({ verdict, why }) => verdict === "dead" && why.startsWith("1 vote") && oneSilence.test(why))
    .map(({ name, why }) => `${name} is held dead on one other's word: ${why}`);
}
