import { messageBytesMax } from "@antibody/core";
import { bundleDocumentsMax } from "../limits.ts";
import { decodeMap, encodeMap } from "./cbor.ts";

/**
 * Version of the message that carries several documents. An agent that knows only single envelopes reads version 2
 * of an envelope in it: it ignores the message, blames nobody, and gets the documents by anti-entropy.
 */
const bundleVersion = 2;

/** Bytes around the documents: the map, its names, the version and the array's head. */
const overheadBytes = 32;
/** The head that CBOR puts before one document of up to 64 KiB. */
const documentHeadBytes = 3;

/** Several documents as one message. */
export function encodeBundle(documents: readonly Uint8Array[]): Uint8Array {
  return encodeMap({ documents }, bundleVersion);
}

/** The documents of a message, at least one; undefined for bytes that are no such message. */
export function decodeBundle(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  const { documents } = decodeMap(bytes, bundleVersion) ?? {};
  if (!Array.isArray(documents)) return undefined;
  if (documents.length === 0 || documents.length > bundleDocumentsMax) return undefined;
  return documents.every((document) => document instanceof Uint8Array) ? documents : undefined;
}

/** Messages of at most `messageBytesMax` that carry all of the documents in their order; one alone goes as it is. */
export function packDocuments(documents: readonly Uint8Array[]): readonly Uint8Array[] {
  const packs: Uint8Array[][] = [];
  let bytes = 0;
  for (const document of documents) {
    const pack = packs.at(-1);
    const grown = bytes + document.length + documentHeadBytes;
    if (pack !== undefined && pack.length < bundleDocumentsMax && grown <= messageBytesMax) {
      pack.push(document);
      bytes = grown;
    } else {
      packs.push([document]);
      bytes = overheadBytes + document.length + documentHeadBytes;
    }
  }
  return packs.map((pack) => {
    const [document] = pack;
    return pack.length === 1 && document !== undefined ? document : encodeBundle(pack);
  });
}
