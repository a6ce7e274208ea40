import { chownSync, mkdirSync, statSync } from "node:fs";

/**
 * Root acts as the owner of a state directory that is there already: what it makes in it has to be the service's
 * own. Directories that only root can make, such as one under /run, are made for the owner before.
 * Without root, or on a directory of root's, nothing changes. There is no way back in this process.
 */
export function actAsOwnerOf(stateDirectory: string, directories: readonly string[] = []): void {
  if (process.geteuid?.() !== 0) return;
  const owner = statSync(stateDirectory, { throwIfNoEntry: false });
  if (owner === undefined || owner.uid === 0) return;
  for (const path of directories) {
    if (mkdirSync(path, { recursive: true, mode: 0o750 }) !== undefined)
      chownSync(path, owner.uid, owner.gid);
  }
  process.setgroups?.([owner.gid]);
  process.setgid?.(owner.gid);
  process.setuid?.(owner.uid);
}
