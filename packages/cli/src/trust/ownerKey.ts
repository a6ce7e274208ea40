import { base32Decode, base32Encode, fromHex } from "@antibody/policy";
import { InvalidArgumentError } from "commander";

/** What `--owner` means, at init and join. */
export const ownerOptionText =
  "the owner's key that this device obeys, as trust list shows it on another; default: a new one";

const prefix = "owner_";

/** An owner's public key as people copy it: `owner_` and 52 letters and digits. */
export function ownerText(keyHex: string): string {
  return `${prefix}${base32Encode(fromHex(keyHex) ?? new Uint8Array())}`;
}

/** Reads an owner's public key. Throws what commander shows as a fault of usage. */
export function readOwnerKey(text: string): Uint8Array {
  const key = text.startsWith(prefix) ? base32Decode(text.slice(prefix.length)) : undefined;
  if (key?.length === 32) return key;
  throw new InvalidArgumentError(
    "Write an owner's key as trust list shows it: owner_ and 52 letters and digits.",
  );
}
