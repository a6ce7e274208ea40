import { rolloutWavesMax } from "@antibody/policy";
import * as z from "zod/mini";
import { defaultTimes } from "../device/times.ts";
import { differences, name, selection, spanMs, text, whole } from "./fieldShapes.ts";
import { habits, type Step } from "./step.ts";

const million = 1_000_000;
/** A year: clocks that were never set are that wrong, and more would show nothing else. */
const jumpMsMax = 31_536_000_000;
/** A tenth: ten thousand times what a crystal is off. */
const driftMax = 100_000;
const generationMax = million;
const sidesMax = 16;

const atMs = spanMs("When it happens, after the start of the world", 0);
const forMs = z.exactOptional(spanMs("For how long; for good where absent"));
const generation = whole(1, generationMax);
const bundle = z.exactOptional(name("The stream of a bundle; the first one where absent"));

/** One kind of step: its type, and the fields of it. */
function step<Type extends string, Fields extends z.core.$ZodLooseShape>(
  type: Type,
  what: string,
  fields: Fields,
): z.ZodMiniObject<{ atMs: typeof atMs; type: z.ZodMiniLiteral<Type> } & Fields, z.core.$strict> {
  return z.strictObject({ atMs, type: z.literal(type), ...fields }).check(z.describe(what)) as never;
}

const steps = [
  step("publish", "The author hands a generation of a bundle to the owners of these agents.", {
    generation,
    to: selection,
    bundle,
    variant: z.exactOptional(text(64, "Another body of the same generation: its author equivocates")),
    staged: z.exactOptional(
      z.strictObject({
        percents: z
          .array(whole(1, 100))
          .check(z.minLength(1), z.maxLength(rolloutWavesMax), z.describe("Rising, the last one 100")),
        holdMs: spanMs("So long all must be kept to be healthy", 0),
        withinMs: spanMs("Within so long; else the generation before comes back"),
      }),
    ),
  }),
  step("replayPolicy", "Somebody who kept an older generation sends it again, through these agents.", {
    generation,
    by: selection,
    bundle,
    everyMs: z.exactOptional(spanMs("About how often; once where absent")),
    forMs,
  }),
  step("kill", "SIGKILL: the process is gone, its host closes its sockets.", {
    who: selection,
    children: z.exactOptional(z.boolean().check(z.describe("So is all that it supervises"))),
  }),
  step("powerOff", "The host is gone at once, and what was not synced is lost.", {
    who: selection,
    torn: z.exactOptional(z.boolean().check(z.describe("It fails in the middle of writing"))),
  }),
  step("restart", "A new process on what the last one left.", { who: selection }),
  step("pause", "SIGSTOP, for a time or until resume.", { who: selection, forMs }),
  step("resume", "SIGCONT.", { who: selection }),
  step("churn", "For a time, one of these agents after the other goes down and comes back.", {
    who: selection,
    everyMs: spanMs("About how often one goes down"),
    downMs: spanMs("About how long it is down"),
    forMs: spanMs("For how long"),
    how: z.exactOptional(z.enum(["kill", "powerOff"])),
  }),
  step("partition", "Splits the network: each side reaches itself alone, all others are one more side.", {
    sides: z.array(selection).check(z.minLength(1), z.maxLength(sidesMax)),
  }),
  step("cut", "Cuts one direction of every link between two selections.", { from: selection, to: selection }),
  step("eclipse", "These agents reach nobody but these peers.", { who: selection, peers: selection }),
  step("heal", "Ends every partition, every cut and every eclipse.", {}),
  step("loss", "Packets from and to these hosts are lost.", {
    who: selection,
    lossPerMillion: whole(0, million, "Of a million packets"),
    forMs,
    bursts: z.exactOptional(
      z.strictObject({
        everyMs: spanMs("About how often a burst begins"),
        lastMs: spanMs("About how long it lasts"),
      }),
    ),
  }),
  step("latency", "Packets from and to these hosts take longer, one way.", {
    who: selection,
    addedUs: whole(0, 60 * million),
    jitterUs: z.exactOptional(whole(0, 60 * million, "And up to so much more, at random")),
    forMs,
  }),
  step("slow", "These devices take longer.", {
    who: selection,
    times: differences(defaultTimes, "Differences from the times of the scenario's devices"),
    forMs,
  }),
  step("clock", "The clocks of these hosts are set, or run too fast or too slow from now on.", {
    who: selection,
    wallJumpMs: z.exactOptional(whole(-jumpMsMax, jumpMsMax, "Sets the wall clock forward, or back")),
    driftPerMillion: z.exactOptional(whole(-driftMax, driftMax, "Too fast, or too slow where negative")),
  }),
  step("damage", "Damages resources on these devices.", {
    who: selection,
    resources: whole(1, 1_000, "How many at a time, chosen at random"),
    mendable: z.exactOptional(
      z.boolean().check(z.describe("Only of what repairs can mend: a probe that fails is told, and no more")),
    ),
    everyMs: z.exactOptional(spanMs("About how often on each device; once where absent")),
    forMs,
  }),
  step("defect", "A promise of this resource that has the text in it cannot be kept on these devices.", {
    who: selection,
    resource: text(4_096, "Such as file:/etc/motd"),
    text: text(4_096, "Part of the promise as JSON"),
  }),
  step("fight", "A process on each of these devices undoes every repair of one resource.", {
    who: selection,
    resource: text(4_096, "Such as file:/etc/motd"),
    afterMs: spanMs("How long after each repair"),
    forMs: spanMs("For how long"),
  }),
  step("corrupt", "These agents are in one hand from now on, and share their keys.", {
    who: selection,
    habits: z.array(z.enum(habits)).check(z.minLength(1), z.maxLength(habits.length)),
    everyMs: z.exactOptional(spanMs("About how often each does what is done unasked")),
  }),
] as const;

/** One step of a scenario file. */
export const stepShape: z.ZodMiniType<Step> = z.discriminatedUnion(
  "type",
  steps,
  `expected type to be ${steps.map(({ def }) => def.shape.type.def.values[0]).join(", ")}`,
);
