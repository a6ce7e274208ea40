import { randomBytes } from "node:crypto";
import { toHex } from "@antibody/policy";
import type { InviteCode, InviteRequest } from "../ports.ts";
import type { InviteBook } from "./inviteBook.ts";
import { formatInviteCode, inviteSecretBytes } from "./inviteCode.ts";
import type { NetworkOptions } from "./networkOptions.ts";

/** Who invites, and where it is to be found. */
interface Inviter extends Pick<NetworkOptions, "certificate" | "charter" | "crypto" | "key" | "knowledge"> {
  readonly book: InviteBook;
  readonly addresses: readonly string[];
}

/** Opens an invite and returns its code, which is shown once. Throws when the agent may not invite. */
export function issueInvite(
  { expiresInMs, mayInvite, replaces }: InviteRequest,
  { certificate, charter, crypto, key, knowledge, book, addresses }: Inviter,
): InviteCode {
  if (!certificate.certificate.mayInvite) throw new Error("This agent may not invite");
  const replaced = replaces === undefined ? undefined : knowledge.certificateOf(replaces);
  if (replaces !== undefined && replaced?.lineage.includes(certificate.agent) !== true) {
    throw new Error("Only who has invited a member, or stands above its inviter, replaces it");
  }
  const secret = new Uint8Array(randomBytes(inviteSecretBytes));
  book.open({ secretDigest: toHex(crypto.sha256(secret)), expiresInMs, mayInvite, replaces });
  const invite = { swarm: charter.swarm, inviter: key.publicKey, addresses, secret };
  return { code: formatInviteCode(invite, crypto), expiresMs: Date.now() + expiresInMs };
}
