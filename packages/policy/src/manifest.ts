import * as z from "zod/mini";
import { type AuthorId, type FragmentId, parseId, parseStreamName, type StreamName } from "./ids.ts";
import type { Json } from "./json.ts";
import { bundleFragmentsMax, noteCharactersMax } from "./limits.ts";
import { type Rejection, reject } from "./rejection.ts";
import { isSortedSet, parsed, readShape } from "./shape.ts";
import { type Staging, stagingProblem, stagingShape } from "./staging.ts";

/**
 * What belongs to one generation of a stream. The generation is active only when every fragment is there. Version 2
 * says how the generation comes into force, and nothing else is new: an agent that knows version 1 alone leaves it be.
 */
export interface Manifest {
  readonly v: 1 | 2;
  readonly type: "manifest";
  readonly author: AuthorId;
  readonly stream: StreamName;
  readonly epoch: number;
  readonly generation: number;
  /** Sorted, at most `bundleFragmentsMax`. Empty: the stream promises nothing any more. */
  readonly fragments: readonly FragmentId[];
  /** The author's words to people. */
  readonly note?: string;
  /** In version 2, and only there. */
  readonly staging?: Staging;
}

const manifestShape = z.strictObject({
  v: z.union([z.literal(1), z.literal(2)]),
  type: z.literal("manifest"),
  author: parsed((text) => parseId("author", text), "an author"),
  stream: parsed(parseStreamName, "a stream name"),
  epoch: z.int().check(z.minimum(1)),
  generation: z.int().check(z.minimum(1)),
  fragments: z
    .array(parsed((text) => parseId("frag", text), "a fragment id"))
    .check(z.maxLength(bundleFragmentsMax)),
  note: z.exactOptional(z.string().check(z.maxLength(noteCharactersMax))),
  staging: z.exactOptional(stagingShape),
});

/** Reads the body of a manifest. Says nothing about signatures. */
export function parseManifest(body: Json): Manifest | Rejection {
  const manifest = readShape<Manifest>(manifestShape, body, "manifest");
  if ("reason" in manifest) return manifest;
  if (!isSortedSet(manifest.fragments)) {
    return reject("malformed", "manifest: fragments must be sorted and without duplicates");
  }
  if ((manifest.staging === undefined) !== (manifest.v === 1)) {
    return reject("malformed", "manifest: version 2 has a staging, version 1 has none");
  }
  return (manifest.staging === undefined ? undefined : stagingProblem(manifest.staging)) ?? manifest;
}
