/** Kinds whose switch can be undone. Of any other a repair has begun to matter before it is known to hold. */
export const barrierKinds: readonly string[] = ["file", "directory", "symlink", "command"];
