import * as z from "zod/mini";

const quantityPattern = /^(?:([1-9][0-9]{0,8})(B|KiB|MiB|GiB|TiB)|([1-9][0-9]?)%)$/;
const unitBytes: { readonly [unit: string]: number } = {
  B: 1,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
  TiB: 1_099_511_627_776,
};

/** A size, `64MiB`, or a part of the whole, `10%`. */
export const quantity: z.ZodMiniType<string, string> = z
  .string()
  .check(z.regex(quantityPattern, "expected a size such as 64MiB, or a part such as 10%"));

/** What a quantity is of a whole, in the whole's unit, rounded up. Throws on a text that the schema did not pass. */
export function quantityOf(text: string, whole: number): number {
  const [, count, unit, percent] = quantityPattern.exec(text) ?? [];
  if (percent !== undefined) return Math.ceil((whole * Number(percent)) / 100);
  const bytes = unitBytes[unit ?? ""];
  if (count === undefined || bytes === undefined) throw new Error(`Not a quantity: ${text}`);
  return Number(count) * bytes;
}

/** Bytes for people, with one unit, rounded down: `350B`, `12KiB`, `3MiB`. */
export function formatBytes(bytes: number): string {
  const fitting = Object.entries(unitBytes).filter(([, size]) => bytes >= size);
  const [unit, size] = fitting.at(-1) ?? ["B", 1];
  return `${Math.floor(bytes / size)}${unit}`;
}
