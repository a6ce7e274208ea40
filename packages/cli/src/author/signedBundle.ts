import { readFile } from "node:fs/promises";
import {
  type AuthorId,
  bundleFragmentsMax,
  type FragmentId,
  fragmentBytesMax,
  parseId,
  parseStreamName,
  type StreamName,
} from "@antibody/policy";
import * as z from "zod/mini";
import { CliError, exitCode } from "../errors.ts";
import { printable } from "../text/printable.ts";

/** A bundle that was signed on another machine, as a file that carries it over. It holds nothing secret. */
export interface SignedBundle {
  readonly author: AuthorId;
  readonly stream: StreamName;
  readonly epoch: number;
  readonly generation: number;
  /** Id of its manifest. */
  readonly manifest: FragmentId;
  /** Envelopes, exact bytes: the roots of the author, the fragments, and the manifest last. */
  readonly roots: readonly Uint8Array[];
  readonly documents: readonly Uint8Array[];
}

/** Bytes of such a file: every fragment in base64, and the heads. */
const fileBytesMax = Math.ceil((bundleFragmentsMax + 16) * fragmentBytesMax * 1.4);

const envelope = z.string().check(z.minLength(1), z.maxLength(Math.ceil(fragmentBytesMax * 1.4)));
const shape = z.strictObject({
  v: z.literal(1),
  type: z.literal("signedBundle"),
  author: z.string(),
  stream: z.string(),
  epoch: z.int().check(z.minimum(1)),
  generation: z.int().check(z.minimum(1)),
  manifest: z.string(),
  roots: z.array(envelope).check(z.minLength(1), z.maxLength(256)),
  documents: z.array(envelope).check(z.minLength(1), z.maxLength(bundleFragmentsMax + 1)),
});

/** The text of the file of a bundle. */
export function formatSignedBundle(bundle: SignedBundle): string {
  const { author, stream, epoch, generation, manifest } = bundle;
  const [roots, documents] = [bundle.roots.map(toBase64), bundle.documents.map(toBase64)];
  return `${JSON.stringify({ v: 1, type: "signedBundle", author, stream, epoch, generation, manifest, roots, documents }, undefined, 1)}\n`;
}

/** Reads a bundle that was signed elsewhere; undefined where the file is no such file, but policy as people write it. */
export async function readSignedBundle(path: string): Promise<SignedBundle | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  if (!text.trimStart().startsWith("{") || !text.slice(0, 200).includes('"signedBundle"')) return undefined;
  const bundle = parseSignedBundle(text);
  if (bundle === undefined) throw damaged(path);
  return bundle;
}

/** Reads the text of such a file; undefined where it is none, or no whole one. */
export function parseSignedBundle(text: string): SignedBundle | undefined {
  const read = text.length > fileBytesMax ? undefined : shape.safeParse(json(text));
  const author = parseId("author", read?.data?.author ?? "");
  const stream = parseStreamName(read?.data?.stream ?? "");
  const manifest = parseId("frag", read?.data?.manifest ?? "");
  if (read?.success !== true || author === undefined || stream === undefined || manifest === undefined)
    return undefined;
  const { epoch, generation, roots, documents } = read.data;
  return {
    author,
    stream,
    epoch,
    generation,
    manifest,
    roots: roots.map(fromBase64),
    documents: documents.map(fromBase64),
  };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function damaged(path: string): CliError {
  return new CliError({
    code: "damaged",
    message: `${printable(path)} is no whole signed bundle`,
    cause: "it was cut or changed on its way, or is of a newer version",
    next: "copy it again from where it was signed",
    exit: exitCode.failed,
  });
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}
