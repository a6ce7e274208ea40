import type { CommonPromise } from "./fields.ts";

/** A directory; what is in it is not promised. */
export type DirectoryPromise = CommonPromise & {
  /** Four octal digits, such as `0755`; as it is when not said, `0755` when the directory is made. */
  readonly mode?: string;
  /** `user` or `user:group`; as it is when not said. */
  readonly owner?: string;
  /** Nothing may be there; only an empty directory is removed. Excludes the other fields. */
  readonly absent?: true;
};

/** What is at the path, without following a symlink there. */
export type DirectoryObservation =
  | { readonly type: "absent" }
  | { readonly type: "directory"; readonly mode: string; readonly owner: string; readonly empty: boolean }
  | { readonly type: "other"; readonly what: string };

/**
 * - `create`: with its parents, then mode and owner. Something else in the way fails the action.
 * - `adjust`: mode and owner.
 * - `remove`: only when empty; one with entries fails the action.
 */
export type DirectoryVerb = "create" | "adjust" | "remove";
