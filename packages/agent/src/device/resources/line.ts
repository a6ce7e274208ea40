import {
  type EditObservation,
  type EditVerb,
  type LinePromise,
  readEditName,
  readLinePromise,
} from "@antibody/core";
import type { ResourcePromise } from "@antibody/policy";
import { done, type ResourceBody } from "../resourceBody.ts";
import type { Tree } from "../tree.ts";
import { asBytes, readTextFile, tidyTextFile, writeTextFile } from "./textFile.ts";

/** A text with one of its lines kept. */
export interface Edit {
  readonly same: number;
  readonly other: number;
  readonly text: string;
}

/** One line of a file. Quick, as files are. */
export function lineBody(tree: Tree): ResourceBody {
  return editBody(tree, (promise, _label, text, verb) =>
    keepLine({ ...readLinePromise(promise), ...(verb === "remove" ? { absent: true } : {}) }, text),
  );
}

/** What edits share: `edit` says how the file stands to the promise, and how it shall be. */
export function editBody(
  tree: Tree,
  edit: (promise: ResourcePromise, label: string, text: string, verb: EditVerb) => Edit,
): ResourceBody {
  return {
    slow: false,
    watchedPath: ({ name }) => placeOf(name).path,
    observe: ({ name, promise }): EditObservation => {
      const { path, label } = placeOf(name);
      const file = readTextFile(tree, path);
      if (file === undefined) return { type: "absent" };
      const { same, other } = edit(promise, label, file.text, "edit");
      return { type: "file", same, other };
    },
    act: ({ name, promise }, plan) => {
      const { path, label } = placeOf(name);
      const before = readTextFile(tree, path);
      const { text } = edit(promise, label, before?.text ?? "", plan.verb as EditVerb);
      if (before === undefined && text === "") return done(`${path} is absent`);
      if (before?.text !== text) writeTextFile(tree, path, text, before);
      return done(`edited ${path}`);
    },
    tidy: (name) => tidyTextFile(tree, placeOf(name).path),
  };
}

function placeOf(name: string): { readonly path: string; readonly label: string } {
  const place = readEditName(name);
  if (place === undefined) throw new Error(`${name}: a name that was not checked`);
  return place;
}

/** Keeps one line: the first of those in its place becomes it, others go; where there is none it comes last. */
export function keepLine({ line, begins, absent }: LinePromise, text: string): Edit {
  const wanted = line === undefined ? undefined : asBytes(line);
  const start = begins === undefined ? undefined : asBytes(begins);
  const lines = linesOf(text);
  const isSame = (each: string): boolean => each === wanted;
  const isOther = (each: string): boolean => start !== undefined && each.startsWith(start) && !isSame(each);
  const keeping = absent === true ? undefined : wanted;
  return keepAmong(lines, isSame, isOther, keeping, lines.length);
}

/** Keeps `wanted` among lines, at `at` where nothing stands in its place; undefined removes what does. */
export function keepAmong(
  lines: readonly string[],
  isSame: (line: string, index: number) => boolean,
  isOther: (line: string, index: number) => boolean,
  wanted: string | undefined,
  at: number,
): Edit {
  const same = lines.filter(isSame).length;
  const other = lines.filter(isOther).length;
  let isPlaced = wanted === undefined || same > 0;
  const kept = lines.flatMap((line, index) => {
    if (isSame(line, index)) return wanted === undefined ? [] : [line];
    if (!isOther(line, index)) return [line];
    if (isPlaced || wanted === undefined) return [];
    isPlaced = true;
    return [wanted];
  });
  // Nothing stood in its place, so that no line has moved.
  if (!isPlaced && wanted !== undefined) kept.splice(at, 0, wanted);
  return { same, other, text: kept.map((line) => `${line}\n`).join("") };
}

/** The lines of a text; a last one without an end counts as any other. */
export function linesOf(text: string): readonly string[] {
  const lines = text.split("\n");
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}
