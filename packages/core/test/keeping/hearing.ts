import { Device, grantAll } from "./device.ts";
import type { Pen } from "./pen.ts";

/** A device that accepts an author and has heard some of it. */
export function trusting(pen: Pen, ...heard: readonly Uint8Array[]): Device {
  const device = new Device([grantAll(pen.author, 1)]);
  for (const bytes of heard) device.hear(bytes);
  return device;
}

/** Lets a device hear documents, one after the other. */
export function hearAll(device: Device, documents: readonly Uint8Array[]): void {
  for (const bytes of documents) device.hear(bytes);
}

/** What the device promises for the file of these tests. */
export function motd(device: Device): unknown {
  const [first] = [...device.policies.current.promises.values()];
  return first?.promise["content"];
}

/** What a device holds back, and why. */
export function heldReasons(device: Device): readonly string[] {
  return device.policies.current.held.map(({ resource, reason }) => `${resource} ${reason}`);
}

/** Where the only stream of these tests stands. */
export function streamOf(device: Device) {
  return device.policies.current.streams[0];
}
