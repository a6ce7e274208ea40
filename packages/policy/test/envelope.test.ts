import { encode, rfc8949EncodeOptions } from "cborg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compareText,
  envelopeDigest,
  equalBytes,
  fragmentBytesMax,
  type Json,
  messageDigest,
  openEnvelope,
  payloadType,
  preAuthenticationEncoding,
  type Signer,
  sealEnvelope,
  signedBy,
  toHex,
  utf8,
} from "../src/index.ts";
import { accepted, crypto, reasonOf, signerOf } from "./support.ts";

const signer = signerOf("envelope");
const body = { v: 1, type: "vote", about: "fence", count: 3 };
const sealed = sealEnvelope(payloadType("vote"), body, [signer]);

/** An envelope from any parts, encoded as the seal does. */
function forged(parts: {
  type?: unknown;
  body?: unknown;
  signatures?: unknown;
  v?: unknown;
  extra?: unknown;
}): Uint8Array {
  const { envelope } = accepted(openEnvelope(sealed));
  const signatures = envelope.signatures.map((entry) => ({
    hint: entry.keyHint,
    signature: entry.signature,
  }));
  return encode({ v: 1, type: envelope.payloadType, body: envelope.body, signatures, ...parts });
}

describe("pre-authentication encoding", () => {
  it("is the example of DSSE v1", () => {
    const encoded = preAuthenticationEncoding("http://example.com/HelloWorld", utf8("hello world"));
    expect(Buffer.from(encoded).toString("utf8")).toBe(
      "DSSEv1 29 http://example.com/HelloWorld 11 hello world",
    );
  });

  it("counts bytes, not characters", () => {
    expect(Buffer.from(preAuthenticationEncoding("é", utf8("€"))).toString("utf8")).toBe("DSSEv1 2 é 3 €");
  });

  it("gives different documents different encodings, wherever the border between type and body lies", () => {
    const text = fc.string({ unit: fc.constantFrom(" ", "1", "D", "a"), maxLength: 8 });
    fc.assert(
      fc.property(text, text, text, text, (type, content, otherType, otherContent) => {
        const equal = type === otherType && content === otherContent;
        const encoded = toHex(preAuthenticationEncoding(type, utf8(content)));
        return (encoded === toHex(preAuthenticationEncoding(otherType, utf8(otherContent)))) === equal;
      }),
    );
  });
});

