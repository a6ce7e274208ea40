import { equalBytes, fromHex } from "./bytes.ts";
import type { Crypto } from "./crypto.ts";
import { verifySignature } from "./ed25519.ts";
import { type Envelope, keyHint, preAuthenticationEncoding } from "./envelope.ts";
import { type Rejection, reject } from "./rejection.ts";

/**
 * Which of the keys (hexadecimal) signed an envelope.
 *
 * Every signature must be by one of them: DSSE would skip those it does not know, but then anyone could add
 * one, and the same document would travel as many messages.
 */
export function checkSignatures(
  crypto: Crypto,
  envelope: Envelope,
  keys: readonly string[],
): ReadonlySet<string> | Rejection {
  const message = preAuthenticationEncoding(envelope.payloadType, envelope.body);
  const signers = new Set<string>();
  for (const entry of envelope.signatures) {
    const hinted = keys.filter((key) => equalBytes(keyHint(fromHex(key) ?? new Uint8Array()), entry.keyHint));
    if (hinted.length === 0)
      return reject("unknownKey", "signed by a key that the author's root does not name");
    const signer = hinted.find((key) =>
      verifySignature(crypto, fromHex(key) ?? new Uint8Array(), message, entry.signature),
    );
    if (signer === undefined) return reject("badSignature", "a signature does not fit what it signs");
    if (signers.has(signer)) return reject("notCanonical", "two signatures by one key");
    signers.add(signer);
  }
  return signers;
}
