import { type KeyPromise, keySeparatorDefault, readKeyPromise } from "@antibody/core";
import type { ResourceBody } from "../resourceBody.ts";
import type { Tree } from "../tree.ts";
import { type Edit, editBody, keepAmong, linesOf } from "./line.ts";
import { asBytes } from "./textFile.ts";

/** One key of a file of keys and values. */
export function keyBody(tree: Tree): ResourceBody {
  return editBody(tree, (promise, label, text, verb) =>
    keepKey({ ...readKeyPromise(promise), ...(verb === "remove" ? { absent: true } : {}) }, label, text),
  );
}

/** Keeps one key in its section; what is commented out stays as it is. */
export function keepKey(promise: KeyPromise, label: string, text: string): Edit {
  const key = asBytes(promise.key ?? label);
  const separator = asBytes(promise.separator ?? keySeparatorDefault);
  const value = promise.value === undefined ? undefined : asBytes(promise.value);
  const section = promise.section === undefined ? undefined : asBytes(promise.section);
  const lines = linesOf(text);
  const { start, end } = sectionOf(lines, section);
  const valueAt = (line: string, index: number): string | undefined =>
    index < start || index >= end ? undefined : valueIn(line, key, separator.trim());
  const isSame = (line: string, index: number): boolean => {
    const seen = valueAt(line, index);
    return seen !== undefined && seen === value?.trim();
  };
  const isOther = (line: string, index: number): boolean =>
    valueAt(line, index) !== undefined && !isSame(line, index);
  const wanted = promise.absent === true || value === undefined ? undefined : key + separator + value;
  if (wanted !== undefined && section !== undefined && start > lines.length)
    return {
      same: 0,
      other: 0,
      text: `${[...lines, ...(lines.length > 0 ? [""] : []), `[${section}]`, wanted].join("\n")}\n`,
    };
  return keepAmong(lines, isSame, isOther, wanted, lastOf(lines, start, end));
}

/** The lines of a section, without its head; beyond the end where there is no such section. */
function sectionOf(
  lines: readonly string[],
  section: string | undefined,
): { readonly start: number; readonly end: number } {
  const heads = lines.flatMap((line, index) => (/^\s*\[.*\]\s*$/.test(line) ? [index] : []));
  if (section === undefined) return { start: 0, end: heads[0] ?? lines.length };
  const head = heads.find((index) => lines[index]?.trim() === `[${section}]`);
  if (head === undefined) return { start: lines.length + 1, end: lines.length + 1 };
  return { start: head + 1, end: heads.find((index) => index > head) ?? lines.length };
}

/** Behind the last line of a section that is not empty. */
function lastOf(lines: readonly string[], start: number, end: number): number {
  let at = Math.min(end, lines.length);
  while (at > start && lines[at - 1]?.trim() === "") at -= 1;
  return at;
}

/** The value where the line is one of this key; a separator of spaces alone is any white space. */
function valueIn(line: string, key: string, separator: string): string | undefined {
  const text = line.trimStart();
  if (!text.startsWith(key)) return undefined;
  const rest = text.slice(key.length);
  if (separator === "") return rest === "" || /^\s/.test(rest) ? rest.trim() : undefined;
  const after = rest.trimStart();
  return after.startsWith(separator) ? after.slice(separator.length).trim() : undefined;
}
