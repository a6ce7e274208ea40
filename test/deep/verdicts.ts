import { readFileSync } from "node:fs";
import { nodeCrypto } from "@antibody/agent/state";
import { verifySignature } from "@antibody/policy";
import type { EdgeSignature } from "./edgeSignatures.ts";

// Run by each Node of `nodeVersions.test.ts`: what it makes of the signatures in a file, one digit each.
const signatures = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as readonly EdgeSignature[];
const crypto = nodeCrypto();
const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));

const verdicts = (says: (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean): string =>
  signatures
    .map(({ key, message, signature }) => Number(says(bytes(key), bytes(message), bytes(signature))))
    .join("");

process.stdout.write(
  JSON.stringify({
    version: process.version,
    predicate: verdicts((key, message, signature) => verifySignature(crypto, key, message, signature)),
    primitive: verdicts((key, message, signature) => crypto.verifyEd25519(key, message, signature)),
  }),
);
