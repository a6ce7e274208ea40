/** A key as people name it: a character, or one of the names. */
export type Key =
  | "up"
  | "down"
  | "pageUp"
  | "pageDown"
  | "enter"
  | "escape"
  | "backspace"
  | "interrupt"
  | string;

const sequences: { readonly [sequence: string]: Key } = {
  "\u001b[A": "up",
  "\u001bOA": "up",
  "\u001b[B": "down",
  "\u001bOB": "down",
  "\u001b[5~": "pageUp",
  "\u001b[6~": "pageDown",
  "\r": "enter",
  "\n": "enter",
  "\u001b": "escape",
  "\u007f": "backspace",
  "\b": "backspace",
  "\u0003": "interrupt",
  "\u0004": "interrupt",
};

/** An escape sequence, of those that terminals send for keys, or one character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is control characters that are looked for
const keyPattern = /\u001b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])?|./gsu;

/** The keys in what a terminal sent. Sequences that mean nothing here, and control characters, are passed over. */
export function keysIn(text: string): readonly Key[] {
  return (text.match(keyPattern) ?? []).flatMap((each) => {
    const named = Object.hasOwn(sequences, each) ? sequences[each] : undefined;
    if (named !== undefined) return [named];
    return /^\P{Cc}$/u.test(each) ? [each] : [];
  });
}
