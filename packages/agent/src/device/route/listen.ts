import { once } from "node:events";
import { existsSync, lstatSync, unlinkSync } from "node:fs";
import { createConnection, type Server } from "node:net";
import type { ListenAddress } from "@antibody/core";
import { codeOf, DeviceError } from "../deviceError.ts";
import type { Tree } from "../tree.ts";

/** Opens a server at an address of a promise. Rejects with the system's code, such as EADDRINUSE. */
export async function listenAt(server: Server, address: ListenAddress, tree: Tree): Promise<void> {
  if (address.type === "tcp") {
    server.listen({ host: address.host, port: address.port, exclusive: true });
  } else {
    tree.makeParents(address.path);
    const path = tree.real(address.path);
    await removeDeadSocket(path);
    server.listen({ path, exclusive: true, readableAll: true, writableAll: true });
  }
  await once(server, "listening");
}

/** A socket whose process has ended stays behind as a file, on which nobody can listen. Anything else stays. */
async function removeDeadSocket(path: string): Promise<void> {
  if (!existsSync(path)) return;
  if (!lstatSync(path).isSocket()) throw new DeviceError("EADDRINUSE", `${path} is there, and is no socket`);
  const probe = createConnection(path);
  try {
    await once(probe, "connect");
  } catch (error) {
    if (codeOf(error) !== "ECONNREFUSED") throw error;
    unlinkSync(path);
    return;
  } finally {
    probe.destroy();
  }
  throw new DeviceError("EADDRINUSE", `another process listens on ${path}`);
}
