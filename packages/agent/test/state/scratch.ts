import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A directory of its own for one test; gone when the test ends. */
export function scratchDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), "antibody-test-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
