import { parseResourceId, type ResourceId } from "@antibody/policy";
import * as z from "zod/mini";
import { parseDuration } from "./duration.ts";

/** Resources that one promise may wait for, or hang on. A guess: longer lists hide a missing fragment. */
export const dependenciesMax = 32;
/** Arguments of one command. A guess, far above what people write by hand. */
export const argumentsMax = 64;
/** Characters of one argument or path. Linux refuses paths above 4,096 bytes. */
export const argumentCharactersMax = 4_096;

/** Fields that promises of every type may have. */
export type CommonPromise = {
  /** Resources whose promises must be kept before this one is repaired. */
  readonly after?: readonly ResourceId[];
  /** How often to look, for example `30s`; without it, events and the sweep alone. */
  readonly every?: string;
  /** How long one repair may take, for example `10s`. */
  readonly timeout?: string;
};

/** A duration, as text. */
export const duration: z.ZodMiniType<string, string> = z.string().check(
  z.regex(/^[1-9][0-9]{0,8}(ms|s|m|h|d)$/, "expected a duration, such as 250ms, 10s, 5m or 1h"),
  z.refine((text) => parseDuration(text) !== undefined, "expected a duration of at most 366d"),
);

/** How often to look: at least every 100 ms apart, so that no policy can occupy a device with looking. */
export const interval: z.ZodMiniType<string, string> = duration.check(
  z.refine((text) => (parseDuration(text) ?? 0) >= 100, "expected at least 100ms"),
);

/** A resource id, as text. */
export const resourceId: z.ZodMiniType<ResourceId, string> = z
  .string()
  .check(
    z.refine((text) => parseResourceId(text) !== undefined, "expected a resource, such as file:/etc/motd"),
  ) as unknown as z.ZodMiniType<ResourceId, string>;

/** A list of resources. */
export const resourceIds: z.ZodMiniType<readonly ResourceId[], readonly string[]> = z.readonly(
  z.array(resourceId).check(z.maxLength(dependenciesMax)),
);

/** Permissions as four octal digits, as `chmod` and `stat -c %04a` have them. */
export const mode: z.ZodMiniType<string, string> = z
  .string()
  .check(z.regex(/^[0-7]{4}$/, "expected four octal digits, such as 0644"));

/** `user` or `user:group`, by name where the device knows one, else by number. */
export const owner: z.ZodMiniType<string, string> = z
  .string()
  .check(
    z.regex(/^[a-z0-9_][a-z0-9_.-]{0,31}(:[a-z0-9_][a-z0-9_.-]{0,31})?$/, "expected user or user:group"),
  );

/** A program with its arguments. No shell reads it. */
export const command: z.ZodMiniType<readonly string[], readonly string[]> = z.readonly(
  z
    .array(
      z.string().check(
        z.maxLength(argumentCharactersMax),
        z.refine((text) => !text.includes("\0"), "expected no NUL in an argument"),
      ),
    )
    .check(
      z.minLength(1),
      z.maxLength(argumentsMax),
      z.refine((words) => words[0] !== "", "expected the path of a program"),
    ),
);

/** The shapes of the fields that every type has. */
export const commonFields: {
  after: z.ZodMiniExactOptional<typeof resourceIds>;
  every: z.ZodMiniExactOptional<typeof interval>;
  timeout: z.ZodMiniExactOptional<typeof duration>;
} = {
  after: z.exactOptional(resourceIds),
  every: z.exactOptional(interval),
  timeout: z.exactOptional(duration),
};
