import { readFileSync } from "node:fs";
import type { MemoryObservation } from "@antibody/core";
import { DeviceError } from "../deviceError.ts";
import { failed, type ResourceBody } from "../resourceBody.ts";

/** Memory, as the kernel estimates it (proc(5), MemAvailable). */
export function memoryBody(): ResourceBody {
  return {
    slow: false,
    observe: () => readMemory(readFileSync("/proc/meminfo", "latin1")),
    act: () => failed("ENOTSUP", "nothing on this device makes memory"),
  };
}

function readMemory(text: string): MemoryObservation {
  return {
    type: "memory",
    availableBytes: bytesOf(text, "MemAvailable"),
    totalBytes: bytesOf(text, "MemTotal"),
  };
}

function bytesOf(text: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
  if (found === undefined) throw new DeviceError("ENOTSUP", `this kernel does not tell ${name}`);
  return Number(found) * 1_024;
}
