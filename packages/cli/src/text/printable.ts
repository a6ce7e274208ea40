/**
 * A text that only prints: names and reasons come from peers and authors, and a control character could paint
 * over the screen, a bidirectional one could make an id read differently.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, "�");
}
