import { base32Decode, base32Encode } from "./bytes.ts";

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** `swarm_…`: the digest of a swarm's charter. */
export type SwarmId = Branded<"swarm">;
/** `author_…`: the digest of an author's root number 1. It stays when keys rotate. */
export type AuthorId = Branded<"author">;
/** `agent_…`: the digest of an agent's public key. */
export type AgentId = Branded<"agent">;
/** `frag_…`: the digest of one signed document of policy, be it fragment, manifest or root; never of its signatures. */
export type FragmentId = Branded<"frag">;
/** `incident_…`: the digest of the evidence of a handoff. */
export type IncidentId = Branded<"incident">;
/** An author's sequence of generations, such as `home`: 1 to 63 of `a-z 0-9 -`. */
export type StreamName = Branded<"stream">;

interface IdByKind {
  readonly swarm: SwarmId;
  readonly author: AuthorId;
  readonly agent: AgentId;
  readonly frag: FragmentId;
  readonly incident: IncidentId;
}

/** What stands before the underscore of an id. */
export type IdKind = keyof IdByKind;
/** The id type of a kind. */
export type IdOf<Kind extends IdKind> = IdByKind[Kind];

/** A SHA-256. */
const digestBytes = 32;
/** Length of 32 bytes in base32. */
const digestCharacters = 52;
/** Characters of the digest that people see. A guess: 40 bits, enough to tell apart what one owner sees. */
const shortCharacters = 8;

const namePattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Makes an id from a SHA-256. Throws if the digest has not 32 bytes. */
export function makeId<Kind extends IdKind>(kind: Kind, digest: Uint8Array): IdOf<Kind> {
  if (digest.length !== digestBytes) throw new Error(`An id is made of 32 bytes, not ${digest.length}`);
  return base32Encode(digest, `${kind}_`) as IdOf<Kind>;
}

/** Reads an id of one kind, written in full, or undefined. */
export function parseId<Kind extends IdKind>(kind: Kind, text: string): IdOf<Kind> | undefined {
  return text.startsWith(`${kind}_`) && idDigest(text) !== undefined ? (text as IdOf<Kind>) : undefined;
}

/** The 32 bytes in an id of any kind, or undefined. */
export function idDigest(id: string): Uint8Array | undefined {
  const text = id.slice(id.indexOf("_") + 1);
  return text.length === digestCharacters ? base32Decode(text) : undefined;
}

/** An id as people see it: `agent_abcd2345`. */
export function shortId(id: string): string {
  return id.slice(0, id.indexOf("_") + 1 + shortCharacters);
}

/** What an abbreviated id stands for among the ids that are known. */
export type IdMatch<Id extends string> =
  | { readonly found: Id }
  | { readonly ambiguous: readonly Id[] }
  | { readonly none: true };

/**
 * Finds the id that a text abbreviates, with or without its kind (`agent_abcd`, `abcd`).
 * An ambiguous answer lists every match, in the order of `ids`. The empty text matches nothing.
 */
export function matchIdPrefix<Id extends string>(ids: Iterable<Id>, text: string): IdMatch<Id> {
  if (text === "") return { none: true };
  const matches = new Set<Id>();
  for (const id of ids) {
    if (id === text) return { found: id };
    if (id.startsWith(text) || id.slice(id.indexOf("_") + 1).startsWith(text)) matches.add(id);
  }
  const [first, ...others] = matches;
  if (first === undefined) return { none: true };
  return others.length === 0 ? { found: first } : { ambiguous: [first, ...others] };
}

/** Reads the name of a stream, or undefined. */
export function parseStreamName(text: string): StreamName | undefined {
  return namePattern.test(text) ? (text as StreamName) : undefined;
}

/** Whether a text may name a fragment inside its bundle. */
export function isFragmentName(text: string): boolean {
  return namePattern.test(text);
}
