import { randomBytes } from "node:crypto";
import { addressesMax } from "@antibody/core";
import { toHex } from "@antibody/policy";
import type { InviteCode, InviteRequest } from "../../ports.ts";
import { inviteCodeCharactersMax } from "../limits.ts";
import type { NetworkOptions } from "../networkOptions.ts";
import type { InviteBook } from "./inviteBook.ts";
import { formatInviteCode, inviteSecretBytes } from "./inviteCode.ts";

/** Who invites, and where it is to be found. */
interface Inviter extends Pick<NetworkOptions, "certificate" | "charter" | "crypto" | "key" | "knowledge"> {
  readonly book: InviteBook;
  readonly addresses: readonly string[];
  /** Addresses that lead to it through relays. */
  readonly doors: readonly string[];
}

/** Opens an invite and returns its code, which is shown once. Throws when the agent may not invite. */
export function issueInvite(
  { expiresInMs, mayInvite, replaces }: InviteRequest,
  { certificate, charter, crypto, key, knowledge, book, addresses, doors }: Inviter,
): InviteCode {
  if (!certificate.certificate.mayInvite) throw new Error("This agent may not invite");
  const replaced = replaces === undefined ? undefined : knowledge.certificateOf(replaces);
  if (replaces !== undefined && replaced?.lineage.includes(certificate.agent) !== true) {
    throw new Error("Only who has invited a member, or stands above its inviter, replaces it");
  }
  const secret = new Uint8Array(randomBytes(inviteSecretBytes));
  book.open({ secretDigest: toHex(crypto.sha256(secret)), expiresInMs, mayInvite, replaces });
  const expiresMs = Date.now() + expiresInMs;
  const { swarm } = charter;
  const codeWith = (all: readonly string[]): string =>
    formatInviteCode({ swarm, inviter: key.publicKey, addresses: all, secret }, crypto);
  for (let count = doors.length; count > 0; count -= 1) {
    const some = doors.slice(0, count);
    const code = codeWith([...addresses.slice(0, addressesMax - count), ...some]);
    if (code.length <= inviteCodeCharactersMax) return { code, expiresMs };
  }
  return { code: codeWith(addresses), expiresMs };
}
