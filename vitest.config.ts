import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/test/**/*.test.ts", "sim/test/**/*.test.ts"],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "whole",
          include: ["test/**/*.test.ts"],
          exclude: ["test/deep/**"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          // Whole agents share the machine's cores: one file at a time keeps them honest.
          fileParallelism: false,
        },
      },
    ],
  },
});
