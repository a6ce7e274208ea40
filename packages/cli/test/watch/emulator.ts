/** As much of a terminal as a painter may rely on: a grid that scrolls, and a scrollback that keeps what left it. */
export class Emulator {
  readonly columns: number;
  readonly rows: number;
  readonly scrollback: string[] = [];
  /** Sequences that were asked for and are not understood: none may be. */
  readonly unknown: string[] = [];
  bytesCount = 0;
  #grid: string[][];
  #row = 0;
  #column = 0;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
    this.#grid = Array.from({ length: rows }, () => []);
  }

  write(text: string): void {
    this.bytesCount += Buffer.byteLength(text);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is control sequences that are read
    for (const part of text.match(/\u001b\[[?0-9;]*[A-Za-z]|./gsu) ?? []) this.#take(part);
  }

  /** Everything that a person can see, without spaces at the ends. */
  get screen(): readonly string[] {
    return this.#grid.map((cells) =>
      Array.from(cells, (cell) => cell ?? " ")
        .join("")
        .trimEnd(),
    );
  }

  #take(part: string): void {
    if (part === "\r") this.#column = 0;
    else if (part === "\n") this.#newline();
    else if (part.startsWith("\u001b")) this.#obey(part.slice(2));
    else if (this.#column < this.columns) {
      this.#line[this.#column] = part;
      this.#column += 1;
    } else throw new Error("a line is wider than the terminal");
  }

  #obey(sequence: string): void {
    const number = Number(/^\d+/.exec(sequence)?.[0] ?? 1);
    switch (sequence.at(-1)) {
      case "A":
        this.#row = Math.max(0, this.#row - number);
        return;
      case "B":
        this.#row = Math.min(this.rows - 1, this.#row + number);
        return;
      case "C":
        this.#column = Math.min(this.columns - 1, this.#column + number);
        return;
      case "K":
        this.#line.length = Math.min(this.#line.length, this.#column);
        return;
      case "J":
        this.#line.length = Math.min(this.#line.length, this.#column);
        for (const cells of this.#grid.slice(this.#row + 1)) cells.length = 0;
        return;
      default:
        if (!/^\?(7|25)[hl]$/.test(sequence)) this.unknown.push(sequence);
    }
  }

  #newline(): void {
    if (this.#row < this.rows - 1) this.#row += 1;
    else {
      this.scrollback.push((this.#grid.shift() ?? []).join(""));
      this.#grid.push([]);
    }
  }

  get #line(): string[] {
    return this.#grid[this.#row] ?? [];
  }
}
