import {
  directoryBucketCount,
  headStreamsMax,
  type PolicyHeads,
  policyIdsMax,
  summaryMembersMax,
} from "@antibody/core";
import { makeId, parseStreamName } from "@antibody/policy";
import { expect, test } from "vitest";
import { assembledBytesMax } from "../../../src/network/limits.ts";
import { encodeWire, type WireMessage } from "../../../src/network/wire/wire.ts";
import { decodeMessage } from "../../../src/network/wire/wireDecode.ts";

/** Another 32 bytes for each number. */
function digest(index: number): Uint8Array {
  const bytes = new Uint8Array(32).fill(0xff);
  new DataView(bytes.buffer).setUint32(0, index);
  return bytes;
}

/** The heads of a store that is as full as it gets, with the longest of everything. */
function fullHeads(): PolicyHeads {
  const ids = Array.from({ length: policyIdsMax }, (_, index) => makeId("frag", digest(index)));
  const stream = parseStreamName("s".repeat(63));
  if (stream === undefined) throw new Error("not a stream");
  const version = { epoch: Number.MAX_SAFE_INTEGER, generation: Number.MAX_SAFE_INTEGER };
  const streams = Array.from({ length: headStreamsMax }, (_, index) => {
    return {
      author: makeId("author", digest(index)),
      stream,
      version,
      manifest: makeId("frag", digest(index)),
    };
  });
  return { ids, streams };
}

test("what an honest agent with a full store sends is a message that its peers take", () => {
  const policy = fullHeads();
  const buckets = Array.from({ length: directoryBucketCount }, (_, index) => index);
  const members = Array.from({ length: summaryMembersMax }, (_, index) => {
    const incarnation = [1, 2 ** 31, 2 ** 31] as const;
    return { agent: makeId("agent", digest(index)), incarnation, dead: false };
  });
  const messages: readonly WireMessage[] = [
    { type: "digest", buckets: buckets.map(() => "00".repeat(8)), policy },
    { type: "summary", members, buckets, policy },
  ];
  for (const message of messages) {
    const bytes = encodeWire(message);
    expect(bytes.length).toBeLessThanOrEqual(assembledBytesMax);
    expect(decodeMessage(bytes)).toMatchObject({ type: "known", value: { type: message.type } });
  }
});
