import fc from "fast-check";
import { encode } from "it-length-prefixed";
import { expect, test } from "vitest";
import { frameBytesMax } from "../../../src/network/limits.ts";
import { Frames, lengthPrefix, ProtocolBreach } from "../../../src/network/mail/frames.ts";

function* taken(frames: Frames): Generator<Uint8Array> {
  for (let frame = frames.next(); frame !== undefined; frame = frames.next()) yield frame;
}

test("frames come out as the library puts them in, wherever the stream is cut", () => {
  const frame = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(40), { maxLength: 30 }), (sent, cuts) => {
      const bytes = Buffer.concat(sent.map((each) => encode.single(each).subarray()));
      const frames = new Frames();
      const got: Uint8Array[] = [];
      let at = 0;
      for (const cut of [...cuts, bytes.length]) {
        frames.push(new Uint8Array(bytes.subarray(at, at + cut)));
        at += cut;
        got.push(...taken(frames));
      }
      expect(got.map((each) => [...each])).toEqual(sent.map((each) => [...each]));
      expect(frames.isEmpty).toBe(true);
    }),
  );
});

test("the largest frame passes, byte by byte too, and a larger one is a breach as soon as its length is there", () => {
  const frames = new Frames();
  const largest = encode.single(new Uint8Array(frameBytesMax)).subarray();
  for (let at = 0; at < largest.length; at += 7) frames.push(largest.slice(at, at + 7));
  expect(frames.next()).toHaveLength(frameBytesMax);
  frames.push(
    encode
      .single(new Uint8Array(frameBytesMax + 1))
      .subarray()
      .slice(0, 3),
  );
  expect(() => frames.next()).toThrow(ProtocolBreach);
});

test("a length that does not end is a breach, and what ends within a frame is seen", () => {
  const frames = new Frames();
  frames.push(Uint8Array.of(0x80, 0x80));
  expect(frames.next()).toBeUndefined();
  expect(frames.isEmpty).toBe(false);
  frames.push(Uint8Array.of(0x80, 0x80));
  expect(() => frames.next()).toThrow(ProtocolBreach);
});

test("a length is told as the library tells it", () => {
  for (const length of [0, 1, 127, 128, 16_383, 16_384, frameBytesMax])
    expect([...lengthPrefix(length), ...new Uint8Array(length)]).toEqual([
      ...encode.single(new Uint8Array(length)).subarray(),
    ]);
});
