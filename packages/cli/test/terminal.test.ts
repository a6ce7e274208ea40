import { afterEach, expect, test, vi } from "vitest";
import { processTerminal } from "../src/terminal.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test("copies of one Ctrl-C let the command end in order, and only a later one ends the process", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const kill = vi.spyOn(process, "kill").mockReturnValue(true);
  const others = process.listeners("SIGINT");
  const { interrupted } = processTerminal();
  expect(interrupted.aborted).toBe(false);
  // Only the terminal's own listener is called: vitest listens as well.
  const [listener] = process.listeners("SIGINT").filter((each) => !others.includes(each));
  listener?.("SIGINT");
  listener?.("SIGINT");
  listener?.("SIGTERM");
  expect(interrupted.aborted).toBe(true);
  expect(kill).not.toHaveBeenCalled();
  vi.advanceTimersByTime(2_000);
  listener?.("SIGINT");
  expect(kill).toHaveBeenCalledWith(process.pid, "SIGINT");
  expect(process.listeners("SIGINT")).toEqual(others);
});
