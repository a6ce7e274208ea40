import { existsSync } from "node:fs";
import { join } from "node:path";
import { type PrivateKey, readKeyFile } from "@antibody/agent/state";
import type { Inspection } from "@antibody/core";
import {
  type AuthorId,
  compareText,
  type Grant,
  isRejection,
  type OwnerGrant,
  sealOwnerWord,
  toHex,
} from "@antibody/policy";
import { CliError, exitCode } from "../errors.ts";
import type { Invocation } from "../invocation.ts";
import { printable } from "../text/printable.ts";
import { ownerText } from "./ownerKey.ts";

/**
 * Signs the owner's word on an author, for all devices that pin the owner's key, and gives it to this agent to spread.
 * Undefined ends every grant of the author, also those that were given on one device alone. Throws a CliError.
 */
export async function sayEverywhere(
  invocation: Invocation,
  inspection: Inspection,
  author: AuthorId,
  grant: Grant | undefined,
  keyFile: string | undefined,
): Promise<void> {
  const key = ownerKeyOf(invocation, inspection, keyFile);
  const last = inspection.owner?.stands.find((stand) => stand.author === author)?.sequence ?? 0;
  const word = {
    v: 1,
    type: "owner",
    owner: toHex(key.publicKey),
    subject: author,
    sequence: last + 1,
    ...(grant === undefined ? {} : { grant: ownerGrant(grant) }),
  } as const;
  const reply = await invocation.client.offer(sealOwnerWord(word, key));
  if (!isRejection(reply)) return;
  throw new CliError({
    code: reply.reason,
    message: "the agent rejects the owner's word",
    cause: printable(`${reply.reason}: ${reply.detail}`),
    next: `${invocation.self} trust list`,
    exit: exitCode.failed,
  });
}

function ownerGrant({ scope, rank, mode, powers, bytesMax, root }: Grant): OwnerGrant {
  return {
    scope: [...new Set(scope)].toSorted(compareText),
    rank,
    mode,
    powers: [...new Set(powers)].toSorted(compareText),
    bytesMax,
    ...(root === undefined ? {} : { root }),
  };
}

/** The owner's secret key, which must be the one that this device obeys. */
function ownerKeyOf(invocation: Invocation, { owner }: Inspection, keyFile: string | undefined): PrivateKey {
  const path = keyFile ?? join(invocation.state, "owner.key");
  if (!existsSync(path)) {
    throw keyError(invocation, `there is no ${path}`, "say where the owner's key is: --owner-key FILE");
  }
  const key = readKeyFile(path);
  if (owner?.key === toHex(key.publicKey)) return key;
  const obeyed = owner === undefined ? "no owner's key" : ownerText(owner.key);
  throw keyError(
    invocation,
    `${path} is another owner's key; this device obeys ${obeyed}`,
    "do it on the device whose owner's key the others were told at init or join, or use --owner-key FILE",
  );
}

function keyError({ self }: Invocation, cause: string, next: string): CliError {
  return new CliError({
    code: "ownerKey",
    message: "nothing was changed: this needs the owner's key",
    cause,
    next: `${next}; ${self} trust list shows whom this device obeys`,
    exit: exitCode.denied,
  });
}
