import type { FragmentId, PromiseInForce, View } from "@antibody/policy";
import type { ResourcePhase } from "../contract/inspection.ts";
import type { StageDevice } from "./ports.ts";

/**
 * How a device bears a generation. - `kept`: every promise of it is. - `working`: some are not yet.
 * - `failed`: one is given to a human, or cannot be kept at all. - `paused`: the owner does not let it be kept.
 */
export interface Health {
  readonly type: "kept" | "working" | "failed" | "paused";
  /** For people: the first resource that is not kept; empty when all are. */
  readonly detail: string;
  /** Promises that this device keeps: with none, it can say nothing of the generation. */
  readonly enforced: number;
}

/** Judges a generation by the phases of what it promises. Promises that only warn or observe prove nothing. */
export function healthOf(
  view: Pick<View, "promises">,
  isOfGeneration: (claim: PromiseInForce) => boolean,
  device: StageDevice,
): Health {
  const found = { failed: "", paused: "", working: "" };
  let enforced = 0;
  for (const [resource, claim] of view.promises) {
    if (claim.mode !== "enforce" || !isOfGeneration(claim)) continue;
    enforced += 1;
    const phase = device.phaseOf(resource) ?? "unknown";
    const kind = kindOf(phase);
    if (kind !== "kept" && found[kind] === "") found[kind] = `${resource} is ${wordOf(phase)}`;
  }
  for (const type of ["failed", "paused", "working"] as const) {
    if (found[type] !== "") return { type, detail: found[type], enforced };
  }
  return { type: "kept", detail: "", enforced };
}

/** Whether a claim belongs to a generation. */
export function isClaimOf(generation: {
  readonly author: string;
  readonly stream: string;
  readonly version: { readonly epoch: number; readonly generation: number };
  readonly manifest: FragmentId;
}): (claim: PromiseInForce) => boolean {
  const { author, stream, version } = generation;
  return (claim) =>
    claim.author === author &&
    claim.stream === stream &&
    claim.version.epoch === version.epoch &&
    claim.version.generation === version.generation;
}

function kindOf(phase: ResourcePhase): Health["type"] {
  switch (phase) {
    case "kept":
    case "standingBy":
      return "kept";
    case "handedOff":
    case "held":
      return "failed";
    case "paused":
      return "paused";
    case "unknown":
    case "drifted":
    case "repairing":
    case "verifying":
    case "backingOff":
    case "contested":
    case "unobservable":
      return "working";
    default:
      throw new Error(`unknown phase ${phase satisfies never}`);
  }
}

function wordOf(phase: ResourcePhase): string {
  return phase === "handedOff"
    ? "handed off"
    : phase === "backingOff"
      ? "backing off"
      : phase === "unknown"
        ? "not looked at"
        : phase;
}
