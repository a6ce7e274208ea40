/**
 * Paints a block of lines in place, below what the terminal already shows: no other screen, so that scrollback,
 * selection and copying stay the terminal's own, and the last block stays when the command ends. Only what
 * changed of a line is sent. All sequences are of ECMA-48, and the wrap mode of the VT100.
 */
export class Painter {
  #shown: readonly string[] = [];

  /**
   * The bytes that turn the block that is shown into these lines. The cursor is left below the block. At most one
   * line less than the terminal has rows, else the first ones scroll away; each at most one column less wide.
   */
  paint(lines: readonly string[]): string {
    const before = this.#shown;
    const isSame = before.length === lines.length && lines.every((line, index) => line === before[index]);
    if (isSame) return "";
    this.#shown = lines;
    // While wrapping is off, a line that is too wide after all spoils no other one.
    let text = `${wrapOff}\r${up(before.length)}`;
    let row = 0;
    for (const [index, line] of lines.entries()) {
      const old = before[index];
      if (old === line) continue;
      text += index < before.length ? down(index - row) : toEnd(row, index);
      text += old === undefined ? line + eraseRight : changedPart(old, line);
      row = index;
      text += "\r";
    }
    const height = lines.length;
    // A newline scrolls at the bottom, where moving down does not.
    text += height >= before.length ? toEnd(row, height) : `${down(height - row)}${eraseBelow}`;
    return text + wrapOn;
  }

  /** Forgets what is shown, so that the next block is painted whole, in its place. */
  restart(rowsMax: number): string {
    const height = Math.min(this.#shown.length, rowsMax);
    this.#shown = [];
    return `\r${up(height)}${eraseBelow}`;
  }
}

const wrapOff = "\u001b[?7l";
const wrapOn = "\u001b[?7h";
const eraseBelow = "\u001b[J";
const eraseRight = "\u001b[K";
export const hideCursor = "\u001b[?25l";
export const showCursor = "\u001b[?25h";

function up(count: number): string {
  return count === 0 ? "" : `\u001b[${count}A`;
}

function down(count: number): string {
  return count === 0 ? "" : `\u001b[${count}B`;
}

/** To a line that may not exist yet. */
function toEnd(from: number, to: number): string {
  return "\n".repeat(to - from);
}

/** What comes after the equal beginning; columns are counted only where each character surely takes one. */
function changedPart(old: string, line: string): string {
  let same = 0;
  while (same < old.length && same < line.length && old[same] === line[same] && isAscii(line, same))
    same += 1;
  // The position costs bytes as well.
  const skip = same > positionBytes ? same : 0;
  return (skip === 0 ? "" : `\u001b[${skip}C`) + line.slice(skip) + eraseRight;
}

const positionBytes = 5;

function isAscii(text: string, index: number): boolean {
  return text.charCodeAt(index) < 0x7f;
}
