import type { Snapshot } from "@antibody/core";
import { decode, encode } from "cborg";

/** A snapshot as CBOR. Keys of maps are sorted; whole numbers, texts and bytes come back as they were. */
export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  return encode(snapshot, { ignoreUndefinedProperties: true });
}

/** The snapshot in bytes that `encodeSnapshot` made. Throws when they are not. */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  return decode(bytes) as Snapshot;
}
