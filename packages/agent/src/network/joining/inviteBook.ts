import type { AgentId } from "@antibody/policy";
import { BoundedMap, type Clock, monotonicMs } from "../limiter.ts";
import { invitesKeptMax, joinTriesMax } from "../limits.ts";

/** An invite that its inviter has given out. Its secret is kept as a digest: who reads the book cannot join. */
export interface IssuedInvite {
  /** SHA-256 of the secret, in hexadecimal. */
  readonly secretDigest: string;
  /** How long it may be redeemed, from now. */
  readonly expiresInMs: number;
  /** Whether the one who joins may invite others. */
  readonly mayInvite: boolean;
  /** Whose place the one who joins takes. */
  readonly replaces: AgentId | undefined;
}

/** What the book says of a secret. */
export type InviteState =
  | { readonly type: "open"; readonly mayInvite: boolean; readonly replaces: AgentId | undefined }
  | { readonly type: "expired" }
  /** Redeemed by a key (hexadecimal), which got this chain. */
  | {
      readonly type: "used";
      readonly key: string;
      readonly chain: readonly Uint8Array[];
      readonly replaces: AgentId | undefined;
    }
  | { readonly type: "unknown" };

/** The invites of one inviter. Each is good for one key, once, and for a while on the inviter's own clock. */
export interface InviteBook {
  /** Opens an invite. */
  open(invite: IssuedInvite): void;
  /** Whether anything is remembered: only then are joins answered at all. */
  isEmpty(): boolean;
  /** Whether any invite has not expired yet. */
  isOpen(): boolean;
  state(secretDigest: string): InviteState;
  /** Counts one more answer to who knows the secret; false when there were `joinTriesMax` already. */
  try(secretDigest: string): boolean;
  /** Marks an open invite as used, by whom, and what that key was given: the same key may ask for it again. */
  use(secretDigest: string, key: string, chain: readonly Uint8Array[]): void;
}

interface Page {
  readonly mayInvite: boolean;
  readonly replaces: AgentId | undefined;
  readonly expiresAtMs: number;
  readonly tries: number;
  readonly used?: { readonly key: string; readonly chain: readonly Uint8Array[] };
}

/**
 * A book in memory, of at most `invitesKeptMax` invites. A restart closes all of them: their clock, which must not
 * depend on a wall clock that jumps, ends with the process.
 */
export function memoryInviteBook(clock: Clock = monotonicMs): InviteBook {
  const pages = new BoundedMap<Page>(invitesKeptMax);
  let empty = true;
  let openUntilMs = Number.NEGATIVE_INFINITY;
  return {
    open: ({ secretDigest, expiresInMs, mayInvite, replaces }) => {
      empty = false;
      openUntilMs = Math.max(openUntilMs, clock() + expiresInMs);
      pages.set(secretDigest, { mayInvite, replaces, expiresAtMs: clock() + expiresInMs, tries: 0 });
    },
    isEmpty: () => empty,
    isOpen: () => clock() < openUntilMs,
    state: (secretDigest) => {
      const page = pages.get(secretDigest);
      if (page === undefined) return { type: "unknown" };
      const { mayInvite, replaces } = page;
      if (page.used !== undefined) return { type: "used", ...page.used, replaces };
      return page.expiresAtMs <= clock() ? { type: "expired" } : { type: "open", mayInvite, replaces };
    },
    try: (secretDigest) => {
      const page = pages.get(secretDigest);
      if (page === undefined || page.tries >= joinTriesMax) return false;
      pages.set(secretDigest, { ...page, tries: page.tries + 1 });
      return true;
    },
    use: (secretDigest, key, chain) => {
      const page = pages.get(secretDigest);
      if (page === undefined || page.used !== undefined) throw new Error("Only an open invite can be used");
      pages.set(secretDigest, { ...page, used: { key, chain } });
    },
  };
}
