import { getEventListeners } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { withDeadline } from "../src/deadline.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

function aborted(signal: AbortSignal): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  signal.addEventListener("abort", () => resolve(signal.reason));
  return promise;
}

describe("withDeadline", () => {
  it("times out, also where nobody listens and garbage is collected meanwhile", async () => {
    const never = new AbortController();
    const reason = await withDeadline({ ms: 30, signals: [never.signal] }, async (signal) => {
      while (!signal.aborted) {
        collectGarbage();
        await turn();
      }
      return signal.reason as unknown;
    });
    expect(reason).toMatchObject({ name: "TimeoutError" });
  });

  it("ends with the first of its signals, with that one's reason", async () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const ended = withDeadline({ ms: 60_000, signals: [one.signal, other.signal] }, aborted);
    other.abort("other");
    one.abort("one");
    expect(await ended).toBe("other");
  });

  it("begins ended where a signal is aborted already", async () => {
    const bounds = { signals: [AbortSignal.abort("before")] };
    expect(await withDeadline(bounds, async (signal) => signal.reason as unknown)).toBe("before");
  });

  it.each([
    ["with its result", async () => "done"],
    ["with its error", () => Promise.reject(new Error("broken"))],
  ])("is silent once the work has ended %s, and leaves no listener", async (_how, work) => {
    const source = new AbortController();
    let seen: AbortSignal | undefined;
    const bounds = { ms: 60_000, signals: [source.signal] };
    const outcome = withDeadline(bounds, (signal) => {
      seen = signal;
      return work();
    });
    await outcome.catch(() => undefined);
    expect(getEventListeners(source.signal, "abort")).toHaveLength(0);
    source.abort();
    expect(seen?.aborted).toBe(false);
  });
});
