import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");

/** Files are one idea; longer ones hide a second. */
const linesMax = 400;

describe("the shape of the sources", () => {
  const files = execFileSync("git", ["ls-files", "*.ts", "*.mjs"], { cwd: root, encoding: "utf8" })
    .split("\n")
    .filter((file) => file !== "");

  it("has no file above the bound", () => {
    const long = files
      .map((file) => ({ file, lines: readFileSync(join(root, file), "utf8").split("\n").length - 1 }))
      .filter(({ lines }) => lines > linesMax);
    expect(files.length).toBeGreaterThan(50);
    expect(long).toEqual([]);
  });
});