describe("an envelope", () => {
  it("gives back what was sealed, verified by its key", () => {
    const { envelope, body: opened } = accepted(openEnvelope(sealed));
    expect(opened).toEqual(body);
    expect(envelope.payloadType).toBe("application/vnd.antibody.vote.v1+json");
    expect(signedBy(crypto, envelope, signer.publicKey)).toBe(true);
    expect(signedBy(crypto, envelope, signerOf("someone else").publicKey)).toBe(false);
  });

  it("is named by what is signed, and deduplicated by all of it", () => {
    const twice = sealEnvelope(payloadType("vote"), body, [signer, signerOf("second")]);
    const [one, two] = [accepted(openEnvelope(sealed)).envelope, accepted(openEnvelope(twice)).envelope];
    expect(toHex(envelopeDigest(crypto, one))).toBe(toHex(envelopeDigest(crypto, two)));
    expect(toHex(messageDigest(crypto, sealed))).not.toBe(toHex(messageDigest(crypto, twice)));
  });

  it("has one encoding, whatever the order of the signers", () => {
    const signers = ["a", "b", "c", "d"].map((label) => signerOf(label));
    const first = toHex(sealEnvelope(payloadType("vote"), body, signers));
    const shuffled = fc.shuffledSubarray(signers, { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(
        shuffled,
        (others: Signer[]) => toHex(sealEnvelope(payloadType("vote"), body, others)) === first,
      ),
      { numRuns: 20 },
    );
  });

  it("with any one byte changed is rejected, or no longer signed", () => {
    fc.assert(
      fc.property(fc.nat({ max: sealed.length - 1 }), fc.integer({ min: 1, max: 255 }), (index, change) => {
        const altered = sealed.slice();
        altered[index] = (altered[index] ?? 0) ^ change;
        const opened = openEnvelope(altered);
        return "reason" in opened || !signedBy(crypto, opened.envelope, signer.publicKey);
      }),
      { numRuns: 2000 },
    );
  });

  it("cut short or with something behind it is rejected", () => {
    for (let length = 0; length < sealed.length; length += 1) {
      expect(reasonOf(openEnvelope(sealed.slice(0, length)))).toBe("malformed");
    }
    expect(reasonOf(openEnvelope(Uint8Array.of(...sealed, 0)))).toBe("malformed");
  });

  it("with a swapped payload type is rejected before any signature is looked at", () => {
    expect(reasonOf(openEnvelope(forged({ type: payloadType("entry") })))).toBe("payloadTypeMismatch");
  });

  it.each<[string, Parameters<typeof forged>[0], string]>([
    ["no CBOR map", {}, "none"],
    ["another version", { v: 2 }, "unknownType"],
    ["a foreign payload type", { type: "application/json" }, "unknownType"],
    ["a body that is a text", { body: "{}" }, "malformed"],
    ["a body that is no object", { body: utf8("[]") }, "malformed"],
    ["a body that is not canonical", { body: utf8('{ "type":"vote","v":1}') }, "notCanonical"],
    ["a body of another version", { body: utf8('{"type":"vote","v":2}') }, "unknownType"],
    ["a body without a type", { body: utf8('{"v":1}') }, "payloadTypeMismatch"],
    ["no signatures", { signatures: [] }, "malformed"],
    [
      "a signature of a wrong length",
      { signatures: [{ hint: new Uint8Array(8), signature: new Uint8Array(63) }] },
      "malformed",
    ],
    [
      "a hint of a wrong length",
      { signatures: [{ hint: new Uint8Array(7), signature: new Uint8Array(64) }] },
      "malformed",
    ],
    ["a field more", { extra: 1 }, "notCanonical"],
  ])("with %s", (_, parts, reason) => {
    expect(reasonOf(openEnvelope(forged(parts))) ?? "none").toBe(reason);
  });

  it("with signatures out of order, or one twice, is rejected", () => {
    const entry = (byte: number) => ({ hint: new Uint8Array(8).fill(byte), signature: new Uint8Array(64) });
    expect(reasonOf(openEnvelope(forged({ signatures: [entry(1), entry(2)] })))).toBeUndefined();
    expect(reasonOf(openEnvelope(forged({ signatures: [entry(2), entry(1)] })))).toBe("notCanonical");
    expect(reasonOf(openEnvelope(forged({ signatures: [entry(1), entry(1)] })))).toBe("notCanonical");
  });

  it("in a longer CBOR encoding of the same is rejected", () => {
    // The map's head as a9-bit count (b8 04 for a4) and as one of indefinite length (bf … ff).
    expect(sealed[0]).toBe(0xa4);
    expect(reasonOf(openEnvelope(Uint8Array.of(0xb8, 4, ...sealed.slice(1))))).toBe("malformed");
    expect(reasonOf(openEnvelope(Uint8Array.of(0xbf, ...sealed.slice(1), 0xff)))).toBe("malformed");
    const { envelope } = accepted(openEnvelope(sealed));
    const signatures = envelope.signatures.map((entry) => ({
      hint: entry.keyHint,
      signature: entry.signature,
    }));
    const unsorted = { body: envelope.body, signatures, type: envelope.payloadType, v: 1 };
    const other = encode(unsorted, { mapSorter: (left, right) => -compareText(String(left), String(right)) });
    expect(toHex(other)).not.toBe(toHex(sealed));
    expect(reasonOf(openEnvelope(other))).toBe("notCanonical");
  });

  it("over its size is rejected unread", () => {
    expect(reasonOf(openEnvelope(new Uint8Array(fragmentBytesMax + 1)))).toBe("tooLarge");
    expect(reasonOf(openEnvelope(sealed, sealed.length - 1))).toBe("tooLarge");
    expect(reasonOf(openEnvelope(sealed, sealed.length))).toBeUndefined();
  });

  it("of hostile CBOR is rejected: deep, wide, and with counts that lie", () => {
    const deep = new Uint8Array(fragmentBytesMax).fill(0x81);
    const wide = Uint8Array.of(0x9a, 0xff, 0xff, 0xff, 0xff, ...new Uint8Array(1000));
    const map = Uint8Array.of(0xbb, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff);
    const long = Uint8Array.of(0x5b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
    for (const bytes of [deep, wide, map, long]) expect(reasonOf(openEnvelope(bytes))).toBe("malformed");
    // Bounded by items already, before the envelope is looked at.
    const many = Array.from({ length: 300 }, () => ({
      hint: new Uint8Array(8),
      signature: new Uint8Array(64),
    }));
    expect(openEnvelope(forged({ signatures: many }))).toMatchObject({ detail: "not an envelope in CBOR" });
  });

  it("of any bytes is rejected without a throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => reasonOf(openEnvelope(bytes)) !== undefined),
    );
  });
});

