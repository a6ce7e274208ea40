import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../state/atomicFile.ts";

/** Recordings of broken agents that are kept; the oldest goes first. Guess: 24 MiB of a card at most. */
const brokenRecordingsMax = 3;
const prefix = "broken-";
const suffix = ".recording";

/** Keeps the recording of an agent that broke in its state directory, and returns where. */
export function keepBrokenRecording(stateDirectory: string, bytes: Uint8Array, wallMs: number): string {
  const kept = readdirSync(stateDirectory).filter((name) => name.startsWith(prefix) && name.endsWith(suffix));
  for (const name of kept.sort().slice(0, Math.max(0, kept.length + 1 - brokenRecordingsMax))) {
    rmSync(join(stateDirectory, name));
  }
  // Names sort by time.
  const time = new Date(wallMs).toISOString().replaceAll(":", "");
  const path = join(stateDirectory, `${prefix}${time}${suffix}`);
  writeFileAtomic(path, bytes, 0o600);
  return path;
}
