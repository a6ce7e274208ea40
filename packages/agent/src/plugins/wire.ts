import {
  type Observation,
  pluginAttributeCharactersMax,
  pluginAttributesMax,
  pluginLineCharactersMax,
} from "@antibody/core";
import * as z from "zod/mini";

/** Version of what is said between agent and plug-in. */
export const pluginVersion = 1;
/** Bytes of one line, both ways. The promises of a fragment fit. */
export const lineBytesMax = 65_536;

const id = z.int().check(z.minimum(1));
const line = z.string();
const error = z.object({ code: z.exactOptional(line), message: line });

/** What a plug-in found, as it says it. */
export type FoundMessage =
  | { readonly id: number; readonly kept: true }
  | {
      readonly id: number;
      readonly kept: false;
      readonly drift: string;
      readonly attributes?: readonly string[];
      readonly repair?: string;
      readonly idempotent?: boolean;
    };

/** One line of a plug-in, read. */
export type PluginMessage =
  | { readonly v: typeof pluginVersion; readonly plugin: string }
  | { readonly changed: string }
  | { readonly id: number; readonly error: { readonly code?: string; readonly message: string } }
  | FoundMessage
  | { readonly id: number; readonly step: number; readonly of: number; readonly note?: string }
  | { readonly id: number; readonly done: string };

/** Unknown fields are passed over: newer plug-ins may know more. */
const messageShape: z.ZodMiniType<PluginMessage> = z.union([
  z.object({ v: z.literal(pluginVersion), plugin: line }),
  z.object({ changed: line }),
  z.object({ id, error }),
  z.object({ id, kept: z.literal(true) }),
  z.object({
    id,
    kept: z.literal(false),
    drift: line,
    attributes: z.exactOptional(z.array(line)),
    repair: z.exactOptional(line),
    idempotent: z.exactOptional(z.boolean()),
  }),
  z.object({
    id,
    step: z.int().check(z.minimum(1)),
    of: z.int().check(z.minimum(1)),
    note: z.exactOptional(line),
  }),
  z.object({ id, done: line }),
]);

/** Reads one line; undefined for what is none. */
export function readMessage(text: string): PluginMessage | undefined {
  try {
    const read = messageShape.safeParse(JSON.parse(text));
    return read.success ? read.data : undefined;
  } catch {
    return undefined;
  }
}

/** What was found, as the mind reads it: cut to its bounds. */
export function observationOf(message: FoundMessage): Observation {
  if (message.kept)
    return { type: "found", kept: true, attributes: [], drift: "", repair: "", idempotent: true };
  const attributes = (message.attributes ?? ["state"])
    .slice(0, pluginAttributesMax)
    .map((each) => oneLine(each, pluginAttributeCharactersMax));
  return {
    type: "found",
    kept: false,
    attributes: [...new Set(attributes)].sort(),
    drift: oneLine(message.drift, pluginLineCharactersMax),
    repair: oneLine(message.repair ?? "", pluginLineCharactersMax),
    // Who does not say so is not asked to do it twice without a record.
    idempotent: message.idempotent ?? false,
  };
}

/** One printable line of at most so many characters. */
export function oneLine(text: string, charactersMax: number): string {
  return text
    .replace(/\p{Cc}+/gu, " ")
    .slice(0, charactersMax)
    .toWellFormed();
}
