import { readlinkSync } from "node:fs";

let ownHandles: string | undefined;

/**
 * What a handle of this process stands for, also for programs that it starts. By its number, which saves the kernel
 * a link at each of thousands of looks: the number by which this `/proc` counts it, be it of an outer namespace.
 */
export function handlePath(handle: number): string {
  ownHandles ??= `/proc/${readlinkSync("/proc/self")}/fd`;
  return `${ownHandles}/${handle}`;
}
