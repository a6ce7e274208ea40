/** The room of a terminal. */
export interface Room {
  readonly columns: number;
  readonly rows: number;
}

/** What comes from a terminal. */
interface ScreenListener {
  typed(text: string): void;
  resized(): void;
}

/** A terminal that keys come from and that can be painted on. */
export interface Screen {
  /** Keys come one by one and are not echoed, until `close`. */
  open(listener: ScreenListener): void;
  close(): void;
  room(): Room;
  write(text: string): void;
  /** What was written last is still on its way. */
  isBehind(): boolean;
}

/** Where a terminal does not say: the VT100's. */
const roomDefault: Room = { columns: 80, rows: 24 };

/** The screen of this process, or undefined where nobody sits before one. */
export function processScreen(): Screen | undefined {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY) return undefined;
  let typed: ((text: string) => void) | undefined;
  let resized: (() => void) | undefined;
  return {
    open(listener) {
      typed = (text) => listener.typed(text);
      resized = () => listener.resized();
      stdin.setRawMode(true).setEncoding("utf8").on("data", typed).resume();
      stdout.on("resize", resized);
    },
    close() {
      if (typed !== undefined) stdin.off("data", typed);
      if (resized !== undefined) stdout.off("resize", resized);
      stdin.setRawMode(false).pause();
    },
    // A line without a size says 0.
    room: () => ({
      columns: stdout.columns || roomDefault.columns,
      rows: stdout.rows || roomDefault.rows,
    }),
    write: (text) => void stdout.write(text),
    isBehind: () => stdout.writableNeedDrain,
  };
}
