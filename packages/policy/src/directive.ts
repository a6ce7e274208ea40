import * as z from "zod/mini";
import { type AuthorId, type FragmentId, parseId, parseStreamName, type StreamName } from "./ids.ts";
import type { Json } from "./json.ts";
import { rolloutWavesMax, stageDetailCharactersMax } from "./limits.ts";
import { isRejection, type Rejection, reject } from "./rejection.ts";
import { parsed, readShape } from "./shape.ts";

/**
 * An author's word on a generation that is under way. Nothing takes one back: what they mean together does not depend
 * on their order. - `advance`: all waves up to one begin, whoever is silent. - `halt`: no further device takes it up.
 * - `commit`: whoever is ready switches. - `abort`: nobody does.
 */
export interface Directive {
  readonly v: 1;
  readonly type: "directive";
  readonly author: AuthorId;
  readonly stream: StreamName;
  readonly epoch: number;
  readonly generation: number;
  /** The generation's manifest. */
  readonly manifest: FragmentId;
  readonly verb: "advance" | "halt" | "commit" | "abort";
  /** The last wave that begins, from 0; with `advance` only. */
  readonly wave?: number;
  /** The author's words to people. */
  readonly reason: string;
}

const directiveShape = z.strictObject({
  v: z.literal(1),
  type: z.literal("directive"),
  author: parsed((text) => parseId("author", text), "an author"),
  stream: parsed(parseStreamName, "a stream name"),
  epoch: z.int().check(z.minimum(1)),
  generation: z.int().check(z.minimum(1)),
  manifest: parsed((text) => parseId("frag", text), "a manifest"),
  verb: z.enum(["advance", "halt", "commit", "abort"]),
  wave: z.exactOptional(z.int().check(z.minimum(0), z.maximum(rolloutWavesMax))),
  reason: z.string().check(z.maxLength(stageDetailCharactersMax)),
});

/** Reads the body of a directive. Says nothing about signatures. */
export function parseDirective(body: Json): Directive | Rejection {
  const directive = readShape<Directive>(directiveShape, body, "directive");
  if (isRejection(directive)) return directive;
  if ((directive.verb === "advance") === (directive.wave !== undefined)) return directive;
  return reject("malformed", "directive: a wave goes with advance, and only with it");
}
