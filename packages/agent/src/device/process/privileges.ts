import { readFileSync } from "node:fs";

let ambient: boolean | undefined;

/**
 * A command as a child runs it. The service may hold ambient capabilities for its own repairs (capabilities(7));
 * what it starts would inherit them, so setpriv drops them between the fork and the program.
 */
export function withoutCapabilities(command: readonly string[]): readonly string[] {
  ambient ??= hasAmbient();
  return ambient ? ["setpriv", "--inh-caps=-all", "--ambient-caps=-all", "--", ...command] : command;
}

function hasAmbient(): boolean {
  const found = /^CapAmb:\s+([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return found !== null && BigInt(`0x${found[1]}`) !== 0n;
}
