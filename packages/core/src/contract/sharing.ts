/** What of a mind others may hold alike: of its policy, and whom it holds dead as people see them. */
export type SharedKind = "view" | "heads" | "floors" | "roots" | "dead";

/**
 * Where minds that run side by side find values that another of them has made already: a simulator's minds keep the same
 * policy, and know of the same deaths. A value that is given never changes, and the one that is returned equals it.
 */
export interface Sharing {
  of<Value extends object>(kind: SharedKind, value: Value): Value;
}

/** A mind that runs alone. */
export const sharesNothing: Sharing = { of: (_kind, value) => value };
