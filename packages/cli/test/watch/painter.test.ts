import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Painter } from "../../src/watch/painter.ts";
import { Emulator } from "./emulator.ts";

const columns = 30;
const rows = 10;
const line = fc.oneof(
  fc.stringMatching(/^[ -~]{0,29}$/),
  fc.constantFrom("", "kept since 1m", "kept since 2m", "grüße … ok", "grüße … so"),
);
const block = fc.array(line, { maxLength: rows - 1 });

describe("the painter", () => {
  test("shows each block as it is, below what was there, whatever came before", () => {
    fc.assert(
      fc.property(fc.array(block, { minLength: 1, maxLength: 6 }), fc.nat(rows - 1), (blocks, above) => {
        const terminal = new Emulator(columns, rows);
        const before = Array.from({ length: above }, (_, index) => `before ${index}`);
        for (const text of before) terminal.write(`${text}\r\n`);
        const painter = new Painter();
        for (const lines of blocks) terminal.write(painter.paint(lines));
        const shown = blocks.at(-1)?.map((each) => each.trimEnd()) ?? [];
        const all = [...terminal.scrollback, ...terminal.screen];
        // What was there first is there still, in order, on the screen or in the scrollback.
        expect(all.slice(0, above)).toEqual(before);
        expect(all.slice(above, above + shown.length)).toEqual(shown);
        expect(all.slice(above + shown.length).every((each) => each === "")).toBe(true);
        expect(terminal.unknown).toEqual([]);
      }),
    );
  });

  test("sends nothing for what is the same, and little for what differs little", () => {
    const painter = new Painter();
    const lines = Array.from({ length: 9 }, (_, index) => `file:/etc/${index}  kept  3m`);
    painter.paint(lines);
    expect(painter.paint(lines)).toBe("");
    const changed = lines.with(4, "file:/etc/4  kept  4m");
    // Of it 18 bytes turn wrapping off and on, and 17 move.
    expect(Buffer.byteLength(painter.paint(changed))).toBeLessThan(45);
  });

  test("paints all of it anew after a change of the size", () => {
    const terminal = new Emulator(columns, rows);
    const painter = new Painter();
    terminal.write(painter.paint(["one", "two"]));
    terminal.write(painter.restart(rows - 1));
    terminal.write(painter.paint(["one", "two"]));
    expect(terminal.screen.filter((each) => each !== "")).toEqual(["one", "two"]);
  });
});
