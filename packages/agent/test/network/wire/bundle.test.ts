import { messageBytesMax } from "@antibody/core";
import { isRejection, verifyPolicy } from "@antibody/policy";
import { array, assert, property, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { bundleDocumentsMax } from "../../../src/network/limits.ts";
import { decodeBundle, encodeBundle, packDocuments } from "../../../src/network/wire/bundle.ts";
import { encodeMap } from "../../../src/network/wire/cbor.ts";
import { isBlameful } from "../../../src/network/wire/verifier.ts";
import { crypto } from "../swarm.ts";

const documents = array(uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 300 });

test("all documents are in the messages, in their order, within the bounds", () => {
  assert(
    property(documents, (wanted) => {
      const messages = packDocuments(wanted);
      for (const message of messages) expect(message.length).toBeLessThanOrEqual(messageBytesMax);
      expect(messages.flatMap((message) => decodeBundle(message) ?? [message])).toEqual(wanted);
    }),
    { numRuns: 50 },
  );
});

test("documents that fill a message leave the next one to others", () => {
  const half = new Uint8Array(messageBytesMax / 2);
  const whole = new Uint8Array(messageBytesMax);
  expect(packDocuments([half, half]).map((message) => message.length)).toEqual([half.length, half.length]);
  expect(packDocuments([half, whole, half])).toEqual([half, whole, half]);
  const most = new Uint8Array(messageBytesMax - half.length - 40);
  const [both = new Uint8Array(), ...others] = packDocuments([half, most]);
  expect([decodeBundle(both), others]).toEqual([[half, most], []]);
  expect(both.length).toBeLessThanOrEqual(messageBytesMax);
});

test("what is no bundle is none", () => {
  const one = Uint8Array.of(1);
  const tooMany = Array.from({ length: bundleDocumentsMax + 1 }, () => one);
  const wrong = [
    one,
    encodeMap({ documents: [one] }),
    encodeBundle([]),
    encodeBundle(tooMany),
    encodeMap({ documents: [one, "two"] }, 2),
  ];
  expect(wrong.map(decodeBundle)).toEqual(wrong.map(() => undefined));
});

test("a field that is not known is left out of a bundle", () => {
  const one = Uint8Array.of(1);
  expect(decodeBundle(encodeMap({ documents: [one], more: 1 }, 2))).toEqual([one]);
});

test("to an agent that knows single envelopes only, the largest bundle is of another version, and no offense", () => {
  const largest = encodeBundle(Array.from({ length: bundleDocumentsMax }, () => new Uint8Array(500)));
  const verdict = verifyPolicy(largest, { crypto, rootOf: () => undefined });
  if (!isRejection(verdict)) throw new Error("A bundle is no document");
  expect([verdict.reason, isBlameful(verdict)]).toEqual(["unknownType", false]);
});
