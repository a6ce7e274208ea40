import * as z from "zod/mini";
import { compareText } from "./bytes.ts";
import { type AuthorId, isFragmentName, parseId, parseStreamName, type StreamName } from "./ids.ts";
import { isPlainObject, type Json, type JsonObject } from "./json.ts";
import { fragmentPromisesMax, guardCharactersMax } from "./limits.ts";
import type { Rejection } from "./rejection.ts";
import { parseResourceId, type ResourceId } from "./resourceId.ts";
import { parsed, readShape } from "./shape.ts";

/** The desired state of one resource. Its fields depend on the resource type, which core knows. */
export interface ResourcePromise {
  readonly [field: string]: Json;
}

/** The smallest signed unit of policy: promises that hold together, under one guard. */
export interface Fragment {
  readonly v: 1;
  readonly type: "fragment";
  readonly author: AuthorId;
  readonly stream: StreamName;
  readonly epoch: number;
  readonly generation: number;
  /** Names the fragment within its bundle. */
  readonly name: string;
  /** A guard (guard/guard.ts) over the device's contexts; absent: holds everywhere. */
  readonly when?: string;
  readonly promises: Readonly<Record<ResourceId, ResourcePromise>>;
}

const promiseShape = z.custom<ResourcePromise>(isPlainObject, "expected object");

const promisesShape = z.pipe(
  z.record(z.string(), promiseShape),
  z.transform((promises, context) => {
    const ids = Object.keys(promises);
    const wrong = ids.find((id) => parseResourceId(id) === undefined);
    const message =
      ids.length === 0 || ids.length > fragmentPromisesMax
        ? `1 to ${fragmentPromisesMax} promises`
        : wrong === undefined
          ? undefined
          : `not a resource id: ${wrong.slice(0, 80)}`;
    if (message === undefined) return promises as Readonly<Record<ResourceId, ResourcePromise>>;
    context.issues.push({ code: "custom", message, input: promises });
    return z.NEVER;
  }),
);

const fragmentShape = z.strictObject({
  v: z.literal(1),
  type: z.literal("fragment"),
  author: parsed((text) => parseId("author", text), "an author"),
  stream: parsed(parseStreamName, "a stream name"),
  epoch: z.int().check(z.minimum(1)),
  generation: z.int().check(z.minimum(1)),
  name: parsed((text) => (isFragmentName(text) ? text : undefined), "a fragment name"),
  when: z.exactOptional(z.string().check(z.minLength(1), z.maxLength(guardCharactersMax))),
  promises: promisesShape,
});

/** Reads the body of a fragment. Says nothing about signatures, grants, or whether the guard compiles. */
export function parseFragment(body: Json): Fragment | Rejection {
  return readShape<Fragment>(fragmentShape, body, "fragment");
}

/** The promises of a fragment, in the order of their resource ids. */
export function promisesOf(
  fragment: Pick<Fragment, "promises">,
): readonly (readonly [ResourceId, ResourcePromise])[] {
  const entries = Object.entries(fragment.promises) as [ResourceId, JsonObject][];
  return entries.sort(([left], [right]) => compareText(left, right));
}
