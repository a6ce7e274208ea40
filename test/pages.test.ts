import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { defaultSettings } from "@antibody/core";
import { describe, expect, it } from "vitest";
import { overlapMs, takeoverMs } from "../packages/core/src/roles/bounds.ts";

const root = join(import.meta.dirname, "..");
const pages = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" }).trim().split("\n");
const textOf = (page: string): string => readFileSync(join(root, page), "utf8");

/** A heading's anchor, as GitHub makes it. */
function anchorOf(heading: string): string {
  const bare = heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "");
  return bare.trim().replaceAll(" ", "-");
}

/** Links of a page to other pages and files that lead nowhere. */
function brokenLinks(page: string): readonly string[] {
  return [...textOf(page).matchAll(/\]\(([^)#\s]*)(?:#([^)\s]*))?\)/g)].flatMap(
    ([link, path = "", anchor]) => {
      if (/^https?:/.test(path)) return [];
      const target = path === "" ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) return [`${page}: ${link}`];
      if (anchor === undefined || !target.endsWith(".md")) return [];
      const headings = [...textOf(target).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
        anchorOf(heading),
      );
      return headings.includes(anchor) ? [] : [`${page}: ${link}`];
    },
  );
}

/** Files and folders of this house that a page names by their path and that are not there. */
function missingPaths(page: string): readonly string[] {
  const named = /`((?:packages|sim|test|bench|scripts|docs|examples|patches|packaging|lint)\/[\w./-]*)`/g;
  return [...textOf(page).matchAll(named)].flatMap(([, path = ""]) =>
    existsSync(join(root, path.replace("KIND", "file"))) ? [] : [`${page}: ${path}`],
  );
}

/** Settings that a page gives a value, as in `roleSettleMs` (3 s), and that have another. */
function wrongSettings(page: string): readonly string[] {
  const unitMs: { readonly [unit: string]: number } = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000 };
  const named = /`(\w+Ms)` \(([\d.]+) (ms|s|min|h)\b/g;
  return [...textOf(page).matchAll(named)].flatMap(([said, name = "", number = "", unit = ""]) => {
    const value = Object.entries(defaultSettings).find(([setting]) => setting === name)?.[1];
    return value === undefined || value === Number(number) * (unitMs[unit] ?? 0) ? [] : [`${page}: ${said}`];
  });
}

describe("the pages", () => {
  it("lead where there is something", () => {
    expect(pages.length).toBeGreaterThan(30);
    expect(pages.flatMap(brokenLinks)).toEqual([]);
  });

  it("name files that are there", () => {
    expect(pages.flatMap(missingPaths)).toEqual([]);
  });

  it("give settings the values that they have", () => {
    expect(pages.flatMap(wrongSettings)).toEqual([]);
    const [takeover, overlap] = [takeoverMs(defaultSettings), overlapMs(defaultSettings)].map(
      (ms) => `| ${ms / 1_000} s`,
    );
    const lines = textOf("docs/roles.md").split("\n");
    expect(lines.find((line) => line.startsWith("| `takeoverMs`"))).toContain(takeover);
    expect(lines.find((line) => line.startsWith("| `overlapMs`"))).toContain(overlap);
  });
});
