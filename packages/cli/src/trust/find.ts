import { readFile } from "node:fs/promises";
import { errnoOf, nodeCrypto } from "@antibody/agent/state";
import type { Inspection } from "@antibody/core";
import { type AuthorId, isRejection, parseId, verifyPolicy } from "@antibody/policy";
import { CliError, exitCode, messageOf } from "../errors.ts";
import { findId } from "../find.ts";

/** An author as the owner named it; with its root where a file was given. */
export interface NamedAuthor {
  readonly author: AuthorId;
  readonly rootBytes?: Uint8Array;
}

/** Every author that the agent has heard of. */
function knownAuthors(inspection: Inspection): ReadonlySet<AuthorId> {
  return new Set([
    ...inspection.grants.map(({ author }) => author),
    ...inspection.streams.map(({ author }) => author),
    ...inspection.heldClaims.map(({ author }) => author),
  ]);
}

/** Finds an author by a root file, a whole id, or the beginning of one that the agent knows. Throws a CliError. */
export async function namedAuthor(inspection: Inspection, text: string, self: string): Promise<NamedAuthor> {
  const whole = parseId("author", text);
  if (whole !== undefined) return { author: whole };
  const bytes = await readFile(text).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw rootError(text, messageOf(error));
  });
  if (bytes === undefined) {
    return { author: findId(knownAuthors(inspection), text, "author or root file", `${self} trust list`) };
  }
  const rootBytes = new Uint8Array(bytes);
  const verified = verifyPolicy(rootBytes, { crypto: nodeCrypto(), rootOf: () => undefined });
  if (isRejection(verified)) throw rootError(text, `${verified.reason}: ${verified.detail}`);
  if (verified.type !== "root") throw rootError(text, `it is a ${verified.type}`);
  return { author: verified.author, rootBytes };
}

function rootError(path: string, cause: string): CliError {
  return new CliError({
    code: "root",
    message: `${path} is not an author's first root`,
    cause,
    next: "ask the author for the .root file of: antibody author keygen",
    exit: exitCode.failed,
  });
}
