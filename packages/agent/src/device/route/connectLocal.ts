import { once } from "node:events";
import { createConnection, type Socket } from "node:net";

/** Connects to a service on this device. Rejects with the system's code, or as the signal says. */
export async function connectLocal(port: number, signal: AbortSignal): Promise<Socket> {
  const socket = createConnection({ host: "127.0.0.1", port, allowHalfOpen: true, noDelay: true });
  try {
    await once(socket, "connect", { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
