import { nodeCrypto } from "@antibody/agent/state";
import {
  type AuthorId,
  checkSignatures,
  compareText,
  isRejection,
  openEnvelope,
  type Root,
  type SourceDocument,
  type Staging,
  type StreamName,
  verifyPolicy,
} from "@antibody/policy";
import type { Invocation } from "../invocation.ts";
import { changesBetween } from "../source/changes.ts";
import { generationsKept, publishedFile } from "../source/published.ts";
import { readSource } from "../source/read.ts";
import { type Deed, type Published, recordDeed } from "./deeds.ts";

/** A generation that was just given to the swarm. */
export interface Generation {
  readonly author: AuthorId;
  /** Absent where it was signed elsewhere. */
  readonly name?: string;
  readonly stream: StreamName;
  readonly epoch: number;
  readonly generation: number;
  readonly manifest: string;
  /** The manifest's envelope. */
  readonly bytes: Uint8Array;
  /** By which it is signed. */
  readonly root: Root;
  readonly documents: readonly SourceDocument[];
  readonly note?: string;
  readonly staging?: Staging;
}

/** What was done, before it is known when and by whom. */
type Undated<Each> = Each extends Deed ? Omit<Each, "time" | "uid"> : never;

/** Writes down what this user has just done in an author's name. */
export function record({ state, terminal }: Invocation, author: AuthorId, deed: Undated<Deed>): void {
  const now = new Date(terminal.now()).toISOString();
  recordDeed(state, author, { ...deed, time: now, uid: terminal.userId });
}

/** Writes down a generation, with what it changes of the one that was published from here before. */
export async function recordPublished(invocation: Invocation, done: Generation): Promise<void> {
  const changes = await changesOf(invocation, done);
  record(invocation, done.author, {
    type: "published",
    ...(done.name === undefined ? {} : { name: done.name }),
    stream: done.stream,
    epoch: done.epoch,
    generation: done.generation,
    manifest: done.manifest,
    ...(done.note === undefined ? {} : { note: done.note }),
    ...(done.staging === undefined ? {} : { staging: stagingText(done.staging) }),
    promisesCount: done.documents.reduce((sum, { promises }) => sum + Object.keys(promises).length, 0),
    ...(changes === undefined ? {} : { changes }),
    signedBy: signersOf(done.bytes, done.root.keys),
  });
}

/** Which of these keys signed an envelope, sorted. */
export function signersOf(bytes: Uint8Array, keys: readonly string[]): readonly string[] {
  const opened = openEnvelope(bytes);
  const signers = isRejection(opened) ? opened : checkSignatures(nodeCrypto(), opened.envelope, keys);
  return isRejection(signers) ? [] : [...signers].toSorted(compareText);
}

/** The documents of a bundle that was signed elsewhere; none where they do not verify. */
export function documentsIn(envelopes: readonly Uint8Array[], root: Root): readonly SourceDocument[] {
  return envelopes.flatMap((bytes) => {
    const verified = verifyPolicy(bytes, { crypto: nodeCrypto(), rootOf: () => root });
    if (isRejection(verified) || verified.type !== "fragment") return [];
    const { name, when, promises } = verified.fragment;
    return [{ name, promises, ...(when === undefined ? {} : { when }) }];
  });
}

async function changesOf(
  { state }: Invocation,
  { author, stream, generation, documents }: Generation,
): Promise<Published["changes"]> {
  const place = { state, author, stream };
  const since = generationsKept(place).findLast((kept) => kept < generation);
  if (since === undefined) return undefined;
  const before = await readSource(publishedFile(place, since));
  // Of a text that a newer version refuses, nothing is said.
  return "problems" in before ? undefined : { since, ...changesBetween(before.documents, documents) };
}

function stagingText({ rollout, barrier }: Staging): string {
  const waves = rollout?.waves.map(({ percent }) => percent).join(",");
  const parts = [waves === undefined ? "on trial" : `waves ${waves}`, barrier === undefined ? "" : "barrier"];
  return parts.filter((part) => part !== "").join(", ");
}
