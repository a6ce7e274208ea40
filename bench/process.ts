import { readdirSync, readFileSync } from "node:fs";

/** What the kernel counts of a process, read from outside (proc(5)). Everything here throws when it is gone. */

/** Time on a processor of all its threads, in milliseconds, to the microsecond. */
export function cpuMs(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  }
  return nanoseconds / 1e6;
}

/** Bytes that it has read by read(2) and its kin, from wherever. */
export function bytesRead(pid: number): number {
  return field(readFileSync(`/proc/${pid}/io`, "utf8"), "rchar");
}

/** Bytes that it has caused to be written to storage. */
export function bytesStored(pid: number): number {
  return field(readFileSync(`/proc/${pid}/io`, "utf8"), "write_bytes");
}

/** What a process takes of memory, in megabytes of 10^6 bytes. */
export interface MemoryMb {
  /** Resident. */
  readonly rss: number;
  /** Proportional: what is shared counts by parts. */
  readonly pss: number;
  readonly anon: number;
  /** What of its files is mapped in pieces of 2 MB. */
  readonly pieceMapped: number;
}

export function memoryMb(pid: number): MemoryMb {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const mb = (name: string): number => (field(text, name) * 1_024) / 1e6;
  return { rss: mb("Rss"), pss: mb("Pss"), anon: mb("Anonymous"), pieceMapped: mb("FilePmdMapped") };
}

function field(text: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text);
  if (found === null) throw new Error(`no ${name} where the kernel tells it`);
  return Number(found[1]);
}
