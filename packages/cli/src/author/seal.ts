import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";

/**
 * Cost of the passphrase: OWASP's password storage cheat sheet (2023) asks of scrypt for N = 2^17, r = 8, p = 1.
 * It takes 128 MiB and a third of a second on a desktop.
 */
const sealCost = 131_072;
/** The highest cost that is read: a forged file must not eat all memory. */
const costMax = 1_048_576;
const blockSize = 8;
const keyBytes = 32;

/** Secret bytes under a passphrase: scrypt makes the key, AES-256-GCM seals. All in hexadecimal. */
export interface PassphraseSeal {
  readonly type: "scrypt-aes-256-gcm";
  /** scrypt's N; r is 8 and p is 1. */
  readonly cost: number;
  readonly salt: string;
  readonly nonce: string;
  /** Ciphertext, then the 16 bytes of the tag. */
  readonly box: string;
}

const tagBytes = 16;
/** What scrypt takes beside its 128·N·r bytes. */
const scryptSlackBytes = 1_048_576;

/** Seals a secret. `context` is not secret; the seal opens only beside the same. */
export async function sealSecret(
  secret: Uint8Array,
  passphrase: string,
  context: Uint8Array,
  cost: number = sealCost,
): Promise<PassphraseSeal> {
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", await keyOf(passphrase, salt, cost), nonce);
  cipher.setAAD(context);
  const box = Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  const [saltHex, nonceHex, boxHex] = [salt, nonce, box].map((bytes) => bytes.toString("hex"));
  if (saltHex === undefined || nonceHex === undefined || boxHex === undefined)
    throw new Error("three in, three out");
  return { type: "scrypt-aes-256-gcm", cost, salt: saltHex, nonce: nonceHex, box: boxHex };
}

/** Opens a seal; undefined when the passphrase, the context or the seal itself is not the one. */
export async function openSeal(
  seal: PassphraseSeal,
  passphrase: string,
  context: Uint8Array,
): Promise<Uint8Array | undefined> {
  if (seal.cost > costMax) return undefined;
  const [salt, nonce, box] = [seal.salt, seal.nonce, seal.box].map((text) => Buffer.from(text, "hex"));
  if (salt === undefined || nonce === undefined || box === undefined || box.length < tagBytes)
    return undefined;
  try {
    const decipher = createDecipheriv("aes-256-gcm", await keyOf(passphrase, salt, seal.cost), nonce, {
      authTagLength: tagBytes,
    });
    decipher.setAAD(context);
    decipher.setAuthTag(box.subarray(box.length - tagBytes));
    return new Uint8Array(
      Buffer.concat([decipher.update(box.subarray(0, box.length - tagBytes)), decipher.final()]),
    );
  } catch {
    // node:crypto does not tell a wrong key from damage, and neither do we.
    return undefined;
  }
}

function keyOf(passphrase: string, salt: Uint8Array, cost: number): Promise<Buffer> {
  return new Promise((made, failed) => {
    const options = { N: cost, r: blockSize, p: 1, maxmem: 128 * cost * blockSize + scryptSlackBytes };
    scrypt(passphrase.normalize("NFC"), salt, keyBytes, options, (error, key) => {
      if (error === null) made(key);
      else failed(error);
    });
  });
}
