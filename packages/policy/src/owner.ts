import * as z from "zod/mini";
import { compareText, fromHex } from "./bytes.ts";
import { isGlob } from "./glob.ts";
import { type Grant, type Mode, type Power, parseMode, parsePower, powers } from "./grant.ts";
import { type AuthorId, parseId } from "./ids.ts";
import type { Json } from "./json.ts";
import { scopeGlobsMax } from "./limits.ts";
import { type Rejection, reject } from "./rejection.ts";
import { isSortedSet, parsed, readShape } from "./shape.ts";

/** What an owner's word accepts of an author; who is accepted and by whom is said beside it. */
export type OwnerGrant = Omit<Grant, "author" | "introducedBy">;

/**
 * An owner's word on one author, for all of the owner's devices: gossiped to everybody, obeyed where this key is
 * pinned. The highest sequence counts, so that an older word never comes back.
 */
export interface OwnerWord {
  readonly v: 1;
  readonly type: "owner";
  /** Public key of the owner, 32 bytes in hexadecimal. */
  readonly owner: string;
  /** The author that is spoken of. */
  readonly subject: AuthorId;
  /** From 1; rises with each word of this owner on this author. */
  readonly sequence: number;
  /** Absent: the author is no longer accepted. */
  readonly grant?: OwnerGrant;
}

const hex32 = parsed(
  (text) => (text.length === 64 && fromHex(text) !== undefined ? text : undefined),
  "32 bytes",
);
const glob = parsed((text) => (isGlob(text) ? text : undefined), "a glob");

const grantShape: z.ZodMiniType<OwnerGrant, unknown> = z.strictObject({
  scope: z.array(glob).check(z.minLength(1), z.maxLength(scopeGlobsMax)),
  rank: z.int(),
  mode: parsed<Mode>(parseMode, "a mode"),
  powers: z.array(parsed<Power>(parsePower, "a power")).check(z.maxLength(powers.length)),
  bytesMax: z.int().check(z.minimum(1)),
  root: z.exactOptional(hex32),
});

const wordShape = z.strictObject({
  v: z.literal(1),
  type: z.literal("owner"),
  owner: hex32,
  subject: parsed((text) => parseId("author", text), "an author"),
  sequence: z.int().check(z.minimum(1)),
  grant: z.exactOptional(grantShape),
});

/** Reads the body of an owner's word. Says nothing about signatures. */
export function parseOwnerWord(body: Json): OwnerWord | Rejection {
  const word = readShape<OwnerWord>(wordShape, body, "owner");
  if ("reason" in word) return word;
  if (word.grant !== undefined && !(isSortedSet(word.grant.scope) && isSortedSet(word.grant.powers))) {
    return reject("malformed", "owner: scope and powers must be sorted and without duplicates");
  }
  return word;
}

/** Where one owner's words on one author stand. */
export interface OwnerStand {
  readonly author: AuthorId;
  readonly sequence: number;
  /** Absent: not accepted. */
  readonly grant?: Grant;
  /** Two words of one sequence differ: the author is not accepted until the owner says more. */
  readonly isDisputed: boolean;
}

/** Who brings an author here by an owner's word, as `trust list` shows it. */
export const ownersWord = "owner, for all devices";

/**
 * What an owner's words say together, in the order of authors: a pure function of them, whatever their order. Of two
 * different words of one sequence neither counts, which is less trust, never more.
 */
export function ownerStands(words: Iterable<OwnerWord>, owner: string): readonly OwnerStand[] {
  const newest = new Map<AuthorId, OwnerWord[]>();
  for (const word of words) {
    if (word.owner !== owner) continue;
    const known = newest.get(word.subject) ?? [];
    const sequence = known[0]?.sequence ?? 0;
    if (word.sequence > sequence) newest.set(word.subject, [word]);
    else if (word.sequence === sequence) newest.set(word.subject, [...known, word]);
  }
  return [...newest]
    .sort(([left], [right]) => compareText(left, right))
    .map(([author, [first, ...others]]) => standOf(author, first, others.length > 0));
}

function standOf(author: AuthorId, word: OwnerWord | undefined, isDisputed: boolean): OwnerStand {
  const { sequence = 0, grant } = word ?? {};
  if (grant === undefined || isDisputed) return { author, sequence, isDisputed };
  return { author, sequence, isDisputed, grant: { ...grant, author, introducedBy: ownersWord } };
}
