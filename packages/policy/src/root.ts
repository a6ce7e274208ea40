import * as z from "zod/mini";
import { fromHex, toHex, utf8 } from "./bytes.ts";
import { canonicalText } from "./canonical.ts";
import type { Crypto } from "./crypto.ts";
import { isGlob } from "./glob.ts";
import { type AuthorId, parseId } from "./ids.ts";
import type { Json } from "./json.ts";
import { rootCarryMax, rootKeysMax, scopeGlobsMax } from "./limits.ts";
import { type Rejection, reject } from "./rejection.ts";
import { isSortedSet, parsed, readShape } from "./shape.ts";

/**
 * Who an author is: its keys, and what they may claim. Number N+1 is signed by the thresholds of N and of N+1,
 * and uses the keys that N named in advance by their digest, so that a stolen key alone cannot rotate.
 */
export interface Root {
  readonly v: 1;
  readonly type: "root";
  /** From 1, without gaps. */
  readonly number: number;
  /** From 1. Rises to revoke: documents of an older epoch are no longer valid, but those in `carry`. */
  readonly epoch: number;
  /** Public keys in hexadecimal, sorted, at most `rootKeysMax`. */
  readonly keys: readonly string[];
  /** How many of the keys sign the author's documents. */
  readonly threshold: number;
  /** `keysDigest` of the keys of number N+1. */
  readonly nextKeysDigest: string;
  /** Globs over resource ids that this author limits itself to; empty: no limit of its own. Sorted. */
  readonly scopes: readonly string[];
  /** Digests (hexadecimal, sorted) of documents of older epochs that stay valid. */
  readonly carry: readonly string[];
  /** Digest of root N−1, in hexadecimal; absent in number 1. */
  readonly previous?: string;
  /** The author; absent in number 1, whose own digest makes the author's id. */
  readonly author?: AuthorId;
}

const hex32 = parsed(
  (text) => (text.length === 64 && fromHex(text) !== undefined ? text : undefined),
  "32 bytes",
);
const glob = parsed((text) => (isGlob(text) ? text : undefined), "a glob");

const rootShape = z.strictObject({
  v: z.literal(1),
  type: z.literal("root"),
  number: z.int().check(z.minimum(1)),
  epoch: z.int().check(z.minimum(1)),
  keys: z.array(hex32).check(z.minLength(1), z.maxLength(rootKeysMax)),
  threshold: z.int().check(z.minimum(1), z.maximum(rootKeysMax)),
  nextKeysDigest: hex32,
  scopes: z.array(glob).check(z.maxLength(scopeGlobsMax)),
  carry: z.array(hex32).check(z.maxLength(rootCarryMax)),
  previous: z.exactOptional(hex32),
  author: z.exactOptional(parsed((text) => parseId("author", text), "an author")),
});

/** Reads the body of a root. It says nothing about signatures. */
export function parseRoot(body: Json): Root | Rejection {
  const root = readShape<Root>(rootShape, body, "root");
  if ("reason" in root) return root;
  if (root.threshold > root.keys.length)
    return reject("malformed", "root: threshold above the number of keys");
  if (!isSortedSet(root.keys) || !isSortedSet(root.scopes) || !isSortedSet(root.carry)) {
    return reject("malformed", "root: keys, scopes and carry must be sorted and without duplicates");
  }
  const first = root.number === 1;
  if (first !== (root.author === undefined) || first !== (root.previous === undefined)) {
    return reject("malformed", "root: author and previous are absent in number 1, and only there");
  }
  return root;
}

/** The digest that names the next keys in advance, in hexadecimal: over the sorted keys and their threshold. */
export function keysDigest(crypto: Crypto, keys: readonly string[], threshold: number): string {
  return toHex(crypto.sha256(utf8(canonicalText({ keys, threshold }))));
}
