import type { Json, ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";

/** Fields that hold what goes into a file, in promises of all types. */
export const contentFields: readonly string[] = ["begins", "content", "line", "value"];

/** What stands in the place of a content that is nobody else's business. */
export const shownInstead = "(private)";

/** Of a promise whose content only its file may hold: incidents, logs, recordings and screens leave it out. */
export const privateField: z.ZodMiniType<true, true> = z
  .literal(true)
  .check(z.describe("Keep the content out of incidents, logs, recordings and screens"));

/** Whether a promise marks what it holds as private. */
export function isPrivate(promise: ResourcePromise): boolean {
  return promise["private"] === true;
}

/** A promise as people and incidents may see it. */
export function shownPromise(promise: ResourcePromise): ResourcePromise {
  if (!isPrivate(promise)) return promise;
  const shown: { [field: string]: Json } = { ...promise };
  for (const field of contentFields) if (field in shown) shown[field] = shownInstead;
  return shown;
}
