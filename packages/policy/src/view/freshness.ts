import type { Heartbeat } from "../heartbeat.ts";
import type { ResolvedStream } from "./stream.ts";
import type { Freshness, Stale } from "./types.ts";

/**
 * Whether a heartbeat is still believed, by the later of the device's clock and the time in the heartbeat itself: a
 * device without a clock knows at least that time. Of this author only: another's clock decides nothing here.
 */
export function freshnessOf(
  heartbeat: Heartbeat | undefined,
  wallMs: number | undefined,
): Freshness | undefined {
  if (heartbeat === undefined) return undefined;
  return { heartbeat, isExpired: Math.max(wallMs ?? 0, heartbeat.wallMs) >= heartbeat.freshUntilMs };
}

/** Why what is in force of a stream may be old, or undefined. An author without heartbeats is never stale. */
export function staleOf(
  { stream, active }: ResolvedStream,
  freshness: Freshness | undefined,
): Stale | undefined {
  if (freshness === undefined) return undefined;
  const { isExpired, heartbeat } = freshness;
  if (isExpired) return { reason: "expired", freshUntilMs: heartbeat.freshUntilMs };
  const named = heartbeat.streams.find((each) => each.stream === stream)?.generation ?? 0;
  const isHere =
    active !== undefined && (active.version.epoch > heartbeat.epoch || active.version.generation >= named);
  return named === 0 || isHere ? undefined : { reason: "behind", generation: named };
}
