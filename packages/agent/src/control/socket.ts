import { chmod, lstat, mkdir, rename, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { connect } from "node:net";
import { dirname, join } from "node:path";

/**
 * Opens a server on a Unix socket with a mode. The socket is bound in a private directory, given its mode and
 * moved into place, so that nobody ever sees it with another mode, and a dead agent's socket is replaced in one
 * move. Throws where another process answers, where the path is something else than a socket, and where the
 * directory belongs to someone else.
 */
export async function openSocket(server: Server, path: string, mode: number): Promise<void> {
  const directory = dirname(path);
  await ensureOwnDirectory(directory);
  await refuseTaken(path);
  const opening = join(directory, ".open");
  await rm(opening, { recursive: true, force: true });
  await mkdir(opening, { mode: 0o700 });
  try {
    const bound = join(opening, "s");
    await listen(server, bound);
    await chmod(bound, mode);
    await rename(bound, path);
  } finally {
    await rm(opening, { recursive: true, force: true });
  }
}

/** Removes a socket from its path; not there is fine. */
export async function removeSocket(path: string): Promise<void> {
  await rm(path, { force: true });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((opened, failed) => {
    server.once("error", failed);
    server.listen({ path }, () => {
      server.off("error", failed);
      opened();
    });
  });
}

/** Makes the directory of the sockets. One that others may write to would let them put their own socket there. */
async function ensureOwnDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o750 });
  const found = await lstat(directory);
  const mine = found.uid === process.getuid?.() || found.uid === 0;
  if (!found.isDirectory() || !mine || (found.mode & 0o002) !== 0) {
    throw new Error(`${directory} is not a directory of this user alone: no socket is opened there`);
  }
}

async function refuseTaken(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${path} is not a socket: it is left as it is`);
  if (await answers(path)) throw new Error(`another agent answers on ${path}`);
}

/** Whether somebody listens on a socket; the file of a killed process refuses. */
function answers(path: string): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      answer(true);
    });
    // Refused: nobody. Anything else (a full backlog, for example) comes from somebody who lives.
    socket.once("error", (error: NodeJS.ErrnoException) => {
      answer(error.code !== "ECONNREFUSED" && error.code !== "ENOENT");
    });
  });
}
