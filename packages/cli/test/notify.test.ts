import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { serviceManager } from "../src/service/notify.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function managed(environment: { [name: string]: string }, check: () => void = () => undefined) {
  const told: string[] = [];
  const manager = serviceManager({
    environment,
    check,
    onFailure: (cause) => told.push(`failed: ${cause}`),
    tell: (states) => told.push(...states),
  });
  return { manager, told };
}

describe("the service manager", () => {
  test("is not there where nothing asks for word", () => {
    expect(managed({}).manager).toBeUndefined();
    expect(managed({ WATCHDOG_USEC: "1000000" }).manager).toBeUndefined();
  });

  test("hears of the start once, and twice in the watchdog's time that the agent works", () => {
    const { manager, told } = managed({ NOTIFY_SOCKET: "/run/x", WATCHDOG_USEC: "120000000" });
    expect(told).toEqual([]);
    manager?.ready();
    expect(told).toEqual(["READY=1"]);
    vi.advanceTimersByTime(120_000);
    expect(told).toEqual(["READY=1", "WATCHDOG=1", "WATCHDOG=1"]);
    manager?.stopping();
    vi.advanceTimersByTime(240_000);
    expect(told.slice(3)).toEqual(["STOPPING=1"]);
  });

  test.each([
    ["there is no watchdog", { NOTIFY_SOCKET: "/run/x" }],
    ["it watches another process", { NOTIFY_SOCKET: "/run/x", WATCHDOG_USEC: "1000000", WATCHDOG_PID: "1" }],
    ["its time is garbage", { NOTIFY_SOCKET: "/run/x", WATCHDOG_USEC: "soon" }],
  ])("hears only of the start when %s", (_why, environment) => {
    const { manager, told } = managed(environment);
    manager?.ready();
    vi.advanceTimersByTime(600_000);
    expect(told).toEqual(["READY=1"]);
  });

  test("is not fed by an agent that does not work", () => {
    const broken = (): never => {
      throw new Error("an invariant is broken");
    };
    const { manager, told } = managed({ NOTIFY_SOCKET: "/run/x", WATCHDOG_USEC: "2000000" }, broken);
    manager?.ready();
    expect(() => vi.advanceTimersByTime(1_000)).toThrow("an invariant is broken");
    expect(told).toEqual(["READY=1"]);
  });
});
