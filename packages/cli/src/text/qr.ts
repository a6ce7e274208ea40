import { renderUnicodeCompact } from "uqr";

/** Light on black, whatever the colors of the terminal: some cameras read nothing else. */
const [begin, end] = ["\u001b[40;97m", "\u001b[0m"];

/** Light modules around the code on each side. The standard (ISO/IEC 18004, 9.1) asks for four; two read as well. */
const border = 2;

/** A text as a QR code, two rows of modules a line. Each line ends with its own colors taken back. */
export function qrLines(text: string): readonly string[] {
  const rows = renderUnicodeCompact(text, { border, ecc: "L" }).split("\n");
  return rows.map((row) => `${begin}${row}${end}`);
}
