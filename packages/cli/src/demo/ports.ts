import { createServer } from "node:net";

/**
 * Where ports are looked for: below those that Linux gives to whoever asks for any (`ip_local_port_range`, from 32,768
 * on), so that nobody is given one by chance between the choice and its use.
 */
const [firstPort, lastPort] = [20_000, 32_000];
const portsCount = lastPort - firstPort;

/** Each process begins elsewhere, and goes on from there. */
let next = Math.floor(Math.random() * portsCount);

/** A port of this machine that nobody listens on, and that this process has not been told before. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < portsCount; tries += 1) {
    // Taken before it is waited for: calls at once get each their own.
    next = (next + 1) % portsCount;
    const port = firstPort + next;
    if (await isFree(port)) return port;
  }
  throw new Error(`every port from ${firstPort} to ${lastPort} is taken`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
