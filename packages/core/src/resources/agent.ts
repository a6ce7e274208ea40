import * as z from "zod/mini";
import type { Drift, ResourceType } from "../contract/resource.ts";
import { defineResource, driftOf } from "./parts/define.ts";
import { type CommonPromise, commonFields } from "./parts/fields.ts";
import { onDemand, type Shape } from "./parts/onDemand.ts";
import { reportOnly } from "./parts/planning.ts";
import { formatBytes, quantity, quantityOf } from "./parts/quantity.ts";

/** The agent itself, as others would wish it. Nothing repairs it from within; other promises hang on it. */
export type AgentPromise = CommonPromise & {
  /** The one version that is taken; any when not said. */
  readonly version?: string;
  /** At least this is free where its state lies. */
  readonly free?: string;
};

/** What the agent says of itself. */
export type AgentObservation = {
  readonly type: "agent";
  /** As `antibody --version` prints it. */
  readonly version: string;
  /** Whether its state directory can be written. */
  readonly isStateWritable: boolean;
  readonly freeBytes: number;
  readonly totalBytes: number;
};

/** Time between looks where the promise does not say. A guess. */
const everyMsDefault = 30_000;

const promiseShape: Shape<AgentPromise> = onDemand(() =>
  z.strictObject({
    version: z
      .exactOptional(
        z.string().check(z.regex(/^[0-9][0-9A-Za-z.+-]{0,63}$/, "expected a version, such as 0.1.0")),
      )
      .check(z.describe("The one version that is taken; any when not said")),
    free: z
      .exactOptional(quantity)
      .check(z.describe("At least this is free where its state lies, such as 16MiB")),
    ...commonFields,
  }),
);

const observationShape: Shape<AgentObservation> = onDemand(() =>
  z.strictObject({
    type: z.literal("agent"),
    version: z.string(),
    isStateWritable: z.boolean(),
    freeBytes: z.int(),
    totalBytes: z.int(),
  }),
);

/** The agent itself. */
export const agentType: ResourceType = defineResource<AgentPromise, AgentObservation>({
  kind: "agent",
  observedBy: "body",
  powers: [],
  promiseShape,
  observationShape,
  nameProblem: (name) => (name === "self" ? undefined : "the name must be self: agent:self"),
  everyMs: everyMsDefault,
  diff: agentDrift,
  ...reportOnly,
  fake: {
    initial: ({ version }) => sound(version),
    repaired: (_promise, seen) => seen,
    // Nothing repairs it, so that every second damage is its own recovery.
    damaged: ({ version }, _seen, seed) =>
      seed % 2 === 0 ? sound(version) : { ...sound(version), isStateWritable: false, freeBytes: 0 },
  },
});

function sound(version = "0.1.0"): AgentObservation {
  return { type: "agent", version, isStateWritable: true, freeBytes: 1e15, totalBytes: 1e15 };
}

function agentDrift({ version, free }: AgentPromise, seen: AgentObservation): Drift | undefined {
  return driftOf({
    version:
      version === undefined || version === seen.version
        ? undefined
        : `version is ${seen.version}, promised ${version}`,
    state: seen.isStateWritable ? undefined : "its state cannot be written",
    free:
      free !== undefined && seen.freeBytes < quantityOf(free, seen.totalBytes)
        ? `${formatBytes(seen.freeBytes)} are free where its state lies, promised ${free}`
        : undefined,
  });
}
