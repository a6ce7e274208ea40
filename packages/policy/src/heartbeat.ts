import * as z from "zod/mini";
import { compareText } from "./bytes.ts";
import { type AuthorId, parseId, parseStreamName, type StreamName } from "./ids.ts";
import type { Json } from "./json.ts";
import { authorStreamsMax } from "./limits.ts";
import { type Rejection, reject } from "./rejection.ts";
import { isSortedSet, parsed, readShape } from "./shape.ts";

/**
 * An author's sign of life: what its newest generations are, and how long that may be believed. Whoever is kept from
 * hearing newer ones (a freeze) learns from its own clock that it should have.
 */
export interface Heartbeat {
  readonly v: 1;
  readonly type: "heartbeat";
  readonly author: AuthorId;
  readonly epoch: number;
  /** The author's wall clock when it signed, in milliseconds since 1970. */
  readonly wallMs: number;
  /** Until when what it names counts as fresh, in milliseconds since 1970. */
  readonly freshUntilMs: number;
  /** The newest generation of each stream, sorted by stream. */
  readonly streams: readonly { readonly stream: StreamName; readonly generation: number }[];
}

const heartbeatShape = z.strictObject({
  v: z.literal(1),
  type: z.literal("heartbeat"),
  author: parsed((text) => parseId("author", text), "an author"),
  epoch: z.int().check(z.minimum(1)),
  wallMs: z.int().check(z.minimum(0)),
  freshUntilMs: z.int().check(z.minimum(0)),
  streams: z
    .array(
      z.strictObject({
        stream: parsed(parseStreamName, "a stream name"),
        generation: z.int().check(z.minimum(1)),
      }),
    )
    .check(z.maxLength(authorStreamsMax)),
});

/** Reads the body of a heartbeat. Says nothing about signatures. */
export function parseHeartbeat(body: Json): Heartbeat | Rejection {
  const heartbeat = readShape<Heartbeat>(heartbeatShape, body, "heartbeat");
  if ("reason" in heartbeat) return heartbeat;
  if (!isSortedSet(heartbeat.streams.map(({ stream }) => stream))) {
    return reject("malformed", "heartbeat: streams must be sorted and without duplicates");
  }
  return heartbeat;
}

/** The later of two heartbeats of one author and epoch: by its time, then by how long it lasts, then by its id. */
export function isLaterHeartbeat(left: Stamped, right: Stamped): boolean {
  const by = left.heartbeat.wallMs - right.heartbeat.wallMs;
  const lasting = left.heartbeat.freshUntilMs - right.heartbeat.freshUntilMs;
  return (by || lasting || compareText(left.id, right.id)) > 0;
}

/** A heartbeat with what tells it from another. */
interface Stamped {
  readonly id: string;
  readonly heartbeat: Heartbeat;
}
