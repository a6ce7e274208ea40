import jsqr from "jsqr";
import { describe, expect, test } from "vitest";
import { qrLines } from "../src/text/qr.ts";
import { setStage } from "./commandLine.ts";
import { fullInspection } from "./fixtures.ts";

/** What a camera makes of the lines of a terminal: each character is two modules, one above the other. */
function scanned(lines: readonly string[]): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colors of the terminal begin with one
  const rows = lines.map((line) => [...line.replace(/\u001b\[[\d;]*m/g, "")]);
  const modules = rows.flatMap((row) => [
    row.map((half) => half === "█" || half === "▀"),
    row.map((half) => half === "█" || half === "▄"),
  ]);
  const pixelsEach = 4;
  const width = (modules[0]?.length ?? 0) * pixelsEach;
  const pixels = modules.flatMap((row) => {
    const line = row.flatMap((isLight) =>
      Array.from({ length: pixelsEach }, () => {
        const shade = isLight ? 255 : 0;
        return [shade, shade, shade, 255];
      }).flat(),
    );
    return Array.from({ length: pixelsEach }, () => line).flat();
  });
  const decode = jsqr.default;
  return decode(Uint8ClampedArray.from(pixels), width, modules.length * pixelsEach)?.data;
}

describe("the QR code of an invite", () => {
  test("is read as the code, at the length of a real one", () => {
    const code = `invite_${"abcdefghijklmnopqrstuvwxyz234567".repeat(8)}`;
    expect(scanned(qrLines(code))).toBe(code);
  });

  test("is shown on a terminal only, or where it is asked for, and never among the results", async () => {
    const stage = await setStage(fullInspection);
    expect((await stage.run("invite")).err).toBe("");
    const asked = await stage.run("invite", "--qr");
    expect(scanned(asked.err.trimEnd().split("\n"))).toBe("abc");
    expect(asked.out).not.toContain("█");
    stage.terminal.live = true;
    const live = await stage.run("invite");
    expect(scanned(live.err.trimEnd().split("\n"))).toBe("abc");
    expect((await stage.run("--json", "invite")).err).toBe("");
  });
});
