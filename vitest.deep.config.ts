import { defineConfig } from "vitest/config";

/** Long fuzzing, kill series and soaks: minutes each, one after the other. */
export default defineConfig({
  test: {
    include: ["test/deep/**/*.test.ts"],
    testTimeout: 3_600_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