describe("sealing", () => {
  it.each<[string, Json]>([
    ["a body that says another type", { v: 1, type: "entry" }],
    ["a body without a version", { type: "vote" }],
    ["a body that is no object", [1]],
    ["a body with a fraction", { v: 1, type: "vote", share: 0.5 }],
  ])("throws on %s", (_, wrong) => {
    expect(() => sealEnvelope(payloadType("vote"), wrong, [signer])).toThrow();
  });
});

it("is written as the library writes deterministic CBOR, whatever its body and signers", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), fc.integer({ min: 1, max: 5 }), (text, count) => {
      const signers = Array.from({ length: count }, (_none, index) => signerOf(`signer ${index}`));
      const about = text.isWellFormed() ? text.normalize("NFC") : "";
      const bytes = sealEnvelope(payloadType("vote"), { ...body, about }, signers);
      const { envelope } = accepted(openEnvelope(bytes));
      const signatures = envelope.signatures.map(({ keyHint: hint, signature }) => ({ hint, signature }));
      const parts = { v: 1, type: envelope.payloadType, body: envelope.body, signatures };
      expect(bytes).toEqual(new Uint8Array(encode(parts, rfc8949EncodeOptions)));
    }),
    { numRuns: 50 },
  );
});

it.each([
  ["the body", (bytes: Uint8Array) => bytes.findIndex((_, index) => textAt(bytes, index, "body")) + 4],
  [
    "the signatures",
    (bytes: Uint8Array) => bytes.findIndex((_, index) => textAt(bytes, index, "signatures")) + 10,
  ],
  ["a hint", (bytes: Uint8Array) => bytes.findIndex((_, index) => textAt(bytes, index, "hint")) + 4],
  ["a signature", (bytes: Uint8Array) => bytes.lastIndexOf(0x58)],
])("with a longer head than needed before %s is rejected", (_, headOf) => {
  const at = headOf(sealed);
  const first = sealed[at] ?? 0;
  const short = (first & 31) < 24 ? first & 31 : (sealed[at + 1] ?? 0);
  const rest = sealed.subarray(at + ((first & 31) < 24 ? 1 : 2));
  const longer = [
    [(first & 0xe0) | 25, 0, short],
    [(first & 0xe0) | 26, 0, 0, 0, short],
    ...((first & 31) < 24 ? [[(first & 0xe0) | 24, short]] : []),
  ];
  for (const head of longer) {
    const bytes = Uint8Array.from([...sealed.subarray(0, at), ...head, ...rest]);
    expect(reasonOf(openEnvelope(bytes))).toMatch(/notCanonical|malformed/);
  }
});

function textAt(bytes: Uint8Array, at: number, text: string): boolean {
  return equalBytes(bytes.subarray(at, at + text.length), utf8(text));
}
