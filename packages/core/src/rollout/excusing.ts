import type { PromiseInForce, ResourceId, View } from "@antibody/policy";
import { sameJson } from "../keeping/json.ts";
import type { StageDevice } from "./ports.ts";

/**
 * Resources that a generation promises as they were promised before, and that were not kept then: whoever publishes
 * a cure for one thing must not fail by another. What was well before counts, though its promise is the same: a new
 * configuration shows in the old probe.
 */
export function brokenBefore(
  before: View,
  after: View,
  isOfGeneration: (claim: PromiseInForce) => boolean,
  device: StageDevice,
): readonly ResourceId[] {
  const broken: ResourceId[] = [];
  for (const [resource, claim] of after.promises) {
    const old = before.promises.get(resource);
    if (!isOfGeneration(claim) || old === undefined || !sameJson(old.promise, claim.promise)) continue;
    const phase = device.phaseOf(resource);
    if (phase !== undefined && phase !== "kept" && phase !== "standingBy" && phase !== "paused") {
      broken.push(resource);
    }
  }
  return broken;
}
