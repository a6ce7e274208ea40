import { compareText } from "./bytes.ts";
import type { AuthorId, StreamName } from "./ids.ts";

/** When a document was made, in its author's own count: the root sets the epoch, `publish` the generation. */
export interface Version {
  /** Safe integer, from 1. Rises when a root revokes what was before. */
  readonly epoch: number;
  /** Safe integer, from 1. Rises with every bundle of the stream. */
  readonly generation: number;
}

/** The order of versions: by epoch, then by generation. */
export function compareVersions(left: Version, right: Version): -1 | 0 | 1 {
  if (left.epoch !== right.epoch) return left.epoch < right.epoch ? -1 : 1;
  if (left.generation !== right.generation) return left.generation < right.generation ? -1 : 1;
  return 0;
}

/** A stream among all authors' streams: `author_…/home`. */
export type StreamKey = `${AuthorId}/${StreamName}`;

/** The key of a stream in floors and in the view. */
export function streamKey(author: AuthorId, stream: StreamName): StreamKey {
  return `${author}/${stream}`;
}

/**
 * The lowest version of each stream that may still be active. A device persists it, with `sync`, before it
 * activates a generation, so that neither a replay nor a power cut brings an older one back.
 */
export type Floors = ReadonlyMap<string, Version>;

/** Whether a version is older than what the device has already activated of that stream. */
export function belowFloor(floors: Floors, author: AuthorId, stream: StreamName, version: Version): boolean {
  const floor = floors.get(streamKey(author, stream));
  return floor !== undefined && compareVersions(version, floor) < 0;
}

/** Floors with one raised to a version; a floor never falls. Sorted by key, so that a record of them is equal everywhere. */
export function raiseFloor(floors: Floors, author: AuthorId, stream: StreamName, version: Version): Floors {
  if (belowFloor(floors, author, stream, version)) return floors;
  const raised: [string, Version][] = [...floors, [streamKey(author, stream), version]];
  return new Map([...new Map(raised)].sort(([left], [right]) => compareText(left, right)));
}
