import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Heartbeats } from "../../../src/network/gossip/heartbeats.ts";
import { gossipHeartbeatMs, gossipStirredBeats } from "../../../src/network/limits.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function counted(heartbeat: () => Promise<void> = async () => undefined) {
  const failures: unknown[] = [];
  const beat = vi.fn(heartbeat);
  return { beat, failures, heartbeats: new Heartbeats({ heartbeat: beat }, (error) => failures.push(error)) };
}

test("nothing beats at rest, and after a stir a few do, the first within one interval", () => {
  const { beat, heartbeats } = counted();
  vi.advanceTimersByTime(100 * gossipHeartbeatMs);
  expect(beat).not.toHaveBeenCalled();
  heartbeats.stir();
  vi.advanceTimersByTime(gossipHeartbeatMs);
  expect(beat.mock.calls.length).toBeGreaterThanOrEqual(1);
  vi.advanceTimersByTime(100 * gossipHeartbeatMs);
  expect(beat).toHaveBeenCalledTimes(gossipStirredBeats);
});

test("what goes on beats once an interval for as long, and for so many after it", () => {
  const { beat, heartbeats } = counted();
  for (let stir = 0; stir < 50; stir += 1) {
    heartbeats.stir();
    vi.advanceTimersByTime(gossipHeartbeatMs / 5);
  }
  expect(Math.abs(beat.mock.calls.length - 10)).toBeLessThanOrEqual(1);
  vi.advanceTimersByTime((gossipStirredBeats - 1) * gossipHeartbeatMs);
  expect(beat.mock.calls.length).toBeGreaterThanOrEqual(9 + gossipStirredBeats - 1);
});

test("a heartbeat that fails is told, and the next one comes all the same", async () => {
  const { beat, failures, heartbeats } = counted(() => Promise.reject(new Error("no")));
  heartbeats.stir();
  await vi.advanceTimersByTimeAsync(gossipStirredBeats * gossipHeartbeatMs);
  expect(beat).toHaveBeenCalledTimes(gossipStirredBeats);
  expect(failures).toHaveLength(gossipStirredBeats);
});

test("nothing beats after the end", () => {
  const { beat, heartbeats } = counted();
  heartbeats.stir();
  heartbeats.stop();
  vi.advanceTimersByTime(10 * gossipHeartbeatMs);
  expect(beat).not.toHaveBeenCalled();
});
