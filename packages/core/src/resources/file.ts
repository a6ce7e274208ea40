import type { CommonPromise } from "./fields.ts";

/** The state of one path. Without `content` and `absent`, a file must be there, whatever is in it. */
export type FilePromise = CommonPromise & {
  /** The whole content, as UTF-8. */
  readonly content?: string;
  /** Four octal digits, such as `0644`; as it is when not said, `0644` when the file is made. */
  readonly mode?: string;
  /** `user` or `user:group`; as it is when not said. */
  readonly owner?: string;
  /** Nothing may be there. Excludes the other fields. */
  readonly absent?: true;
};

/** What is at the path, without following a symlink there. */
export type FileObservation =
  | { readonly type: "absent" }
  | {
      readonly type: "file";
      /** Of the content, under the agent's digest key, hex. */
      readonly digest: string;
      readonly size: number;
      readonly mode: string;
      /** `user:group`, by name; by number where the device knows no name. */
      readonly owner: string;
    }
  | {
      readonly type: "other";
      /** `directory`, `symlink`, `socket`, `fifo`, `block` or `character`. */
      readonly what: string;
      readonly mode: string;
      readonly owner: string;
    };

/**
 * - `write`: a temporary file with content, mode and owner, renamed over the path. An empty directory in the way
 *   is removed; one with entries fails the action. Content that is not promised stays as it is, or is empty.
 * - `adjust`: mode and owner of the file that is there.
 * - `remove`: unlinks; an empty directory is removed, one with entries fails the action.
 */
export type FileVerb = "write" | "adjust" | "remove";
