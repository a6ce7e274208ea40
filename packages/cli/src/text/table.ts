import { printable } from "./printable.ts";

/** Nothing that is printed is wider, unless a terminal is narrower. */
export const columnsMax = 100;
/** A column is not cut below this. Guess: a shortened id and an ellipsis. */
const columnMin = 8;
const gap = "  ";

/** Lines of a table: columns aligned, the widest cut where the whole would be too wide. No space at the ends. */
export function table(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  widthMax: number = columnsMax,
): readonly string[] {
  const cells = [headers, ...rows].map((row) => row.map((cell) => printable(cell)));
  const widths = headers.map((_header, column) =>
    Math.max(...cells.map((row) => lengthOf(row[column] ?? ""))),
  );
  const available = widthMax - gap.length * (headers.length - 1);
  const fitted = shrink(widths, available);
  return cells.map((row) =>
    row
      .map((cell, column) => fit(cell, fitted[column] ?? 0).padEnd(padding(cell, fitted[column] ?? 0)))
      .join(gap)
      .trimEnd(),
  );
}

/** Takes from the widest column until all fit, or none can be cut further. */
function shrink(widths: readonly number[], available: number): readonly number[] {
  const fitted = [...widths];
  let excess = fitted.reduce((sum, width) => sum + width, 0) - available;
  while (excess > 0) {
    const widest = fitted.indexOf(Math.max(...fitted));
    const width = fitted[widest] ?? 0;
    if (width <= columnMin) break;
    fitted[widest] = width - 1;
    excess -= 1;
  }
  return fitted;
}

/** A text of at most `width` characters; a cut one ends with an ellipsis. */
export function fit(text: string, width: number): string {
  const characters = Array.from(text);
  if (characters.length <= width) return text;
  return `${characters.slice(0, Math.max(0, width - 1)).join("")}…`;
}

/** A text in lines of at most `width` characters, broken at spaces; longer words are split. At least one line. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of printable(text)
    .split(" ")
    .flatMap((each) => pieces(each, width))) {
    const joined = line === "" ? word : `${line} ${word}`;
    if (lengthOf(joined) <= width) {
      line = joined;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

function pieces(word: string, width: number): readonly string[] {
  const characters = Array.from(word);
  const parts: string[] = [];
  do parts.push(characters.splice(0, width).join(""));
  while (characters.length > 0);
  return parts;
}

/** A label, and beside it a text in as many lines as it needs. */
export function labeled(label: string, text: string, labelWidth: number): readonly string[] {
  const indent = labelWidth + gap.length;
  return wrap(text, columnsMax - indent).map((line, index) =>
    ((index === 0 ? label : "").padEnd(indent) + line).trimEnd(),
  );
}

/** A label, and beside it a command or a path: people copy it, so it is never broken, whatever its length. */
export function unbroken(label: string, text: string, labelWidth: number): string {
  return (label.padEnd(labelWidth + gap.length) + printable(text)).trimEnd();
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}

/** padEnd counts UTF-16 units, people count characters. */
function padding(cell: string, width: number): number {
  const fitted = fit(cell, width);
  return width + (fitted.length - lengthOf(fitted));
}
