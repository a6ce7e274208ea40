import { existsSync, readFileSync } from "node:fs";
import { writeFileAtomic } from "../state/atomicFile.ts";

const anyPortPattern = /\/tcp\/0$/;
const portPattern = /\/tcp\/([0-9]{1,5})$/;

/**
 * Where to listen, best first. "Any port" means the one of the last run where that is free: peers remember it, and
 * a swarm whose agents all restart at once finds itself again.
 */
export function listenChoices(listen: readonly string[], portPath: string): readonly (readonly string[])[] {
  const port = existsSync(portPath) ? readFileSync(portPath, "utf8").trim() : "";
  if (!/^[1-9][0-9]{0,4}$/.test(port) || !listen.some((address) => anyPortPattern.test(address)))
    return [listen];
  return [listen.map((address) => address.replace(anyPortPattern, `/tcp/${port}`)), listen];
}

/** Remembers the port that the agent listens on. Writes only when it is another one than before. */
export function rememberPort(addresses: readonly string[], portPath: string): void {
  const port = addresses
    .map((address) => portPattern.exec(address)?.[1])
    .find((found) => found !== undefined);
  if (port === undefined) return;
  const text = `${port}\n`;
  if (!existsSync(portPath) || readFileSync(portPath, "utf8") !== text)
    writeFileAtomic(portPath, text, 0o600);
}
