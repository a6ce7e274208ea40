import * as z from "zod/mini";
import { metaparameters } from "./metaparameters.ts";
import { duration, interval, resourceIds, roleIds } from "./shapes.ts";

export type { CommonPromise } from "./metaparameters.ts";
export { duration, resourceIds } from "./shapes.ts";

/** Arguments of one command. A guess, far above what people write by hand. */
const argumentsMax = 64;
/** Characters of one argument or path. Linux refuses paths above 4,096 bytes. */
export const argumentCharactersMax = 4_096;

/** Permissions as four octal digits, as `stat -c %04a` prints them. */
export const mode: z.ZodMiniType<string, string> = z
  .string()
  .check(
    z.regex(/^[0-7]{4}$/, "expected four octal digits, such as 0644"),
    z.describe("Permissions: four octal digits, such as 0644"),
  );

/** `user` or `user:group`. */
export const owner: z.ZodMiniType<string, string> = z
  .string()
  .check(
    z.regex(
      /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,31})?$/,
      "expected user or user:group",
    ),
    z.describe("Owner: user or user:group, by name where the device knows one"),
  );

/** Nothing may be there. */
export const absent: z.ZodMiniType<true, true> = z.literal(true).check(z.describe("Nothing may be there"));

/** A text that can be handed to the system: NUL would end it early there. */
const systemText = z.string().check(
  z.maxLength(argumentCharactersMax),
  z.refine((text) => !text.includes("\0"), "expected no NUL"),
);

/** A path from the root. Scopes do not apply to it, so that any spelling will do. */
export const absolutePath: z.ZodMiniType<string, string> = z
  .string()
  .check(z.maxLength(argumentCharactersMax), z.regex(/^\/[^\0]*$/, "expected an absolute path"));

/** A program with its arguments. No shell reads it. */
export const command: z.ZodMiniType<readonly string[], readonly string[]> = z.array(systemText).check(
  z.minLength(1),
  z.maxLength(argumentsMax),
  z.refine((words) => words[0] !== "", "expected the path of a program"),
  z.describe("A program and its arguments; no shell reads them"),
);

/** Environment variables. */
export const environment: z.ZodMiniType<
  { readonly [name: string]: string },
  { readonly [name: string]: string }
> = z
  .record(
    z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "expected a variable's name")),
    systemText,
  )
  .check(
    z.refine(
      (variables) => Object.keys(variables).length <= argumentsMax,
      `expected at most ${argumentsMax} variables`,
    ),
  );

/** The shapes of the fields that every type has. */
export const commonFields: {
  readonly after: z.ZodMiniExactOptional<typeof resourceIds>;
  readonly every: z.ZodMiniExactOptional<typeof interval>;
  readonly timeout: z.ZodMiniExactOptional<typeof duration>;
  readonly while: z.ZodMiniExactOptional<typeof resourceIds>;
} & typeof metaparameters = {
  after: z.exactOptional(resourceIds).check(z.describe("Repaired only when the promises of these are kept")),
  every: z.exactOptional(interval).check(z.describe("How often to look, such as 30s")),
  timeout: z.exactOptional(duration).check(z.describe("How long one repair may take, such as 10s")),
  while: z.exactOptional(roleIds).check(z.describe("In force only while these roles are held here")),
  ...metaparameters,
};

/** Why a name is not a path, for types whose resources are paths. */
export function pathProblem(name: string): string | undefined {
  return name.startsWith("/") ? undefined : "the name must be an absolute path, such as file:/etc/motd";
}

const plainNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** Why a name is not a plain one: 1 to 63 letters, digits, `.`, `_` and `-`. */
export function plainNameProblem(name: string): string | undefined {
  return plainNamePattern.test(name)
    ? undefined
    : "the name must be 1 to 63 letters, digits, '.', '_' or '-'";
}
