import { isIP } from "node:net";
import { parseDuration } from "@antibody/core";
import { isGlob, type Mode, modes, type Power, parseMode, parsePower, powers } from "@antibody/policy";
import { InvalidArgumentError } from "commander";

/** Reads `10m` as milliseconds. Like every function here it throws what commander shows as a fault of usage. */
export function readDuration(text: string): number {
  const spanMs = parseDuration(text);
  if (spanMs === undefined) throw new InvalidArgumentError("Write a duration such as 30s, 10m, 2h or 1d.");
  return spanMs;
}

/** Reads a whole number in a range. */
export function readWhole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Write a whole number from ${min} to ${max}.`);
  };
}

/** Reads a mode of a grant. */
export function readMode(text: string): Mode {
  const mode = parseMode(text);
  if (mode === undefined) throw new InvalidArgumentError(`Write one of ${modes.join(", ")}.`);
  return mode;
}

/** Collects powers: several in one word separated by commas, or the option several times. */
export function readPowers(text: string, before: readonly Power[] | undefined): readonly Power[] {
  const read = text.split(",").map((name) => {
    const power = parsePower(name);
    if (power === undefined) throw new InvalidArgumentError(`Write some of ${powers.join(",")}.`);
    return power;
  });
  return [...(before ?? []), ...read];
}

/** Collects globs: several in one word separated by commas, or the option several times. */
export function readGlobs(text: string, before: readonly string[] | undefined): readonly string[] {
  const globs = text.split(",");
  // Every resource has a kind: what names none, and leaves none open, would match nothing for ever.
  if (!globs.every((glob) => isGlob(glob) && /[:*]/.test(glob)))
    throw new InvalidArgumentError('Write globs with a kind, such as "file:/etc/**" or "process:*".');
  return [...(before ?? []), ...globs];
}

/** Collects addresses to listen on, as multiaddrs of TCP. */
export function readListen(text: string, before: readonly string[] | undefined): readonly string[] {
  const [, ip, port] = /^\/ip[46]\/([^/]+)\/tcp\/(\d{1,5})$/.exec(text) ?? [];
  if (ip === undefined || Number(port) > 65_535 || isIP(ip) !== Number(text.charAt(3)))
    throw new InvalidArgumentError("Write an address such as /ip4/0.0.0.0/tcp/4001, or tcp/0 for any port.");
  return [...(before ?? []), text];
}

/** Collects the words of an option that may be given several times. */
export function readEach(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/** Reads the name of an agent, an author or a swarm. */
export function readName(text: string): string {
  if (/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError("Write a name of 1 to 63 of a-z, 0-9 and -.");
}

/** What `--no-mdns` does. */
export const noMdnsText = "do not look for peers on this network by mDNS, and do not announce this one";
