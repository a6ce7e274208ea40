import { defaultSettings, type ResourcePhase } from "@antibody/core";
import { modes, powers, type ResourcePromise, rolloutWavesMax } from "@antibody/policy";
import * as z from "zod/mini";
import { defaultTimes } from "../device/times.ts";
import { localLinks } from "../network/links.ts";
import { agentsMax, differences, durationMsMax, name, spanMs, text, whole } from "./fieldShapes.ts";
import type { DeviceKind, Expectation, Scenario, ScenarioBundle } from "./scenario.ts";
import { stepShape } from "./stepShape.ts";

/** The first key of every scenario file. */
export const scenarioFormat = "antibody.scenario/1" as const;

/** What a file may hold of one kind. Guesses: a shrunk scenario has few steps, a recorded massacre has many. */
const stepsMax = 10_000;
const expectationsMax = 1_000;
const bundlesMax = 64;
const kindsMax = 64;
const tagsMax = 64;

const phases = [
  "unknown",
  "kept",
  "drifted",
  "repairing",
  "verifying",
  "backingOff",
  "contested",
  "handedOff",
  "paused",
  "held",
  "standingBy",
  "unobservable",
] as const satisfies readonly ResourcePhase[];

const bundleName = name("The stream of a bundle");
const resource = text(4_096, "Such as file:/etc/motd");

const bundleShape: z.ZodMiniType<ScenarioBundle> = z.strictObject({
  stream: name("Names the bundle: its author publishes it as this stream"),
  documents: z
    .array(
      z.strictObject({
        name: name("Names the fragment within its bundle"),
        when: z.exactOptional(text(4_096, "A guard")),
        promises: z.record(z.string(), z.record(z.string(), z.json()) as z.ZodMiniType<ResourcePromise>),
      }),
    )
    .check(
      z.minLength(1),
      z.describe("In texts, {generation} and {variant} become those of what is published"),
    ),
  scope: z.array(text(4_096, "A glob of resources")).check(z.minLength(1)),
  powers: z.array(z.enum(powers)),
  mode: z.enum(modes),
  rank: z.exactOptional(whole(0, 1_000_000, "Of the owners' grant; 100 where absent")),
});

const fact = (what: string): z.ZodMiniType<string> => text(253, what);
const kindShape: z.ZodMiniType<DeviceKind> = z.strictObject({
  arch: z.exactOptional(fact("As Node names it; arm64 where absent")),
  hostname: z.exactOptional(fact("For guards; the agent's name where absent")),
  name: z.exactOptional(fact("For guards; the agent's name where absent")),
  tags: z.exactOptional(z.array(fact("A tag")).check(z.maxLength(tagsMax))),
});

const fromMs = spanMs("From when it is looked for: the time of the step that it is about", 0);
const withinMs = spanMs("How long that may take");

const expectations = [
  z.strictObject({
    fromMs,
    withinMs,
    type: z.literal("inForce"),
    generation: whole(1, 1_000_000),
    bundle: z.exactOptional(bundleName),
  }),
  z.strictObject({
    fromMs,
    withinMs,
    type: z.literal("confined"),
    generation: whole(1, 1_000_000),
    waves: whole(0, rolloutWavesMax, "The first so many waves"),
    bundle: z.exactOptional(bundleName),
  }),
  z.strictObject({
    fromMs,
    withinMs,
    type: z.literal("triedBy"),
    generation: whole(1, 1_000_000),
    bundle: z.exactOptional(bundleName),
  }),
  z.strictObject({
    fromMs,
    withinMs,
    type: z.literal("backAt"),
    generation: whole(1, 1_000_000),
    bundle: z.exactOptional(bundleName),
  }),
  z.strictObject({ fromMs, withinMs, type: z.literal("deathsKnown") }),
  z.strictObject({ fromMs, withinMs, type: z.literal("lossesKnown") }),
  z.strictObject({ fromMs, withinMs, type: z.literal("oneView") }),
  z.strictObject({ fromMs, withinMs, type: z.literal("noFalseDeath") }),
  z.strictObject({ fromMs, withinMs, type: z.literal("allKept") }),
  z.strictObject({
    fromMs,
    withinMs,
    type: z.literal("phase"),
    resource,
    phase: z.enum(phases),
    who: z.exactOptional(name("Only these: the name of a selection")),
  }),
  z.strictObject({ fromMs, withinMs, type: z.literal("keptAs"), resource, bundle: bundleName }),
  z.strictObject({ fromMs, withinMs, type: z.literal("heldBack"), bundle: bundleName }),
] as const;

const expectationShape: z.ZodMiniType<Expectation> = z.discriminatedUnion(
  "type",
  expectations,
  `expected type to be ${expectations.map(({ def }) => def.shape.type.def.values[0]).join(", ")}`,
);

/** A scenario as a file holds it. */
export type ScenarioFile = { readonly schema: typeof scenarioFormat } & Scenario;

/** The shape of a scenario file: what the JSON Schema for editors is made from, and what reads a file. */
export const scenarioShape: z.ZodMiniType<ScenarioFile> = z.strictObject({
  schema: z.literal(scenarioFormat),
  name: name("As the command line names it"),
  title: text(200, "One line for people: what the scenario shows"),
  agents: whole(2, agentsMax, "Agents where the caller names no other number"),
  seed: z.exactOptional(whole(0, 2 ** 32 - 1, "What every chance comes from; 1 where absent")),
  durationMs: whole(1, durationMsMax, "Virtual time"),
  startSpreadMs: spanMs("The agents start evenly over this time", 0),
  links: z.exactOptional(differences(localLinks, "Differences from a local network's links")),
  devices: z.exactOptional(differences(defaultTimes, "Differences from the times of every device")),
  kinds: z.exactOptional(
    z
      .array(kindShape)
      .check(z.minLength(1), z.maxLength(kindsMax), z.describe("What devices there are, taken in turn")),
  ),
  settings: z.exactOptional(differences(defaultSettings, "Differences from the agents' own settings")),
  bundles: z.exactOptional(z.array(bundleShape).check(z.minLength(1), z.maxLength(bundlesMax))),
  steps: z.array(stepShape).check(z.maxLength(stepsMax)),
  expectations: z.array(expectationShape).check(z.maxLength(expectationsMax)),
});
