import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Crypto, fromHex, toHex, verifySignature } from "../src/index.ts";
import { crypto, signerFrom, signerOf, vectorsAbsent, vectorsFolder } from "./support.ts";
import { order, smallOrderYs } from "./torsion.ts";

const bytes = (hex: string): Uint8Array => {
  const value = fromHex(hex);
  if (value === undefined) throw new Error(`No hexadecimal: ${hex}`);
  return value;
};

/** Says yes to everything: what is still refused, the predicate refuses by itself. */
const credulous: Crypto = { sha256: crypto.sha256, verifyEd25519: () => true };

// RFC 8032, 7.1.
const rfc8032 = [
  {
    name: "TEST 1",
    secret: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    key: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    message: "",
    signature:
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  },
  {
    name: "TEST 2",
    secret: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    key: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    message: "72",
    signature:
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  },
  {
    name: "TEST 3",
    secret: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    key: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    message: "af82",
    signature:
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  },
];

describe("RFC 8032", () => {
  for (const vector of rfc8032) {
    it(`${vector.name} verifies, and is what the test's signer makes`, () => {
      const signer = signerFrom(vector.secret);
      expect(toHex(signer.publicKey)).toBe(vector.key);
      expect(toHex(signer.sign(bytes(vector.message)))).toBe(vector.signature);
      expect(verifySignature(crypto, bytes(vector.key), bytes(vector.message), bytes(vector.signature))).toBe(
        true,
      );
    });
  }
});

interface Wycheproof {
  readonly numberOfTests: number;
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly msg: string;
      readonly sig: string;
      readonly result: string;
    }[];
  }[];
}

describe.skipIf(vectorsAbsent)("Wycheproof (skipped where the vectors are not beside the repository)", () => {
  it("agrees with all 151 verdicts", () => {
    const file = JSON.parse(readFileSync(`${vectorsFolder}/wycheproof-ed25519.json`, "utf8")) as Wycheproof;
    const verdicts = file.testGroups.flatMap((group) =>
      group.tests.map((test) => ({
        id: test.tcId,
        expected: test.result === "valid",
        actual: verifySignature(crypto, bytes(group.publicKey.pk), bytes(test.msg), bytes(test.sig)),
      })),
    );
    expect(verdicts).toHaveLength(151);
    expect(verdicts.filter((verdict) => verdict.expected !== verdict.actual)).toEqual([]);
    expect(new Set(verdicts.map((verdict) => verdict.actual))).toEqual(new Set([true, false]));
  });
});

describe("the pinned predicate", () => {
  const signer = signerOf("predicate");
  const message = bytes("0102");
  const signature = signer.sign(message);

  it("asks the primitive for a sound signature, and believes its no", () => {
    expect(verifySignature(credulous, signer.publicKey, message, signature)).toBe(true);
    const denying: Crypto = { ...credulous, verifyEd25519: () => false };
    expect(verifySignature(denying, signer.publicKey, message, signature)).toBe(false);
  });

  it("leaves the caller's bytes alone, also where they are a Buffer", () => {
    const key = Buffer.from(`${"ff".repeat(31)}f0`, "hex");
    const signed = Buffer.from(`${"fe".repeat(31)}f1${"00".repeat(32)}`, "hex");
    const before = key.toString("hex") + signed.toString("hex");
    expect(verifySignature(credulous, key, message, signed)).toBe(true);
    expect(key.toString("hex") + signed.toString("hex")).toBe(before);
  });

  it("refuses wrong lengths", () => {
    for (const length of [0, 31, 33, 64]) {
      expect(verifySignature(credulous, new Uint8Array(length).fill(9), message, signature)).toBe(false);
    }
    for (const length of [0, 32, 63, 65]) {
      expect(verifySignature(credulous, signer.publicKey, message, new Uint8Array(length).fill(9))).toBe(
        false,
      );
    }
  });

  it("refuses S + L, which many verifiers take for the same signature", () => {
    for (let times = 1n; times <= 15n; times += 1n) {
      const altered = withS(signature, sOf(signature) + times * order);
      expect(verifySignature(credulous, signer.publicKey, message, altered)).toBe(false);
    }
  });

  it("takes S = L − 1 for a number in range, and refuses S = L", () => {
    expect(verifySignature(credulous, signer.publicKey, message, withS(signature, order - 1n))).toBe(true);
    expect(verifySignature(credulous, signer.publicKey, message, withS(signature, order))).toBe(false);
  });

  it("refuses the points of small order, and encodings of y that are not below p, as key and as R", () => {
    const prime = 2n ** 255n - 19n;
    const ys = [...smallOrderYs()];
    expect(ys).toHaveLength(5);
    for (let above = prime; above < 2n ** 255n; above += 1n) ys.push(above);
    for (const y of ys) {
      for (const sign of [0n, 1n]) {
        const point = littleEndian(y + sign * 2n ** 255n);
        expect(verifySignature(credulous, point, message, signature)).toBe(false);
        const altered = signature.slice();
        altered.set(point, 0);
        expect(verifySignature(credulous, signer.publicKey, message, altered)).toBe(false);
      }
    }
    expect(verifySignature(credulous, littleEndian(prime - 2n), message, signature)).toBe(true);
  });

  it("refuses every signature in which one bit was changed", () => {
    fc.assert(
      fc.property(fc.nat({ max: 511 }), (bit) => {
        const altered = signature.slice();
        altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        return !verifySignature(crypto, signer.publicKey, message, altered);
      }),
      { numRuns: 200 },
    );
  });
});

function sOf(signature: Uint8Array): bigint {
  return signature.slice(32).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

function withS(signature: Uint8Array, value: bigint): Uint8Array {
  const altered = signature.slice();
  altered.set(littleEndian(value), 32);
  return altered;
}

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 255n));
}
