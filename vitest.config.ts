import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Waits end here only when something hangs, on however slow a machine: before the test does, and with a message. */
const poll = { timeout: 40_000 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/test/**/*.test.ts", "sim/test/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: { poll },
          // The default leaves one core to the main process, which needs next to nothing: of two that is half.
          maxWorkers: availableParallelism(),
        },
      },
      {
        test: {
          name: "whole",
          include: ["test/**/*.test.ts"],
          exclude: ["test/deep/**"],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          expect: { poll },
          // After the others, and three files at a time: whole agents mostly wait, and share the machine's cores.
          sequence: { groupOrder: 1 },
          maxWorkers: 3,
          maxConcurrency: 3,
        },
      },
    ],
  },
});
