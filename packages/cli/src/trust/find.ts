import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, nodeCrypto } from "@antibody/agent/state";
import type { Inspection } from "@antibody/core";
import {
  type AuthorId,
  envelopeDigest,
  isPlainObject,
  isRejection,
  openEnvelope,
  parseId,
  toHex,
  verifyPolicy,
} from "@antibody/policy";
import { CliError, exitCode, messageOf } from "../errors.ts";
import { findId } from "../find.ts";
import type { Invocation } from "../invocation.ts";

/** An author as the owner named it; with its root where a file was given. */
export interface NamedAuthor {
  readonly author: AuthorId;
  readonly rootBytes?: Uint8Array;
  /** Where the root is not the first: its digest in hexadecimal, for the owner to follow its branch. */
  readonly rootDigest?: string;
}

/** Every author that the agent has heard of. */
function knownAuthors(inspection: Inspection): ReadonlySet<AuthorId> {
  return new Set([
    ...inspection.grants.map(({ author }) => author),
    ...inspection.streams.map(({ author }) => author),
    ...inspection.heldClaims.map(({ author }) => author),
  ]);
}

/**
 * Finds an author by a root file, a whole id, the beginning of one that the agent knows, or the name by which its root
 * lies in the state directory. Throws a CliError.
 */
export async function namedAuthor(
  inspection: Inspection,
  text: string,
  { state, self }: Pick<Invocation, "state" | "self">,
): Promise<NamedAuthor> {
  const whole = parseId("author", text);
  if (whole !== undefined) return { author: whole };
  const made = join(state, "author-keys", text.endsWith(".root") ? text : `${text}.root`);
  // A directory of that name is no root: whoever asks from / has a /home.
  const isFile = statSync(text, { throwIfNoEntry: false })?.isFile() === true;
  const isMade = !isFile && !text.includes("/") && existsSync(made);
  const bytes = await readFile(isMade ? made : text).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw rootError(text, messageOf(error));
  });
  if (bytes === undefined) {
    return { author: findId(knownAuthors(inspection), text, "author or root file", `${self} trust list`) };
  }
  const rootBytes = new Uint8Array(bytes);
  const later = laterRoot(rootBytes);
  if (later !== undefined) return later;
  const verified = verifyPolicy(rootBytes, { crypto: nodeCrypto(), rootOf: () => undefined });
  if (isRejection(verified)) throw rootError(text, `${verified.reason}: ${verified.detail}`);
  if (verified.type !== "root") throw rootError(text, `it is a ${verified.type}`);
  return { author: verified.author, rootBytes };
}

/** A root after the first one. The agent, which has those before it, says whether it is sound. */
function laterRoot(rootBytes: Uint8Array): NamedAuthor | undefined {
  const opened = openEnvelope(rootBytes);
  if (isRejection(opened) || !isPlainObject(opened.body) || opened.body["type"] !== "root") return undefined;
  const named = opened.body["author"];
  const author = typeof named === "string" ? parseId("author", named) : undefined;
  if (author === undefined) return undefined;
  return { author, rootBytes, rootDigest: toHex(envelopeDigest(nodeCrypto(), opened.envelope)) };
}

function rootError(path: string, cause: string): CliError {
  return new CliError({
    code: "root",
    message: `${path} is not an author's root`,
    cause,
    next: "ask the author for the .root file of: antibody author keygen",
    exit: exitCode.failed,
  });
}
