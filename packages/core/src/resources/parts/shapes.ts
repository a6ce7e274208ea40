import { parseResourceId, type ResourceId } from "@antibody/policy";
import * as z from "zod/mini";
import { parseDuration } from "./duration.ts";

/** Resources that one promise may wait for, or hang on. A guess: longer lists hide a missing fragment. */
const dependenciesMax = 32;
/** Time between two looks that policy may ask for, at least: no author can occupy a device with looking. A guess. */
const everyMsMin = 100;

const durationPattern = /^[1-9][0-9]{0,8}(ms|s|m|h|d)$/;

/** Whether the pattern, which editors know as well, has nothing to say already. */
function isWritten(text: string): boolean {
  return durationPattern.test(text);
}

/** A duration, as text. */
export const duration: z.ZodMiniType<string, string> = z.string().check(
  z.regex(durationPattern, "expected a duration, such as 250ms, 10s, 5m or 1h"),
  z.refine((text) => !isWritten(text) || parseDuration(text) !== undefined, "expected at most 366d"),
);

/** How often to look. */
export const interval: z.ZodMiniType<string, string> = z.string().check(
  z.regex(durationPattern, "expected a duration, such as 10s, 5m or 1h"),
  z.refine((text) => !isWritten(text) || (parseDuration(text) ?? 0) >= everyMsMin, "expected 100ms to 366d"),
);

/** A resource id, as text. */
const resourceId: z.ZodMiniType<ResourceId, string> = z
  .string()
  .check(
    z.refine((text) => parseResourceId(text) !== undefined, "expected a resource, such as file:/etc/motd"),
  ) as unknown as z.ZodMiniType<ResourceId, string>;

/** A list of resources. */
export const resourceIds: z.ZodMiniType<readonly ResourceId[], readonly string[]> = z
  .array(resourceId)
  .check(z.maxLength(dependenciesMax));

/** Whether a resource is a role. */
export function isRole(resource: ResourceId): boolean {
  return parseResourceId(resource)?.kind === "role";
}

/** A list of roles. */
export const roleIds: z.ZodMiniType<readonly ResourceId[], readonly string[]> = z
  .array(resourceId.check(z.refine(isRole, "expected a role, such as role:web")))
  .check(z.maxLength(dependenciesMax));
