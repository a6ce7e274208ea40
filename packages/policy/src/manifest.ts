import * as z from "zod/mini";
import { type AuthorId, type FragmentId, parseId, parseStreamName, type StreamName } from "./ids.ts";
import type { Json } from "./json.ts";
import { bundleFragmentsMax, noteCharactersMax } from "./limits.ts";
import { type Rejection, reject } from "./rejection.ts";
import { isSortedSet, parsed, readShape } from "./shape.ts";

/** What belongs to one generation of a stream. The generation is active only when every fragment is there. */
export interface Manifest {
  readonly v: 1;
  readonly type: "manifest";
  readonly author: AuthorId;
  readonly stream: StreamName;
  readonly epoch: number;
  readonly generation: number;
  /** Sorted, at most `bundleFragmentsMax`. Empty: the stream promises nothing any more. */
  readonly fragments: readonly FragmentId[];
  /** The author's words to people. */
  readonly note?: string;
}

const manifestShape = z.strictObject({
  v: z.literal(1),
  type: z.literal("manifest"),
  author: parsed((text) => parseId("author", text), "an author"),
  stream: parsed(parseStreamName, "a stream name"),
  epoch: z.int().check(z.minimum(1)),
  generation: z.int().check(z.minimum(1)),
  fragments: z
    .array(parsed((text) => parseId("frag", text), "a fragment id"))
    .check(z.maxLength(bundleFragmentsMax)),
  note: z.exactOptional(z.string().check(z.maxLength(noteCharactersMax))),
});

/** Reads the body of a manifest. Says nothing about signatures. */
export function parseManifest(body: Json): Manifest | Rejection {
  const manifest = readShape<Manifest>(manifestShape, body, "manifest");
  if ("reason" in manifest) return manifest;
  if (!isSortedSet(manifest.fragments)) {
    return reject("malformed", "manifest: fragments must be sorted and without duplicates");
  }
  return manifest;
}
