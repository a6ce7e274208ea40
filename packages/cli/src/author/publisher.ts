import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { nodeCrypto } from "@antibody/agent/state";
import type { Inspection } from "@antibody/core";
import { type AuthorId, isRejection, type StreamName, verifyPolicy } from "@antibody/policy";
import { CliError, exitCode } from "../errors.ts";
import type { Invocation } from "../invocation.ts";
import type { Publisher } from "../source/reach.ts";
import { namedAuthor } from "../trust/find.ts";
import { readRootOfKeyFile } from "./keyFile.ts";
import { keyFileOf } from "./signers.ts";

/**
 * Who is to publish, by a key of the state directory, a key file, a root file, or an id that the agent knows. No key is
 * opened. Throws a CliError.
 */
export async function namedPublisher(
  invocation: Invocation,
  text: string,
  inspection: Inspection | undefined,
): Promise<Publisher> {
  const file = keyFileOf(invocation, text);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    if (inspection === undefined) throw noPublisher(text, invocation.self);
    const { author } = await namedAuthor(inspection, text, invocation);
    return knownPublisher(inspection, author);
  }
  const bytes = new Uint8Array(await readFile(file));
  const verified = verifyPolicy(bytes, { crypto: nodeCrypto(), rootOf: () => undefined });
  if (!isRejection(verified) && verified.type === "root") {
    return { author: verified.author, scopes: verified.root.scopes };
  }
  const { author, root } = await readRootOfKeyFile(file);
  return { author, scopes: root.scopes };
}

/** The one author of whom the agent holds a stream of this name; nobody where that is not one. */
export function publisherOfStream(inspection: Inspection, stream: StreamName): Publisher {
  const [only, ...others] = inspection.streams.filter((state) => state.stream === stream);
  return only === undefined || others.length > 0 ? { scopes: [] } : knownPublisher(inspection, only.author);
}

function knownPublisher({ authors = [] }: Inspection, author: AuthorId): Publisher {
  return { author, scopes: authors.find((each) => each.author === author)?.scopes ?? [] };
}

function noPublisher(text: string, self: string): CliError {
  return new CliError({
    code: "notFound",
    message: `no author "${text.slice(0, 80)}"`,
    cause: "there is no such key here, it is no file, and no agent runs here that could know it",
    next: `name a key file or a root file, or start the agent: ${self} run`,
    exit: exitCode.failed,
  });
}
