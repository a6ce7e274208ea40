import type { JsonObject, ResourcePromise } from "@antibody/policy";
import * as z from "zod/mini";
import type { ResourceType } from "../contract/resource.ts";
import { defineResource, promiseReader } from "./parts/define.ts";
import { type CommonPromise, commonFields } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { timeoutMsOf } from "./parts/planning.ts";

/** What a plug-in of the owner keeps: it alone knows what the fields mean, and what differs. */
export type PluginPromise = CommonPromise & {
  /** Handed to the plug-in as they are. */
  readonly fields?: JsonObject;
};

/** What a plug-in found. The difference is its own word: the mind only decides what follows. */
export type PluginObservation = {
  readonly type: "found";
  readonly kept: boolean;
  /** Names of what differs, sorted; empty when kept. */
  readonly attributes: readonly string[];
  /** One line: what is, against what was promised; empty when kept. */
  readonly drift: string;
  /** One line: what a repair would do; empty when the plug-in knows none. */
  readonly repair: string;
  /** Doing the repair twice does no harm. */
  readonly idempotent: boolean;
};

/** The plug-in is told to repair; it reports its own steps. */
export type PluginVerb = "repair";

/** Names of plug-ins, and what follows: the owner registers the first half, the author chooses the second. */
const namePattern = /^[a-z][a-z0-9-]{0,31}\/[^/].*$/;
/** Attributes that one difference names. A guess: more is a list, and belongs in the line. */
export const pluginAttributesMax = 16;
/** Characters of an attribute. */
export const pluginAttributeCharactersMax = 64;
/** Characters of one line of a plug-in. A guess: a wide terminal, twice. */
export const pluginLineCharactersMax = 240;
/** A guess, as for files. */
export const pluginTimeoutMsDefault = 30_000;

/** Promises are JSON before anybody looks at them. */
const fields = z.record(z.string(), z.unknown()) as unknown as z.ZodMiniType<JsonObject, JsonObject>;

const promiseShape: Shape<PluginPromise> = onDemand(() =>
  z.strictObject({
    fields: z
      .exactOptional(fields)
      .check(z.describe("What the plug-in is to keep; it alone knows what these mean")),
    ...commonFields,
  }),
);

const line = z.string().check(z.maxLength(pluginLineCharactersMax));
const observationShape: Shape<PluginObservation> = onDemand(() =>
  z.strictObject({
    type: z.literal("found"),
    kept: z.boolean(),
    attributes: z
      .array(z.string().check(z.maxLength(pluginAttributeCharactersMax)))
      .check(z.maxLength(pluginAttributesMax)),
    drift: line,
    repair: line,
    idempotent: z.boolean(),
  }),
);

/** Reads a promise that `check` passed; throws on any other. */
export const readPluginPromise: (promise: ResourcePromise) => PluginPromise = promiseReader(
  "plugin",
  promiseShape,
);

/** The plug-in and what it keeps: `greeting/lobby` is `lobby` of the plug-in `greeting`. */
export function readPluginName(name: string): { readonly plugin: string; readonly of: string } {
  const slash = name.indexOf("/");
  return { plugin: name.slice(0, slash), of: name.slice(slash + 1) };
}

/** A resource of a plug-in: a program that the owner registered on the device (docs/plugins.md). */
export const pluginType: ResourceType = defineResource<PluginPromise, PluginObservation>({
  kind: "plugin",
  observedBy: "body",
  powers: ["plugin"],
  promiseShape,
  observationShape,
  nameProblem: (name) =>
    namePattern.test(name)
      ? undefined
      : "the name must be a plug-in and what it keeps, such as greeting/lobby",
  diff: (_promise, { kept, attributes, drift }) => (kept ? undefined : { attributes, summary: drift }),
  plan: (promise, { repair, idempotent }) =>
    repair === ""
      ? undefined
      : {
          verb: "repair",
          idempotent,
          timeoutMs: timeoutMsOf(promise, pluginTimeoutMsDefault),
          summary: repair,
        },
  reverse: () => undefined,
  fake: {
    initial: () => foundBroken(0),
    repaired: () => ({ type: "found", kept: true, attributes: [], drift: "", repair: "", idempotent: true }),
    damaged: (_promise, _seen, seed) => foundBroken(seed),
  },
});

function foundBroken(seed: number): PluginObservation {
  return {
    type: "found",
    kept: false,
    attributes: ["state"],
    drift: `damage ${seed}`,
    repair: "mend it",
    idempotent: true,
  };
}
