import { lchownSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ResourcePromise } from "@antibody/policy";
import { expect } from "vitest";
import { keepKey } from "../../../src/device/resources/key.ts";
import { keepLine } from "../../../src/device/resources/line.ts";
import { type Rig, resource } from "../rig.ts";
import type { Draw } from "./drawing.ts";
import type { Stage } from "./stage.ts";

const isRoot = process.getuid?.() === 0;

/** What may stand where a symlink is promised. */
export const symlinkStage: Stage = {
  kind: "symlink",
  arrange: (rig, draw, turn) => {
    const path = `/link-${turn}`;
    const at = rig.real(path);
    const before = draw.of("nothing", "right", "wrong", "others", "file", "directory", "fullDirectory");
    if (before === "file") writeFileSync(at, "as it was before");
    if (before === "directory" || before === "fullDirectory") mkdirSync(at);
    if (before === "fullDirectory") writeFileSync(join(at, "precious"), "mine");
    if (before === "right" || before === "others") symlinkSync("../target", at);
    if (before === "wrong") symlinkSync("/etc/passwd", at);
    if (before === "others" && isRoot) lchownSync(at, 1, 1);
    const promise: ResourcePromise = draw.of<ResourcePromise>(
      { target: "../target" },
      isRoot ? { target: "../target", owner: draw.of("bin", "root:root") } : { target: "../target" },
      { absent: true },
    );
    return {
      id: resource(`symlink:${path}`),
      promise,
      ...(before === "fullDirectory" ? { mayFail: ["ENOTEMPTY"] } : {}),
    };
  },
};

/** Lines that are met in a file: near each other, so that some stand in the place of the promised one. */
const words = ["host a", "host b", "host", "# host a", "", "\xff\xfe raw", "hosts a", " host a"] as const;

function textOf(draw: Draw, lines: readonly string[]): string {
  const drawn = Array.from({ length: draw.below(8) }, () => lines[draw.below(lines.length)] ?? "");
  return drawn.join("\n") + (draw.below(2) === 0 ? "" : "\n");
}

/** Writes a file with a draw of lines, or none. Returns the text that is there. */
function write(rig: Rig, path: string, draw: Draw, lines: readonly string[]): string {
  if (draw.below(6) === 0) return "";
  const text = textOf(draw, lines);
  writeFileSync(rig.real(path), text, "latin1");
  return text;
}

/** Lines, of which those that nothing was promised about stay as they were. */
export const lineStage: Stage = {
  kind: "line",
  arrange: (rig, draw, turn) => {
    const path = `/lines-${turn}`;
    const before = write(rig, path, draw, words);
    const promise = draw.of<ResourcePromise>(
      { line: "host a" },
      { line: "host a", begins: "host " },
      { line: "", begins: "host " },
      { line: "größer", begins: "host" },
      { line: "host a", absent: true },
      { begins: "host", absent: true },
    );
    // What a removal leaves is what the promise is not about.
    const others = (text: string): string => keepLine({ ...promise, absent: true }, text).text;
    return {
      id: resource(`line:${path}#it`),
      promise,
      after: () => expect(others(readText(rig, path))).toBe(others(before)),
    };
  },
};

const keyed = ["a = 1", "a=1", "a=2", "#a=1", "[s]", "[t]", "b = 3", "", "aa=1", "a", "\ta = 9"] as const;

/** Keys in and out of sections. */
export const keyStage: Stage = {
  kind: "key",
  arrange: (rig, draw, turn) => {
    const path = `/keys-${turn}`;
    const before = write(rig, path, draw, keyed);
    const promise: ResourcePromise = {
      ...draw.of<ResourcePromise>({ value: "1" }, { value: "2", separator: " = " }, { absent: true }),
      ...draw.of<ResourcePromise>({}, { section: "s" }, { section: "u" }),
    };
    const others = (text: string): string => {
      const { value: _value, ...rest } = promise;
      return keepKey({ ...rest, absent: true }, "a", text).text;
    };
    return {
      id: resource(`key:${path}#a`),
      promise,
      after: () => {
        const after = others(readText(rig, path));
        const { section, absent } = promise as { readonly section?: string; readonly absent?: true };
        // A section that was missing is made.
        const isMade = section !== undefined && absent !== true && !before.includes(`[${section}]`);
        const made = `${before === "" ? "" : "\n"}[${section}]\n`;
        expect(after).toBe(others(before) + (isMade ? made : ""));
      },
    };
  },
};

function readText(rig: Rig, path: string): string {
  try {
    return readFileSync(rig.real(path), "latin1");
  } catch {
    return "";
  }
}
