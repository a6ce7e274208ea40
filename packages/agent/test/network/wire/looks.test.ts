import type { Incarnation } from "@antibody/core";
import { toHex } from "@antibody/policy";
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeLook, readLook } from "../../../src/network/wire/looks.ts";
import { encodeWire } from "../../../src/network/wire/wire.ts";
import { decodeMessageSlowly } from "../../../src/network/wire/wireDecode.ts";

const short = fc.uint8Array({ minLength: 8, maxLength: 8 }).map(toHex);
const digests = fc.record({ members: short, policy: short });
/** Around every length that a count is told in, and beyond what is told the short way. */
const edges = [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 40];
const count = fc.oneof(fc.constantFrom(...edges), fc.nat());
const incarnation: fc.Arbitrary<Incarnation> = fc.tuple(count, count, count);
const look = fc.oneof(
  fc.record({ type: fc.constant("probe" as const), sequence: count, digests }),
  fc.record({ type: fc.constant("ack" as const), sequence: count, digests, incarnation }),
);

test("looks are told, and read, as the libraries do it", () => {
  let short = 0;
  fc.assert(
    fc.property(look, (sent) => {
      const slowly = encodeWire(sent);
      const told = encodeLook(sent);
      if (told !== undefined) expect([...told]).toEqual([...slowly]);
      const read = readLook(slowly);
      expect(read === undefined).toBe(told === undefined);
      if (read !== undefined)
        expect(decodeMessageSlowly(slowly)).toEqual({ type: "known", value: read, surplus: [] });
      short += read === undefined ? 0 : 1;
    }),
    { numRuns: 1_000 },
  );
  expect(short).toBeGreaterThan(100);
});

test("what is read the short way is what the libraries read, however the bytes were changed", () => {
  let read = 0;
  const change = fc.record({ at: fc.nat(), byte: fc.nat(255), how: fc.constantFrom("set", "cut", "add") });
  fc.assert(
    fc.property(look, change, (sent, { at, byte, how }) => {
      const bytes = [...encodeWire(sent)];
      bytes.splice(at % bytes.length, how === "add" ? 0 : 1, ...(how === "cut" ? [] : [byte]));
      const changed = Uint8Array.from(bytes);
      const value = readLook(changed);
      if (value === undefined) return;
      read += 1;
      expect(decodeMessageSlowly(changed)).toEqual({ type: "known", value, surplus: [] });
    }),
    { numRuns: 5_000 },
  );
  expect(read).toBeGreaterThan(100);
});

test("a probe that accuses, and digests that are none, go the long way", () => {
  const digests = { members: "00".repeat(8), policy: "ff".repeat(8) };
  const accusing = { type: "probe", sequence: 1, digests, accusation: { incarnation: [1, 2, 3] } } as const;
  expect(encodeLook(accusing)).toBeUndefined();
  expect(readLook(encodeWire(accusing))).toBeUndefined();
  for (const policy of ["", "FF".repeat(8), "ff".repeat(9)])
    expect(encodeLook({ type: "probe", sequence: 1, digests: { ...digests, policy } })).toBeUndefined();
  expect(readLook(new Uint8Array())).toBeUndefined();
});
