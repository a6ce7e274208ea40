import { fromHex, toHex } from "./bytes.ts";
import type { Crypto } from "./crypto.ts";
import { verifySignature } from "./ed25519.ts";
import { signedBytes } from "./envelope.ts";
import type { Envelope } from "./envelopeBytes.ts";
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
  const message = signedBytes(envelope);
  const signers = new Set<string>();
  for (const entry of envelope.signatures) {
    const hint = toHex(entry.keyHint);
    const hinted = keys.filter((key) => key.startsWith(hint));
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
