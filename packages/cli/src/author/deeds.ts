import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "@antibody/agent/state";
import { type AuthorId, parseId } from "@antibody/policy";
import * as z from "zod/mini";
import type { Changes } from "../source/changes.ts";

/** What was done in the name of an author from one state directory. */
export type Deed = Published | Rotated | Said;

interface Done {
  /** RFC 3339 in UTC, on this machine's clock. */
  readonly time: string;
  /** The author's name, as its key file has it; absent of what was signed elsewhere. */
  readonly name?: string;
  /** Who ran the command. */
  readonly uid: number;
  /** Public keys that signed it, in hexadecimal, sorted. */
  readonly signedBy: readonly string[];
}

/** A generation was given to the swarm. */
export interface Published extends Done {
  readonly type: "published";
  readonly stream: string;
  readonly epoch: number;
  readonly generation: number;
  /** Id of its manifest, which is a digest of it. */
  readonly manifest: string;
  readonly note?: string;
  /** How it came into force, where not at once: `on trial`, `waves 10,50,100`, `barrier`. */
  readonly staging?: string;
  readonly promisesCount: number;
  /** Against the generation published before from here; absent where its text is not kept. */
  readonly changes?: Changes & { readonly since: number };
}

/** The keys were changed, or what was signed so far was ended. */
export interface Rotated extends Done {
  readonly type: "rotated" | "revoked";
  readonly rootNumber: number;
  readonly epoch: number;
  /** Digest of the new root, in hexadecimal. */
  readonly root: string;
  /** The keys that sign from now on, in hexadecimal, sorted. */
  readonly keys: readonly string[];
  readonly threshold: number;
  readonly carriedCount: number;
}

/** The author's word on a generation in stages. */
export interface Said extends Done {
  readonly type: "said";
  readonly verb: string;
  readonly stream: string;
  readonly epoch: number;
  readonly generation: number;
  readonly manifest: string;
  /** From 1. */
  readonly wave?: number;
  readonly reason?: string;
}

/** Deeds kept of one author; the oldest go first. A guess: years of publishing by hand. */
const deedsMax = 1_000;

const texts = z.array(z.string());
const count = z.int().check(z.minimum(0));
const done = {
  v: z.literal(1),
  time: z.string(),
  name: z.exactOptional(z.string()),
  uid: count,
  signedBy: texts,
};
const ofGeneration = { stream: z.string(), epoch: count, generation: count, manifest: z.string() };
const changesShape = z.object({
  since: count,
  added: texts,
  changed: z.array(z.object({ resource: z.string(), fields: texts })),
  removed: texts,
});
const deedShape: z.ZodMiniType<Deed & { readonly v: 1 }> = z.discriminatedUnion("type", [
  z.object({
    ...done,
    type: z.literal("published"),
    ...ofGeneration,
    note: z.exactOptional(z.string()),
    staging: z.exactOptional(z.string()),
    promisesCount: count,
    changes: z.exactOptional(changesShape),
  }),
  z.object({
    ...done,
    type: z.enum(["rotated", "revoked"]),
    rootNumber: count,
    epoch: count,
    root: z.string(),
    keys: texts,
    threshold: count,
    carriedCount: count,
  }),
  z.object({
    ...done,
    type: z.literal("said"),
    verb: z.string(),
    ...ofGeneration,
    wave: z.exactOptional(count),
    reason: z.exactOptional(z.string()),
  }),
]);

/** Writes down what was done. */
export function recordDeed(state: string, author: AuthorId, deed: Deed): void {
  const directory = join(state, "published", author);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, fileName);
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const known = linesOf(text);
  const line = JSON.stringify({ v: 1, ...deed });
  // What a power cut has left of a line stands alone, and is not read.
  const end = text === "" || text.endsWith("\n") ? "" : "\n";
  if (known.length < deedsMax) appendFileSync(file, `${end}${line}\n`, { mode: 0o600 });
  else writeFileAtomic(file, `${[...known.slice(1 - deedsMax), line].join("\n")}\n`, 0o600);
}

/** What was done in the name of an author from here, the oldest first. A line that cannot be read is left out. */
export function deedsOf(state: string, author: AuthorId): readonly Deed[] {
  const file = join(state, "published", author, fileName);
  return linesOf(existsSync(file) ? readFileSync(file, "utf8") : "").flatMap((line) => {
    const deed = readDeed(line);
    return deed === undefined ? [] : [deed];
  });
}

/** Authors in whose name something was published from here. */
export function authorsHere(state: string): readonly AuthorId[] {
  const directory = join(state, "published");
  if (!existsSync(directory)) return [];
  return readdirSync(directory).flatMap((name) => parseId("author", name) ?? []);
}

const fileName = "deeds.jsonl";

/** Only what this version writes is shown: a line of a newer one may mean something else. */
function readDeed(line: string): Deed | undefined {
  try {
    const read = deedShape.safeParse(JSON.parse(line));
    if (!read.success) return undefined;
    const { v: _v, ...deed } = read.data;
    return deed;
  } catch {
    return undefined;
  }
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}
